/** What may be said about saving: "saved" only after the server's word. */
import type { MessageKey } from "../locales/en";
import { unsentEdits } from "./edits";
import type { State } from "./state";

export interface Saving { message: MessageKey; params: Readonly<Record<string, number>>; tone: "calm" | "busy" | "waiting" }

export function saving(state: State): Saving {
  const { waiting, failure } = state.sync;
  const isDown = failure !== null || !state.online;
  if (waiting > 0) return { message: isDown ? "sync.waiting" : "sync.saving", params: { count: waiting }, tone: isDown ? "waiting" : "busy" };
  if (state.onboarding?.scene === "sending") return { message: "sync.saving", params: { count: 1 }, tone: "busy" };
  const unsent = state.unsent.filter((each) => each.problem === null).length;
  if (unsent > 0) return { message: "sync.comment", params: { count: unsent }, tone: isDown ? "waiting" : "busy" };
  const task = state.queue[0];
  const draft = task === undefined || state.at !== null ? undefined : state.draft[task.id];
  if (draft === "saved") return { message: "sync.draft-saved", params: {}, tone: "calm" };
  if (draft !== undefined) return { message: isDown ? "sync.draft-waiting" : "sync.draft-local", params: {}, tone: isDown ? "waiting" : "busy" };
  const edits = unsentEdits(state);
  if (edits > 0) return { message: "sync.edits", params: { count: edits }, tone: "waiting" };
  const isSettled = state.past.some((past) => past.outcome === "saved") && state.past.every((past) => past.outcome !== "sending");
  return { message: isSettled ? "sync.saved" : "sync.none", params: {}, tone: "calm" };
}
