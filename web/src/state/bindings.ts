/** Which key does what: the schema's keys, the defaults, and the person's own ones. */
import type { Schema } from "../wire";
import type { Action } from "./actions/action";
import { actionsFor } from "./actions/table";
import { rulesOf } from "./controls";

export type Target = { type: "action"; name: string } | { type: "label"; control: string; value: string };
export interface Binding { id: string; target: Target; keys: readonly string[] }
export interface Bindings { rows: readonly Binding[]; find(name: string): Target | null; keysOf(id: string): readonly string[] }

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
  const taken = new Set<string>();
  const given = new Map<string, string[]>();
  const take = (id: string, key: string): boolean => {
    if (taken.has(key) || given.has(id)) return false;
    taken.add(key);
    given.set(id, [key]);
    return true;
  };
  const ids = new Set([...labels.map((label) => label.id), ...actions.map((action) => actionId(action.name))]);
  for (const [id, key] of Object.entries(own)) if (ids.has(id)) take(id, key);
  for (const label of labels) if (label.wanted !== null) take(label.id, label.wanted);
  for (const action of actions) giveAction(actionId(action.name), action.keys, given, taken);
  const free = [...SIGNS].filter((sign) => !taken.has(sign));
  for (const label of labels) {
    if (given.has(label.id)) continue;
    const sign = free.shift();
    if (sign !== undefined) take(label.id, sign);
  }
  return collect(labels, actions, given);
}

function giveAction(id: string, keys: readonly string[], given: Map<string, string[]>, taken: Set<string>): void {
  if (given.has(id)) return;
  const open = keys.map((key) => (taken.has(key) && /^\p{L}$/u.test(key) ? `Shift+${key}` : key)).filter((key) => !taken.has(key));
  for (const key of open) taken.add(key);
  given.set(id, open);
}

function collect(labels: readonly LabelRow[], actions: readonly Action[], given: ReadonlyMap<string, string[]>): Bindings {
  const rows: Binding[] = [
    ...labels.map((row): Binding => ({ id: row.id, target: { type: "label", control: row.control, value: row.value }, keys: given.get(row.id) ?? [] })),
    ...actions.map((action): Binding => ({ id: actionId(action.name), target: { type: "action", name: action.name }, keys: given.get(actionId(action.name)) ?? [] })),
  ];
  const byKey = new Map(rows.flatMap((row) => row.keys.map((key) => [key, row.target] as const)));
  const byId = new Map(rows.map((row) => [row.id, row.keys]));
  return { rows, find: (name) => byKey.get(name) ?? null, keysOf: (id) => byId.get(id) ?? [] };
}

/** The row that holds a key already, or null when the key is free for `id`. */
export function holderOf(bindings: Bindings, key: string, id: string): Binding | null {
  return bindings.rows.find((row) => row.id !== id && row.keys.includes(key)) ?? null;
}
