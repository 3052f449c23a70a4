/** What the panel of comments says, in both languages; it comes with the panel, when that is opened. */
const EN = {
  title: "Comments", none: "Nobody has said anything about this task yet.", loading: "Fetching comments…", failed: "The comments can't be fetched at the moment.",
  write: "New comment", how: "@ names a member. Ctrl+Enter sends.", send: "Send", about: "About", off: "Not about this part", resolve: "Resolve", reopen: "Open again",
  edit: "Correct", remove: "Delete", sure: "Delete this comment?", save: "Save", cancel: "Cancel", edited: "corrected", flag: "flag", clear: "Clear the flag", resolved: "resolved", "resolved-by": "resolved by {name}", waiting: "kept in this browser until the server has it",
  refused: "The server refused this: {problem}", discard: "Discard", again: "Send again", older: "Older comments", people: "Members", whole: "the whole task", length: "{count} of {most} characters", "not-done": "That was not saved: {problem}", offline: "the server can't be reached", gone: "About a part that is not there any more", elsewhere: "About a part of somebody else's answer",
};
export type RemarkWord = keyof typeof EN;

const ZH: Readonly<Record<RemarkWord, string>> = {
  title: "评论", none: "还没有人评论此任务。", loading: "正在获取评论…", failed: "暂时无法获取评论。",
  write: "新评论", how: "输入 @ 可提及成员，按 Ctrl+Enter 发送。", send: "发送", about: "关于", off: "不针对此部分", resolve: "标为已解决", reopen: "重新打开",
  edit: "修改", remove: "删除", sure: "删除这条评论？", save: "保存", cancel: "取消", edited: "已修改", flag: "标记", clear: "取消标记", resolved: "已解决", "resolved-by": "{name} 已标为解决", waiting: "保存在此浏览器中，等待服务器接收",
  refused: "服务器拒绝了这条评论：{problem}", discard: "丢弃", again: "重新发送", older: "更早的评论", people: "成员", whole: "整个任务", length: "{count} / {most} 个字符", "not-done": "未能保存：{problem}", offline: "无法连接服务器", gone: "所指的标注已不存在", elsewhere: "针对他人答案中的标注",
};

export type Say = (word: RemarkWord, params?: Readonly<Record<string, string | number>>) => string;

export function remarkWords(language: string): Say {
  const words = language.toLowerCase().startsWith("zh") ? ZH : EN;
  return (word, params = {}) => words[word].replace(/\{(\w+)\}/g, (gap, name: string) => String(params[name] ?? gap));
}
