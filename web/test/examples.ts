/** Small readable values for the tests. */
import type { Control, Page, Task } from "../src/wire";
import { setupOf } from "../src/schema";
import { DEFAULT_SETTINGS, type Settings } from "../src/state/settings";
import { initialState, type State } from "../src/state/state";
import type { Env } from "../src/state/actions/action";

export const spamOrHam: Control = {
  name: "label", type: "choice", title: "", multiple: false, required: true, setup: setupOf({}, "label"),
  labels: [
    { value: "spam", title: "Spam", hotkey: null, color: "#b3261e" },
    { value: "ham", title: "Not spam", hotkey: null, color: null },
  ],
};

export const topics: Control = {
  name: "topics", type: "choice", title: "", multiple: true, required: true, setup: setupOf({}, "topics"),
  labels: ["work", "food", "money"].map((value) => ({ value, title: value, hotkey: null, color: null })),
};

export function task(id: number, more: Partial<Task> = {}): Task {
  return { id, itemId: 100 + id, data: { text: `text ${id}` }, lease: { token: `lease ${id}`, expiresAt: 0 }, draft: null, suggestion: null, comments: 0, ...more };
}

export const suggestion = (value: string) => ({ id: 5, answer: { label: [value] }, confidence: 0.93, model: "quick head 2" });

export function page(controls: readonly Control[] = [spamOrHam]): Page {
  return {
    project: { id: 7, name: "SMS", guidelines: "", overlap: 1, leaseSeconds: 900, skipReasons: [], skipReasonRequired: false, schemaRevision: 1, schema: { display: [{ type: "text", field: "text", title: "", other: "", markdown: false }], controls: [...controls] } },
    me: { id: 3, name: "Ann", language: "en" },
    progress: { total: 20, done: 4, mine: 4, accepted: 0, shown: 0 },
    onboarding: null,
  };
}

export function ready(controls: readonly Control[], queue: readonly Task[], settings: Partial<Settings> = {}): State {
  const { project, me, progress } = page(controls);
  return { ...initialState({ ...DEFAULT_SETTINGS, ...settings }, true), phase: "ready", project, me, progress, queue, asked: true };
}

export function env(): Env {
  let count = 0;
  return { newKey: () => `key-${(count += 1)}`, seconds: () => 2.4 };
}
