import { expect, test } from "vitest";
import { KEYED_ACTIONS } from "../../src/state/actions/table";
import { askFlag, raiseFlag } from "../../src/state/actions/remark";
import { initialState, type State } from "../../src/state/state";
import { parseSettings } from "../../src/state/settings";
import { memoryPage } from "../../src/session/memory-world";

const env = { newKey: () => "key", seconds: () => 1 };
const page = memoryPage({ display: [{ type: "text", field: "text" }], controls: [{ name: "label", type: "choice", labels: [{ value: "ham" }, { value: "spam" }] }] }, "", 1);
const task = { id: 9, itemId: 1, data: { text: "one" }, lease: { token: "t", expiresAt: Infinity }, draft: null, suggestion: null, comments: 0 };
const state: State = { ...initialState(parseSettings(null), true), phase: "ready", project: page.project, me: page.me, queue: [task] };

test("a flag is asked for by key, and goes where comments go; the task stays to be answered", () => {
  expect(KEYED_ACTIONS.find((action) => action.name === "flag")?.keys).toEqual(["Shift+f"]);
  const asked = askFlag.perform(state, env, undefined).state;
  expect(asked.panel).toBe("flag");
  const { state: next, effects } = raiseFlag.perform(asked, env, "  two topics ");
  expect(effects).toEqual([{ type: "remark", submission: { client_key: "key", task: 9, body: "two topics", control: "", part: "", answer_of: null, flag: true } }]);
  expect([next.panel, next.queue.length, next.unsent.length]).toEqual([null, 1, 1]);
});

test("a flag may be without words, and without a task there is nothing to flag", () => {
  const [effect] = raiseFlag.perform(state, env, "").effects;
  expect(effect).toMatchObject({ submission: { body: "", flag: true } });
  expect(askFlag.isEnabled({ ...state, queue: [] })).toBe(false);
});
