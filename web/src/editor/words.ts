/** What the editor says, in both languages. */
const EN = {
  template: "Start from a template", undo: "Undo the last template or removal", shown: "What people see", asked: "What they are asked", preview: "Preview", add: "Add a question", json: "As JSON",
  "preview.hint": "This is the labeling page with items of your version. Try it: nothing is saved.", "preview.wait": "The preview appears when the questions are complete.",
  field: "Column", as: "Shown as", "as.hidden": "not shown", "as.text": "text", "as.markdown": "Markdown", "as.value": "one line", "as.a": "answer A of a pair", "as.b": "answer B of a pair", "as.image": "picture",
  "type.choice": "Choice of labels", "type.taxonomy": "Taxonomy", "type.spans": "Marked spans", "type.relations": "Relations between spans", "type.text": "Free text", "type.rating": "Rating", "type.preference": "Which answer is better", "type.form": "Form of columns", "type.shapes": "Shapes on a picture",
  title: "Question", "title.help": "May stay empty.", labels: "Labels", "labels.help": "One on each line; a key of your own in brackets: Spam [s]", "labels.tree": "Two blanks at the start of a line put it below the one above.",
  required: "must be answered", multiple: "several labels", leaves: "only the lowest labels", snap: "select whole words", overlap: "Overlap", "overlap.allow": "spans may overlap", "overlap.nest": "only inside one another", "overlap.none": "no overlap",
  directed: "has a direction", ties: "Ties the spans of", marks: "Marks the text of", least: "Fewest characters", most: "Most characters", from: "Starts with the text of", "from.none": "nothing", steps: "Steps", low: "1 means", high: "The highest means", sides: "both answers of the pair",
  tie: "may be equally good", neither: "may both be bad", columns: "Columns", kind: "Kind", "kind.none": "not asked", "kind.text": "text", "kind.integer": "whole number", "kind.number": "number", "kind.boolean": "yes or no", "kind.date": "date", "kind.choice": "choice", options: "Options, separated by commas", locked: "only shown", "column.title": "Title", "column.least": "Smallest", "column.most": "Largest", "column.required": "must be filled in",
  tools: "Tools", "tool.box": "box", "tool.rotated_box": "rotated box", "tool.polygon": "polygon", "tool.point": "key point", attributes: "Asked of each shape", "attributes.help": "One on each line: Cut off: yes, no. A star at the end makes it a must.",
  up: "Move up", down: "Move down", remove: "Remove", "json.bad": "This is not valid JSON.", "json.only": "This schema has something that the form can't show. Edit it as JSON.", name: "Name in the data",
  "trouble.labels-2": "Write at least two labels, one on each line.", "trouble.labels-1": "Write at least one label.", "trouble.twice": "“{name}” stands there twice.", "trouble.key": "Two labels have the key “{name}”.", "trouble.long": "“{name}…” is longer than 200 characters.",
  "trouble.shown": "Choose at least one column to show.", "trouble.half": "A pair needs one column as answer A and one as answer B.", "trouble.asked": "Add at least one question.",
  "trouble.text": "Show a column as text: its words are what is marked.", "trouble.picture": "Show the column of the pictures as picture.", "trouble.spans": "Relations tie marked spans: a question for these must stand above.", "trouble.pair": "This compares two answers: show one column as answer A and one as answer B.",
  "trouble.columns": "Choose a kind for at least one column.", "trouble.options": "“{name}” needs at least one option.", "trouble.limits": "The smallest of “{name}” lies above its largest.", "trouble.lengths": "The fewest characters are more than the most.", "trouble.tools": "Choose at least one tool.",
};
export type Word = keyof typeof EN;

const ZH: Readonly<Record<Word, string>> = {
  template: "从模板开始", undo: "撤销上次套用模板或删除", shown: "标注员看到的内容", asked: "要回答的问题", preview: "预览", add: "添加问题", json: "JSON 格式",
  "preview.hint": "这是使用您的版本数据的标注页面，可以试用，不会保存任何内容。", "preview.wait": "问题填写完整后显示预览。",
  field: "列", as: "显示方式", "as.hidden": "不显示", "as.text": "文本", "as.markdown": "Markdown", "as.value": "单行", "as.a": "成对回答的 A", "as.b": "成对回答的 B", "as.image": "图片",
  "type.choice": "选择标签", "type.taxonomy": "分类体系", "type.spans": "标注片段", "type.relations": "片段之间的关系", "type.text": "自由文本", "type.rating": "评分", "type.preference": "哪个回答更好", "type.form": "按列填写的表单", "type.shapes": "图片上的图形",
  title: "问题", "title.help": "可以留空。", labels: "标签", "labels.help": "每行一个；自定义按键写在方括号里：垃圾短信 [s]", "labels.tree": "行首两个空格表示归在上一行之下。",
  required: "必须回答", multiple: "可选多个标签", leaves: "只能选最底层标签", snap: "按整词选择", overlap: "重叠", "overlap.allow": "片段可以重叠", "overlap.nest": "只能互相包含", "overlap.none": "不可重叠",
  directed: "有方向", ties: "连接哪个问题的片段", marks: "标注哪一列的文本", least: "最少字符数", most: "最多字符数", from: "初始文本来自", "from.none": "无", steps: "级数", low: "1 表示", high: "最高分表示", sides: "成对回答分别评分",
  tie: "允许一样好", neither: "允许都不好", columns: "列", kind: "类型", "kind.none": "不提问", "kind.text": "文本", "kind.integer": "整数", "kind.number": "数字", "kind.boolean": "是或否", "kind.date": "日期", "kind.choice": "选项", options: "选项，用逗号分隔", locked: "仅显示", "column.title": "标题", "column.least": "最小值", "column.most": "最大值", "column.required": "必填",
  tools: "工具", "tool.box": "矩形框", "tool.rotated_box": "旋转框", "tool.polygon": "多边形", "tool.point": "关键点", attributes: "每个图形的属性", "attributes.help": "每行一个：是否截断：是，否。行尾加星号表示必填。",
  up: "上移", down: "下移", remove: "删除", "json.bad": "这不是有效的 JSON。", "json.only": "此方案包含表单无法显示的内容，请以 JSON 格式编辑。", name: "数据中的名称",
  "trouble.labels-2": "请至少填写两个标签，每行一个。", "trouble.labels-1": "请至少填写一个标签。", "trouble.twice": "“{name}”重复出现。", "trouble.key": "有两个标签使用快捷键“{name}”。", "trouble.long": "“{name}…”超过 200 个字符。",
  "trouble.shown": "请至少选择一列来显示。", "trouble.half": "成对回答需要一列作为 A、一列作为 B。", "trouble.asked": "请至少添加一个问题。",
  "trouble.text": "请将一列显示为“文本”，片段将在其中标注。", "trouble.picture": "请将图片所在的列显示为“图片”。", "trouble.spans": "关系连接标注片段：上方须有一个“标注片段”问题。", "trouble.pair": "此问题比较两个回答：请将一列显示为 A，另一列显示为 B。",
  "trouble.columns": "请至少为一列选择类型。", "trouble.options": "“{name}”至少需要一个选项。", "trouble.limits": "“{name}”的最小值大于最大值。", "trouble.lengths": "最少字符数大于最多字符数。", "trouble.tools": "请至少选择一个工具。",
};

export type Say = (word: Word, params?: Readonly<Record<string, string | number>>) => string;

export function wordsIn(language: string): Say {
  const words = language.toLowerCase().startsWith("zh") ? ZH : EN;
  return (word, params = {}) => words[word].replace(/\{(\w+)\}/g, (gap, name: string) => String(params[name] ?? gap));
}
