/** A small part of Markdown, read into a tree that names every allowed thing: what isn't in the tree can't be shown. */
export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "strong" | "emphasis"; children: Inline[] }
  | { type: "link"; href: string; children: Inline[] }
  /** What lies inside an item of a list: a further list, code, more paragraphs. */
  | { type: "nested"; blocks: Block[] };

export type Align = "left" | "center" | "right" | null;

export type Block =
  | { type: "heading"; level: number; children: Inline[] }
  | { type: "paragraph" | "quote"; children: Inline[] }
  | { type: "list"; ordered: boolean; first: number; items: Inline[][] }
  | { type: "table"; align: Align[]; head: Inline[][]; rows: Inline[][][] }
  | { type: "code"; text: string }
  | { type: "rule" };

/** Longer guidelines are cut: nobody reads them beside a task, and inline parsing of hostile text stays bounded. */
const LONGEST = 100_000;
const DEEPEST = 6;

/** Only links that leave for the web or a mail program; `javascript:` and `data:` have no way in. */
export function safeHref(href: string): string | null {
  const trimmed = href.trim();
  if (/^(?:https?:\/\/|mailto:)/i.test(trimmed)) return trimmed;
  return /^\/(?![/\\])|^#/.test(trimmed) ? trimmed : null;
}

const INLINE = /`([^`\n]{1,500})`|\*\*(?=\S)([^\n]{1,1000}?)(?<=\S)\*\*|(?<![\p{L}\p{N}])_(?=\S)([^_\n]{1,1000})_(?![\p{L}\p{N}])|\*(?=\S)([^*\n]{1,1000})\*|\[([^\]\n]{1,500})\]\(([^)\s]{1,2000})\)/u;

export function parseInline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let rest = text;
  while (rest !== "") {
    const match = depth < DEEPEST ? INLINE.exec(rest) : null;
    if (match === null) break;
    if (match.index > 0) found.push({ type: "text", text: rest.slice(0, match.index) });
    found.push(inlineOf(match, depth));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== "") found.push({ type: "text", text: rest });
  return found;
}

function inlineOf(match: RegExpExecArray, depth: number): Inline {
  const [whole, code, strong, under, star, label, target] = match;
  if (code !== undefined) return { type: "code", text: code };
  if (strong !== undefined) return { type: "strong", children: parseInline(strong, depth + 1) };
  const emphasis = under ?? star;
  if (emphasis !== undefined) return { type: "emphasis", children: parseInline(emphasis, depth + 1) };
  const href = safeHref(target ?? "");
  if (href === null || label === undefined) return { type: "text", text: whole };
  return { type: "link", href, children: parseInline(label, depth + 1) };
}

const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const startsBlock = (line: string): boolean => line.trim() === "" || line.startsWith("```") || [HEADING, RULE, QUOTE].some((form) => form.test(line));
const indentOf = (line: string): number => line.length - line.trimStart().length;

