/** What training and test say, in both languages; it comes with their panel. */
const EN = {
  "hello-training-1": "One training task comes first. After your answer you read at once whether it was right, and why. It doesn't count.",
  "hello-test-1": "Then comes a test of one task, which must be right.", "test-body-1": "One task, which must be right. You read how it went after it.",
  "hello": "Before the real tasks", "hello-training": "{total} training tasks come first. After each answer you read at once whether it was right, and why. Nothing of it counts.",
  "hello-test": "Then comes a test of {total} tasks. {needed} of them must be right.", "hello-start": "Begin the training",
  "test": "Now the test", "trained": "In training you were right at once in {right} of {done}.", "test-body": "{total} tasks; {needed} of them must be right. You read how it went at the end.", "test-attempt": "Attempt {attempt} of {attempts}.", "test-start": "Begin the test",
  "sending": "Sending your answer…", "sending-hint": "It is kept in this browser until the server has it.",
  "right": "Right", "wrong": "Not right", "open": "This one can't be compared any more", "open-body": "The questions were changed since. It counts neither for nor against you.",
  "yours": "Your answer", "theirs": "The right answer", "both": "Your answer, which is right", "why": "Why", "nothing": "nothing", "on": "Go on", "again": "Try again",
  "passed": "You passed", "share": "{right} of {answers} were right ({percent}); {least} was needed.", "passed-body": "The real tasks come now.", "in": "Training done", "in-body": "The real tasks come now.", "start": "Start working",
  "failed": "Not passed this time", "attempts": "You can take the test again. Attempts left: {count}.", "retry": "Take the test again", "over": "You have no attempt left. Whoever manages the project can give you another one, or let you pass.",
  "unready": "The test isn't ready yet", "unready-body": "Nothing is marked for the test of this project. Tell whoever manages it, and look again.", "look": "Look again",
  "missed": "What was not right", "mistakes-none": "Everything was right.", "exit": "Back to the project",
};
export type OnboardingWord = keyof typeof EN;

const ZH: Readonly<Record<OnboardingWord, string>> = {
  "hello-training-1": "先做 1 道训练题。作答后会立即告诉您是否正确以及原因，训练结果不计入成绩。",
  "hello-test-1": "随后是一次测试，共 1 题，必须答对。", "test-body-1": "共 1 题，必须答对。答完后显示结果。",
  "hello": "开始正式任务之前", "hello-training": "先做 {total} 道训练题。每次作答后会立即告诉您是否正确以及原因，训练结果不计入成绩。",
  "hello-test": "随后是一次测试，共 {total} 题，须答对 {needed} 题。", "hello-start": "开始训练",
  "test": "接下来是测试", "trained": "训练中一次答对 {right} / {done} 题。", "test-body": "共 {total} 题，须答对 {needed} 题。全部答完后才显示结果。", "test-attempt": "第 {attempt} 次，共 {attempts} 次机会。", "test-start": "开始测试",
  "sending": "正在发送您的答案…", "sending-hint": "在服务器收到之前，答案会保存在此浏览器中。",
  "right": "正确", "wrong": "不正确", "open": "此题已无法比较", "open-body": "题目此后有改动，此题不计入成绩。",
  "yours": "您的答案", "theirs": "正确答案", "both": "您的答案（正确）", "why": "原因", "nothing": "无", "on": "继续", "again": "再试一次",
  "passed": "您已通过", "share": "答对 {right} / {answers} 题（{percent}），要求 {least}。", "passed-body": "接下来是正式任务。", "in": "训练已完成", "in-body": "接下来是正式任务。", "start": "开始工作",
  "failed": "本次未通过", "attempts": "您还可以再测试 {count} 次。", "retry": "重新测试", "over": "您的测试机会已用完。项目管理者可以再给您一次机会，或直接让您通过。",
  "unready": "测试尚未准备好", "unready-body": "此项目还没有标记测试题。请告知项目管理者，稍后再来查看。", "look": "重新查看",
  "missed": "答错的题目", "mistakes-none": "全部答对。", "exit": "返回项目",
};

export type SayOnboarding = (word: OnboardingWord, params?: Readonly<Record<string, string | number>>) => string;

export function onboardingWords(language: string): SayOnboarding {
  const words = language.toLowerCase().startsWith("zh") ? ZH : EN;
  return (word, params = {}) => words[word].replace(/\{(\w+)\}/g, (gap, name: string) => String(params[name] ?? gap));
}
