/** Send the answer on the screen: a new one to the outbox, a changed old one as an edit. */
import { withoutEdit } from "../edits";
import { isComplete, isEmpty, rulesOf, settlesAtOnce } from "../controls";
import { withFocus } from "../focus";
import { lackingShape } from "../rules/shapes";
import type { State } from "../state";
import { schemaOf, shown } from "../view";
import { stay, type Action, type Step } from "./action";
import { leaveTask } from "./leave-task";
import { judge } from "./review";

export const submit: Action = {
  name: "submit",
  keys: ["Enter", "Space", "Ctrl+Enter"],
  isEnabled(state) {
    const view = shown(state);
    if (view === null || state.busy === "undo" || !isComplete(schemaOf(state), view.answer)) return false;
    return view.kind === "task" || view.changed || (view.past.skipped && state.edit !== null);
  },
  perform(state, env) {
    const view = shown(state);
    if (view === null) return stay(state);
    if (lacks(state)) return tellOpen(state);
    if (!submit.isEnabled(state)) return stay(state);
    if (view.kind === "task") return leaveTask(state, env, view.task, { answer: view.answer, skipped: false, reason: "" });
    if (state.review !== null) return judge(state, view.past, { verdict: "fixed", reason: "", answer: view.answer });
    const past = state.past.map((each) => (each.key === view.past.key ? { ...each, answer: view.answer, skipped: false, outcome: "sending" as const } : each));
    const next: State = { ...state, past, edit: null, edits: withoutEdit(state, view.past.key), notice: null };
    return stay(next, { type: "change", past: view.past, answer: view.answer, skipped: false });
  },
};

/** True when something that must be answered is not: then sending says what. */
export function lacks(state: State): boolean {
  const view = shown(state);
  return view !== null && state.busy !== "undo" && !isComplete(schemaOf(state), view.answer) && (view.kind === "task" || view.changed);
}

/** Names the first question that is open, and takes the hands there. */
function tellOpen(state: State): Step {
  const view = shown(state);
  const open = schemaOf(state).controls.find((control) => !(rulesOf(control)?.isComplete(control, view?.answer[control.name] ?? null) ?? true));
  if (open === undefined) return stay(state);
  const lacking = open.type === "shapes" ? lackingShape(open, view?.answer[open.name]) : null;
  const here = lacking === null ? state : withFocus(state, { part: { control: open.name, id: lacking.shape.id }, mark: null, corner: null });
  const notice = lacking !== null ? { message: "notice.open-shape", params: { name: lacking.attribute }, tone: "info" } as const
    : { message: open.title === "" ? "notice.open" : "notice.open-named", params: { name: open.title }, tone: "info" } as const;
  const isField = open.type === "text" || open.type === "form" || lacking !== null;
  return stay({ ...here, notice, ...(isField ? { writing: { control: open.name, asked: (state.writing?.asked ?? 0) + 1, wrong: true } } : {}) });
}

/** True when Enter should take the suggestion: nothing is chosen yet, and an empty answer can't be meant. */
export function enterAccepts(state: State): boolean {
  const view = shown(state);
  if (view === null || view.kind !== "task" || view.suggestion === null) return false;
  const schema = schemaOf(state);
  return isEmpty(schema, view.answer) && (!isComplete(schema, view.answer) || settlesAtOnce(schema));
}
