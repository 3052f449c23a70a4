/** What the page knows of comments: those on their way, and how many are open on a task. */
import { plainText } from "../text/plain";
import type { Member, RemarkSubmission } from "../wire-remarks";
import { focusOf, type Part } from "./focus";
import type { State } from "./state";
import { shown } from "./view";

/** Which part of whose answer a comment points at; null for an answer of somebody who is gone. */
export interface Pointer { control: string; part: string; answerOf: number | null; resolved: boolean }

/** A comment that the server does not have yet; `problem` says why it refused it. */
export interface UnsentRemark { key: string; submission: RemarkSubmission; problem: string | null }

/** The server takes at most this many characters. */
export const REMARK_LENGTH = 2000;

export function cleanRemark(body: string): string {
  return plainText(body, REMARK_LENGTH);
}

/** How many comments on the task at hand are open, those on their way included. */
export function openRemarks(state: State): number {
  const item = shown(state)?.item;
  if (item === undefined) return 0;
  const waiting = state.unsent.filter((each) => each.submission.task === item.id).length;
  return (state.remarkCounts[item.id] ?? item.comments) + waiting;
}

/** The part at hand, which a new comment points at. */
export function partAtHand(state: State): Part | null {
  return focusOf(state).part;
}

/** Whose answer is on the screen. */
export function answererOf(state: State): number | null {
  const view = shown(state);
  return (view?.kind === "past" ? view.past.by?.id : undefined) ?? state.me?.id ?? null;
}

export const partKey = (part: Part): string => `${part.control}/${part.id}`;

/** All comments on parts of the answer on the screen, those on their way included. */
function pointersOf(state: State): Pointer[] {
  const item = shown(state)?.item;
  if (item === undefined) return [];
  const answerer = answererOf(state);
  const waiting = state.unsent.filter(({ submission }) => submission.task === item.id)
    .map(({ submission }) => ({ control: submission.control, part: submission.part, answerOf: submission.answer_of ?? state.me?.id ?? null, resolved: false }));
  return [...(state.remarkPointers[item.id] ?? []), ...waiting].filter((each) => each.part !== "" && each.answerOf === answerer);
}

/** The counts of last time, with what they were made of: they stay the same map while no comment comes or goes. */
let last: { of: readonly unknown[]; counts: ReadonlyMap<string, number> } = { of: [], counts: new Map() };

/** How many open comments each part has, by `partKey`. */
export function remarksOnParts(state: State): ReadonlyMap<string, number> {
  const item = shown(state)?.item.id ?? null;
  const of = [item, item === null ? null : state.remarkPointers[item], state.unsent, answererOf(state), state.me];
  if (of.some((each, i) => each !== last.of[i])) last = { of, counts: counted(state) };
  return last.counts;
}

function counted(state: State): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { control, part, resolved } of pointersOf(state)) {
    const key = partKey({ control, id: part });
    if (!resolved) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Ids that a new part must not get: a comment on one that was removed would point at the new one. */
export function spokenOf(state: State, control: string): string[] {
  return pointersOf(state).filter((each) => each.control === control).map((each) => each.part);
}

const MENTION = /@\[(\d{1,18})\]/g;

export interface Piece { text: string; name: boolean }

/** A comment's text cut at the members that it names. */
export function piecesOf(body: string, members: readonly Member[]): Piece[] {
  const names = new Map(members.map((member) => [String(member.id), member.name]));
  const found: Piece[] = [];
  let end = 0;
  for (const match of body.matchAll(MENTION)) {
    const name = names.get(match[1] ?? "");
    if (name === undefined) continue;
    found.push({ text: body.slice(end, match.index), name: false }, { text: `@${name}`, name: true });
    end = match.index + match[0].length;
  }
  return [...found, { text: body.slice(end), name: false }].filter((piece) => piece.text !== "");
}

/** The letters after the @ in front of the cursor, or null when no name is being written. */
export function nameBeingWritten(text: string, cursor: number): string | null {
  return /(?:^|[\s(,，。、；：（])@([^\s@[\]]{0,40})$/u.exec(text.slice(0, cursor))?.[1] ?? null;
}

/** Puts a member in the place of the letters; they are shown by name while one writes. */
export function withName(text: string, cursor: number, member: Member): { text: string; cursor: number } {
  const letters = nameBeingWritten(text, cursor);
  if (letters === null) return { text, cursor };
  const before = `${text.slice(0, cursor - letters.length)}${member.name} `;
  return { text: before + text.slice(cursor), cursor: before.length };
}

/** The text as it is sent: each chosen member that still stands in it by name becomes `@[id]`; longer names go first. */
export function toTokens(text: string, chosen: readonly Member[]): string {
  const byLength = [...chosen].sort((left, right) => right.name.length - left.name.length);
  return byLength.reduce((said, member) => said.replaceAll(`@${member.name}`, `@[${member.id}]`), text);
}

/** The way back, for correcting a comment. */
export function fromTokens(body: string, members: readonly Member[]): string {
  return piecesOf(body, members).map((piece) => piece.text).join("");
}
