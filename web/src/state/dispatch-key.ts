/** What a key press means in a state; null when it means nothing to the page. */
import { KEYED_ACTIONS } from "./actions/table";
import { enterAccepts, lacks, submit } from "./actions/submit";
import type { Bindings, Target } from "./bindings";
import { namesOf, type Press } from "./press";
import type { State } from "./state";

export function meaningOf(state: State, bindings: Bindings, press: Press): Target | null {
  if (state.phase !== "ready") return null;
  for (const name of namesOf(press)) {
    const [target, ...others] = bindings.all(name);
    if (target === undefined) continue;
    if (target.type === "label") return isBeside(state) ? target : null;
    const meaning = actionMeaning(state, target, name);
    return meaning ?? others.reduce<Target | null>((found, each) => found ?? (each.type === "action" ? actionMeaning(state, each, name) : null), null);
  }
  return null;
}

/** Guidelines and comments lie beside the task, and work goes on while they are open. */
function isBeside(state: State): boolean {
  return state.panel === null || state.panel === "guidelines" || state.panel === "comments";
}

function actionMeaning(state: State, target: Target & { type: "action" }, name: string): Target | null {
  if (!isBeside(state) && target.name !== "close" && target.name !== state.panel) return null;
  // Enter takes the suggestion; Space doesn't, since it also scrolls and is pressed in passing.
  if (state.review !== null && target.name === "submit" && name === "Enter" && !submit.isEnabled(state) && !lacks(state)) return actionMeaning(state, { type: "action", name: "approve" }, "");
  const wanted = target.name === "submit" && name === "Enter" && enterAccepts(state) ? "accept" : target.name;
  const action = KEYED_ACTIONS.find((each) => each.name === wanted);
  if (wanted === "submit" && name !== "Space" && lacks(state)) return { type: "action", name: wanted };
  return action !== undefined && action.isEnabled(state) ? { type: "action", name: wanted } : null;
}
