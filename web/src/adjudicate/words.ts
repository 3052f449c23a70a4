/** What the page of disagreements says, in both languages. */
const EN = {
  loading: "Loading…", empty: "Nothing here", "empty.open": "People agree on everything that was compared, or all of it is decided.", "empty.more": "Nothing found so far", more: "Look further",
  end: "That was the last one", "end.body": "All tasks of this list are decided or left. Go back to look again.", back: "Back to the first",
  item: "Item {item}", place: "{at} of {count}", "place.more": "{at} of {count} and more", sure: "Model sure at {percent}", agree: "{percent} agree",
  person: "Person {letter}", right: "right at {percent} of {count}", "right.title": "By the consensus of everybody, as agreement was measured last", same: "same as {number}", skipped: "Skipped", nothing: "Nothing marked", "no-answer": "not answered",
  take: "Take", edit: "Edit a copy", leave: "Leave undecided", undo: "Undo", next: "Next", previous: "Previous", names: "Show names",
  "leave.why": "Why can't this be decided?", "leave.save": "Leave it", cancel: "Cancel", why: "Reason (optional)",
  final: "Final answer", "final.left": "Left undecided", "final.by": "by {name}", "final.edited": "edited", saving: "Saving…", saved: "Final answer saved", left: "Left undecided", undone: "Undone", "undo.none": "There is nothing to undo.",
  failed: "This was not saved: {problem}", offline: "The server does not answer. Try again.", keys: "Keys", "keys.take": "takes that answer", "keys.choose": "choose an answer", "keys.enter": "takes the chosen one", "keys.edit": "edits a copy of the chosen one",
  "keys.leave": "leaves it undecided", "keys.undo": "takes the last decision back", "keys.move": "next and previous", "keys.names": "shows or hides names",
  editing: "Edit a copy", "edit.how": "Change it and submit: it becomes the final answer. Esc goes back.", all: "All answers on the picture", shown: "Show the shapes of {name}", differs: "differs", changed: "Somebody decided this meanwhile. This is how it stands now.",
  broken: "This picture can't be shown.", "read-only": "You can look at the answers here; people who review decide.",
};
export type Word = keyof typeof EN;

const ZH: Readonly<Record<Word, string>> = {
  loading: "正在加载…", empty: "没有内容", "empty.open": "比较过的答案全部一致，或者都已裁决。", "empty.more": "目前没有找到", more: "继续查找",
  end: "已经是最后一个", "end.body": "此列表中的任务均已裁决或搁置。可以返回重新查看。", back: "回到第一个",
  item: "条目 {item}", place: "第 {at} 个，共 {count} 个", "place.more": "第 {at} 个，至少 {count} 个", sure: "模型把握 {percent}", agree: "一致 {percent}",
  person: "标注员 {letter}", right: "{count} 个答案中 {percent} 正确", "right.title": "依据最近一次一致性测量得出的共识", same: "与 {number} 相同", skipped: "已跳过", nothing: "未标注任何内容", "no-answer": "未回答",
  take: "采用", edit: "复制并修改", leave: "暂不裁决", undo: "撤销", next: "下一个", previous: "上一个", names: "显示姓名",
  "leave.why": "为什么无法裁决？", "leave.save": "暂不裁决", cancel: "取消", why: "理由（可选）",
  final: "最终答案", "final.left": "暂不裁决", "final.by": "裁决人：{name}", "final.edited": "有修改", saving: "正在保存…", saved: "最终答案已保存", left: "已标为暂不裁决", undone: "已撤销", "undo.none": "没有可以撤销的操作。",
  failed: "未能保存：{problem}", offline: "服务器没有响应，请重试。", keys: "按键", "keys.take": "采用对应的答案", "keys.choose": "选中答案", "keys.enter": "采用选中的答案", "keys.edit": "复制并修改选中的答案",
  "keys.leave": "暂不裁决", "keys.undo": "撤销上一次裁决", "keys.move": "下一个 / 上一个", "keys.names": "显示或隐藏姓名",
  editing: "复制并修改", "edit.how": "修改后提交，即成为最终答案。按 Esc 返回。", all: "图片上的全部答案", shown: "显示{name}的图形", differs: "有分歧", changed: "其他人刚刚裁决了此任务，当前显示最新结果。",
  broken: "无法显示此图片。", "read-only": "您可以在此查看答案；由有审核权限的人裁决。",
};

export type Say = (word: Word, params?: Readonly<Record<string, string | number>>) => string;

export function wordsIn(language: string): Say {
  const words = language.toLowerCase().startsWith("zh") ? ZH : EN;
  return (word, params = {}) => words[word].replace(/\{(\w+)\}/g, (gap, name: string) => String(params[name] ?? gap));
}

/** Rounded down, so that 99.6 % never reads as certain. */
export const percent = (share: number): string => `${Math.floor(share * 100 + 1e-6)} %`;
