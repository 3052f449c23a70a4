import { expect, test } from "vitest";
import { chooseLabel } from "../../src/state/actions/choose-label";
import { next } from "../../src/state/actions/next";
import { close, present } from "../../src/state/actions/panels";
import { previous } from "../../src/state/actions/previous";
import { submit } from "../../src/state/actions/submit";
import { undo } from "../../src/state/actions/undo";
import type { Action } from "../../src/state/actions/action";
import { unsentEdits } from "../../src/state/edits";
import { saving } from "../../src/state/saving";
import type { Past, State } from "../../src/state/state";
import { shown } from "../../src/state/view";
import { env, ready, spamOrHam, task } from "../examples";

const past = (id: number): Past => ({ key: `p${id}`, task: task(id), leased: null, annotation: 70 + id, revision: 1, answer: { label: ["ham"] }, skipped: false, outcome: "saved" });
const act = <Arg>(state: State, action: Action<Arg>, arg: Arg): State => action.perform(state, env(), arg).state;
const go = (state: State, ...actions: Action[]): State => actions.reduce((each, action) => act(each, action, undefined), state);
const start = (): State => ({ ...ready([spamOrHam], [task(9)]), past: [past(1), past(2)] });
const changed = (): State => act(go(start(), previous), chooseLabel, { control: "label", value: "spam" });

test("a change that was not sent waits at its answer, and the page says that it is not saved", () => {
  expect(saving(changed())).toMatchObject({ message: "sync.edits", params: { count: 1 } });
  for (const away of [next, previous, present]) {
    const left = go(changed(), away);
    expect(left.notice?.message).toBe("notice.edit-kept");
    expect(left.edit).toBeNull();
    expect(saving(left)).toMatchObject({ message: "sync.edits", params: { count: 1 } });
    const back = go(left, away === previous ? next : previous);
    expect(shown(back)).toMatchObject({ kind: "past", changed: true, answer: { label: ["spam"] } });
  }
});

test("what was changed and changed back waits nowhere", () => {
  const same = act(changed(), chooseLabel, { control: "label", value: "ham" });
  expect(unsentEdits(same)).toBe(0);
  expect(go(same, next)).toMatchObject({ edits: {}, notice: null });
});

test("sending a change ends its waiting", () => {
  const back = go(changed(), next, previous);
  expect(unsentEdits(go(back, submit))).toBe(0);
});

test("Escape drops a change, and undo brings it back", () => {
  const dropped = go(changed(), close);
  expect(shown(dropped)).toMatchObject({ kind: "past", changed: false, answer: { label: ["ham"] } });
  expect(unsentEdits(dropped)).toBe(0);
  expect(shown(go(dropped, undo))).toMatchObject({ changed: true, answer: { label: ["spam"] } });
});
