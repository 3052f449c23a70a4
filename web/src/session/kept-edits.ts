/** Changes of earlier answers that were not sent, in this browser: they outlive a closed window as begun answers do. */
import type { State } from "../state/state";
import type { Store } from "../state/store";
import { parseStored, type Answer } from "../wire";
import { keyOf } from "./past-answers";
import type { World } from "./world";

/** By the number of the answer. */
type Kept = Readonly<Record<string, Answer>>;

function keptOf({ past, at, edit, edits }: State): Kept {
  const all = at === null || edit === null ? edits : { ...edits, [past[at]?.key ?? ""]: edit };
  const numbers = new Map(past.map((each) => [each.key, each.annotation]));
  return Object.fromEntries(Object.entries(all).flatMap(([key, answer]) => {
    // Of one that was not read in this run its key says the number.
    const number = numbers.get(key) ?? (/^a(\d+)$/.exec(key)?.[1] ?? null);
    return number === null ? [] : [[String(number), answer]];
  }));
}

export function keepEdits(storage: World["storage"], store: Store<State>, scope: string): void {
  const name = `assay:edits:${scope}`;
  let written = storage.getItem(name);
  let seen: readonly unknown[] = [];

  function read(): Kept {
    try {
      return parseStored<Kept>(JSON.parse(written ?? "null"), (row) => Object.values(row).every((answer) => typeof answer === "object" && answer !== null)) ?? {};
    } catch {
      return {};
    }
  }

  const found = Object.entries(read()).map(([number, answer]) => [keyOf(Number(number)), answer] as const);
  if (found.length > 0) store.update((state) => ({ ...state, edits: { ...Object.fromEntries(found), ...state.edits } }));
  store.subscribe(() => {
    const state = store.get();
    const now = [state.past, state.at, state.edit, state.edits];
    if (now.every((each, i) => each === seen[i])) return;
    seen = now;
    const kept = keptOf(state);
    const text = Object.keys(kept).length === 0 ? null : JSON.stringify(kept);
    if (text === written) return;
    written = text;
    try {
      if (text === null) storage.removeItem(name);
      else storage.setItem(name, text);
    } catch (error) {
      console.error("edits: not stored", error);
    }
  });
}