export function parseMarkdown(source: string): Block[] {
  return blocksOf(source.slice(0, LONGEST).replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

function blocksOf(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const [block, after] = readBlock(lines, at, depth);
    if (block !== null) blocks.push(block);
    at = after;
  }
  return blocks;
}

function readBlock(lines: readonly string[], at: number, depth: number): [Block | null, number] {
  const line = lines[at] ?? "";
  if (line.trim() === "") return [null, at + 1];
  if (line.startsWith("```")) return readCode(lines, at);
  const heading = HEADING.exec(line);
  if (heading !== null) return [{ type: "heading", level: heading[1]?.length ?? 1, children: parseInline(heading[2] ?? "") }, at + 1];
  if (RULE.test(line)) return [{ type: "rule" }, at + 1];
  if (QUOTE.test(line)) return readRun(lines, at, QUOTE, (texts) => ({ type: "quote", children: parseInline(texts.join(" ")) }));
  if (isTable(lines, at)) return readTable(lines, at);
  if (depth < DEEPEST && ITEM.test(line)) return readList(lines, at, depth);
  let end = at + 1;
  while (end < lines.length && !startsBlock(lines[end] ?? "") && !ITEM.test(lines[end] ?? "") && !isTable(lines, end)) end += 1;
  return [{ type: "paragraph", children: parseInline(lines.slice(at, end).map((each) => each.trim()).join(" ")) }, end];
}

function readCode(lines: readonly string[], at: number): [Block, number] {
  let end = at + 1;
  while (end < lines.length && !(lines[end] ?? "").startsWith("```")) end += 1;
  return [{ type: "code", text: lines.slice(at + 1, end).join("\n") }, end + 1];
}

function readRun(lines: readonly string[], at: number, form: RegExp, make: (texts: string[]) => Block): [Block, number] {
  const texts: string[] = [];
  let end = at;
  for (let match = form.exec(lines[end] ?? ""); end < lines.length && match !== null; match = form.exec(lines[end] ?? "")) {
    texts.push(match[1] ?? "");
    end += 1;
  }
  return [make(texts), end];
}

interface Item { text: string; inner: string[] }

/** How far a line must stand in to lie inside an item: less than a parser of CommonMark asks, as people write it. */
const INNER = 2;

/** A list goes on over blank lines when another item, or something that stands further in, follows. */
function readList(lines: readonly string[], at: number, depth: number): [Block, number] {
  const start = ITEM.exec(lines[at] ?? "");
  const [own, number] = [start?.[1]?.length ?? 0, start?.[2]];
  const items: Item[] = [];
  let end = at;
  let gap = 0;
  while (end < lines.length) {
    const line = lines[end] ?? "";
    const item = items.at(-1);
    const match = ITEM.exec(line);
    if (line.trim() === "") gap += 1;
    else if (item !== undefined && indentOf(line) >= own + INNER && (gap > 0 || match !== null || item.inner.length > 0 || startsBlock(line.trim()))) {
      item.inner.push(...Array.from({ length: item.inner.length > 0 ? gap : 0 }, () => ""), line);
      gap = 0;
    } else if (match !== null && indentOf(line) >= own && (match[2] === undefined) === (number === undefined)) {
      items.push({ text: match[3] ?? "", inner: [] });
      gap = 0;
    } else if (item === undefined || gap > 0 || match !== null || startsBlock(line)) break;
    // An indented or plain line right after an item goes on with it.
    else if (item.inner.length > 0) item.inner.push(line);
    else item.text += ` ${line.trim()}`;
    end += 1;
  }
  return [{ type: "list", ordered: number !== undefined, first: number === undefined ? 1 : Number(number), items: items.map((item) => itemOf(item, depth)) }, end - gap];
}

function itemOf({ text, inner }: Item, depth: number): Inline[] {
  const said = parseInline(text);
  if (inner.length === 0) return said;
  const least = inner.reduce((found, line) => (line.trim() === "" ? found : Math.min(found, indentOf(line))), Infinity);
  return [...said, { type: "nested", blocks: blocksOf(inner.map((line) => line.slice(Math.min(least, indentOf(line)))), depth + 1) }];
}

const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
/** Beyond that nobody reads a table beside a task. */
const MOST_COLUMNS = 50;

/** The texts between the bars of a line; a bar behind a backslash is one of the text. */
function cellsOf(line: string): string[] {
  const cells = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/);
  return cells.slice(0, MOST_COLUMNS).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function isTable(lines: readonly string[], at: number): boolean {
  const [head, divider] = [lines[at] ?? "", lines[at + 1] ?? ""];
  return head.includes("|") && divider.includes("|") && DIVIDER.test(divider) && cellsOf(head).length === cellsOf(divider).length;
}

const alignOf = (cell: string): Align => (/^:-+:$/.test(cell) ? "center" : cell.endsWith(":") ? "right" : cell.startsWith(":") ? "left" : null);

function readTable(lines: readonly string[], at: number): [Block, number] {
  const align = cellsOf(lines[at + 1] ?? "").map(alignOf);
  const rowOf = (line: string): Inline[][] => { const cells = cellsOf(line); return align.map((_align, i) => parseInline(cells[i] ?? "")); };
  let end = at + 2;
  while (end < lines.length && !startsBlock(lines[end] ?? "") && (lines[end] ?? "").includes("|")) end += 1;
  return [{ type: "table", align, head: rowOf(lines[at] ?? ""), rows: lines.slice(at + 2, end).map(rowOf) }, end];
}
