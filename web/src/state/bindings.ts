/** Which key does what: the schema's keys, the defaults, and the person's own ones. */
import type { Schema } from "../wire";
import type { Action } from "./actions/action";
import { actionsFor } from "./actions/table";
import { rulesOf } from "./controls";

export type Target = { type: "action"; name: string } | { type: "label"; control: string; value: string };
export interface Binding { id: string; target: Target; keys: readonly string[] }
export interface Bindings { rows: readonly Binding[]; find(name: string): Target | null; all(name: string): readonly Target[]; keysOf(id: string): readonly string[] }

export const actionId = (name: string): string => `action:${name}`;
export const labelId = (control: string, value: string): string => `label:${control}/${value}`;

const SIGNS = "123456789abcdefghijklmnopqrstuvwxyz";

interface LabelRow { id: string; control: string; value: string; wanted: string | null }

function labelRows(schema: Schema): LabelRow[] {
  return schema.controls.flatMap((control) =>
    (rulesOf(control)?.choices(control) ?? []).map((label) => ({
      id: labelId(control.name, label.value), control: control.name, value: label.value,
      wanted: label.hotkey === null || label.hotkey.length !== 1 ? null : label.hotkey.toLowerCase(),
    })));
}

/** First come the person's keys, then the schema's; digits and free letters go to labels without one; an action whose key is taken moves to Shift. */
export function resolveBindings(schema: Schema, own: Readonly<Record<string, string>>, reviewing = false): Bindings {
  const labels = labelRows(schema);
  const actions = actionsFor(schema, reviewing);
  /** Keys that are given; true where an action of the page has it, which may share it. */
  const taken = new Map<string, boolean>();
  const given = new Map<string, string[]>();
  const take = (id: string, key: string): boolean => {
    if (taken.has(key) || given.has(id)) return false;
    taken.set(key, false);
    given.set(id, [key]);
    return true;
  };
  const ids = new Set([...labels.map((label) => label.id), ...actions.map((action) => actionId(action.name))]);
  for (const [id, key] of Object.entries(own)) if (ids.has(id)) take(id, key);
  for (const label of labels) if (label.wanted !== null) take(label.id, label.wanted);
  for (const action of actions) giveAction(action, given, taken);
  const free = [...SIGNS].filter((sign) => !taken.has(sign));
  const left = sharesOf(labels.filter((label) => !given.has(label.id)).map((label) => label.control), free.length);
  for (const label of labels) {
    const share = left.get(label.control) ?? 0;
    const sign = given.has(label.id) || share === 0 ? undefined : free.shift();
    if (sign === undefined) continue;
    left.set(label.control, share - 1);
    take(label.id, sign);
  }
  return collect(labels, actions, given);
}

/** How many signs each question gets: all that it needs, or an even part, so that a long one leaves some for the others. */
function sharesOf(controls: readonly string[], signs: number): Map<string, number> {
  const needs = new Map<string, number>();
  for (const control of controls) needs.set(control, (needs.get(control) ?? 0) + 1);
  const shares = new Map<string, number>();
  let rest = signs;
  for (const [i, [control, need]] of [...needs].sort((left, right) => left[1] - right[1]).entries()) {
    const share = Math.min(need, Math.floor(rest / (needs.size - i)));
    shares.set(control, share);
    rest -= share;
  }
  return shares;
}

function giveAction(action: Action, given: Map<string, string[]>, taken: Map<string, boolean>): void {
  const id = actionId(action.name);
  if (given.has(id)) return;
  const isFree = (key: string): boolean => !taken.has(key) || (action.shares === true && taken.get(key) === true);
  const open = action.keys.map((key) => (!isFree(key) && /^\p{L}$/u.test(key) ? `Shift+${key}` : key)).filter(isFree);
  for (const key of open) taken.set(key, true);
  given.set(id, open);
}

function collect(labels: readonly LabelRow[], actions: readonly Action[], given: ReadonlyMap<string, string[]>): Bindings {
  const rows: Binding[] = [
    ...labels.map((row): Binding => ({ id: row.id, target: { type: "label", control: row.control, value: row.value }, keys: given.get(row.id) ?? [] })),
    ...actions.map((action): Binding => ({ id: actionId(action.name), target: { type: "action", name: action.name }, keys: given.get(actionId(action.name)) ?? [] })),
  ];
  const sharing = new Set(actions.filter((action) => action.shares === true).map((action) => actionId(action.name)));
  const byKey = new Map<string, Target[]>();
  for (const row of [...rows].sort((left, right) => Number(sharing.has(right.id)) - Number(sharing.has(left.id)))) {
    for (const key of row.keys) byKey.set(key, [...(byKey.get(key) ?? []), row.target]);
  }
  const byId = new Map(rows.map((row) => [row.id, row.keys]));
  return { rows, find: (name) => byKey.get(name)?.[0] ?? null, all: (name) => byKey.get(name) ?? [], keysOf: (id) => byId.get(id) ?? [] };
}

/** The row that holds a key already, or null when the key is free for `id`. */
export function holderOf(bindings: Bindings, key: string, id: string): Binding | null {
  return bindings.rows.find((row) => row.id !== id && row.keys.includes(key)) ?? null;
}
