/** What the page shows of the way into a project, before the queue opens. */
import type { Feedback, Way } from "../wire-onboarding";
import type { Answer, Item, Task } from "../wire";
import type { State } from "./state";

/** An introduction, a task, an answer on its way, what a training answer came to, or the end of a stage. */
export type Scene = "intro" | "task" | "sending" | "feedback" | "end";

export interface Onboarding {
  way: Way;
  scene: Scene;
  /** The answer that was sent last. */
  given: { item: Item; answer: Answer } | null;
  feedback: Feedback | null;
  /** What the server said when it did not take something; empty for nothing. */
  problem: string;
}

/** What was answered last may be of the training, though the test is next. */
export const isTraining = ({ scene, way }: Onboarding): boolean => scene === "feedback" || way.stage === "training" || way.exam.total === 0;

export function onTheWay(state: State, onboarding: Onboarding): State {
  return { ...state, onboarding, queue: onboarding.scene === "task" && onboarding.way.task !== null ? [onboarding.way.task] : [], past: [], at: null, edit: null, panel: null, notice: null, conflict: null };
}

/** The task goes to the server; the page waits for what it says. */
export function handedIn(state: State, onboarding: Onboarding, task: Task, answer: Answer): State {
  return { ...onTheWay(state, { ...onboarding, scene: "sending", given: { item: task, answer }, feedback: null, problem: "" }), work: state.work };
}

/** In a test a slip of a finger can't be taken back, so that nothing is sent at once. */
export const sendsAtOnce = (state: State): boolean => state.settings.autoSubmit && state.onboarding?.way.stage !== "test";
