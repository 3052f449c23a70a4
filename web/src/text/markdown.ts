/** A small part of Markdown, read into a tree that names every allowed thing: what isn't in the tree can't be shown. */
export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "strong" | "emphasis"; children: Inline[] }
  | { type: "link"; href: string; children: Inline[] };

export type Block =
  | { type: "heading"; level: number; children: Inline[] }
  | { type: "paragraph" | "quote"; children: Inline[] }
  | { type: "list"; ordered: boolean; items: Inline[][] }
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

const INLINE = /`([^`\n]{1,500})`|\*\*(?=\S)([^\n]{1,1000}?\S)\*\*|(?<![\p{L}\p{N}])_(?=\S)([^_\n]{1,1000})_(?![\p{L}\p{N}])|\*(?=\S)([^*\n]{1,1000})\*|\[([^\]\n]{1,500})\]\(([^)\s]{1,2000})\)/u;

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

const BULLET = /^\s{0,3}[-*+]\s+(.*)$/;
const NUMBER = /^\s{0,3}\d{1,9}[.)]\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const startsBlock = (line: string): boolean =>
  line.trim() === "" || line.startsWith("```") || [BULLET, NUMBER, HEADING, RULE, QUOTE].some((form) => form.test(line));

export function parseMarkdown(source: string): Block[] {
  const lines = source.slice(0, LONGEST).replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const [block, after] = readBlock(lines, at);
    if (block !== null) blocks.push(block);
    at = after;
  }
  return blocks;
}

function readBlock(lines: readonly string[], at: number): [Block | null, number] {
  const line = lines[at] ?? "";
  if (line.trim() === "") return [null, at + 1];
  if (line.startsWith("```")) return readCode(lines, at);
  const heading = HEADING.exec(line);
  if (heading !== null) return [{ type: "heading", level: heading[1]?.length ?? 1, children: parseInline(heading[2] ?? "") }, at + 1];
  if (RULE.test(line)) return [{ type: "rule" }, at + 1];
  if (QUOTE.test(line)) return readRun(lines, at, QUOTE, (texts) => ({ type: "quote", children: parseInline(texts.join(" ")) }));
  if (BULLET.test(line)) return readList(lines, at, BULLET, false);
  if (NUMBER.test(line)) return readList(lines, at, NUMBER, true);
  let end = at + 1;
  while (end < lines.length && !startsBlock(lines[end] ?? "")) end += 1;
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

/** An indented or plain line after an item goes on with it. */
function readList(lines: readonly string[], at: number, form: RegExp, ordered: boolean): [Block, number] {
  const items: string[] = [];
  let end = at;
  while (end < lines.length) {
    const line = lines[end] ?? "";
    const match = form.exec(line);
    if (match !== null) items.push(match[1] ?? "");
    else if (startsBlock(line)) break;
    else items.push(`${items.pop() ?? ""} ${line.trim()}`);
    end += 1;
  }
  return [{ type: "list", ordered, items: items.map((item) => parseInline(item)) }, end];
}
