/** Training and test: each answer is kept in this browser until the server has taken it, and sent with the same key until then. */
import { saidOf, type Failure } from "../api/http";
import type { Client } from "../api/client";
import { backOffMs } from "../outbox/back-off";
import { onTheWay, type Onboarding, type Scene } from "../state/onboarding";
import { withoutTask } from "../state/queue";
import type { State } from "../state/state";
import type { Store } from "../state/store";
import { parseStored, type Answer, type Item, type Submission, type Task } from "../wire";
import type { Way } from "../wire-onboarding";
import type { World } from "./world";

interface Kept { submission: Submission; item: Item; answer: Answer }

export interface OnTheWay {
  /** Shows where the server says that the person stands; first sends what an earlier run of the page left. */
  begin(way: Way): void;
  /** Asks the server: another window may have gone on, or the way was closed while the page was open. */
  look(): Promise<void>;
  send(submission: Submission, task: Task): void;
  /** From an introduction to its task, from feedback to the next task, from the end into the queue. */
  goOn(): void;
  /** The training task at hand once more. */
  again(): void;
  /** Another test. */
  attempt(): Promise<void>;
}

export function createOnboarding(world: World, client: Client, store: Store<State>, scope: string, arrived: (tasks: readonly Task[]) => void, opened: () => void): OnTheWay {
  const name = `assay:onboarding:${scope}`;
  const introduced = new Set<string>();
  let turn = 0;
  /** A training task is asked once more: what the server says is next must wait. */
  let retrying = false;
  let failures = 0;
  let cancelRetry = (): void => undefined;

  const now = (): Onboarding | null => store.get().onboarding;
  const stageOf = (way: Way): string => `${way.stage}:${way.exam.attempt}`;

  function put(change: Partial<Onboarding>): void {
    store.update((state) => (state.onboarding === null ? state : onTheWay(state, { ...state.onboarding, ...change })));
  }

  function sceneOf(way: Way): Scene {
    if (way.task === null) return "end";
    const done = way.stage === "training" ? way.training.done : way.exam.done;
    return done === 0 && !introduced.has(stageOf(way)) ? "intro" : "task";
  }

  function show(way: Way): void {
    if (way.stage === "open") return open();
    const scene = sceneOf(way);
    retrying = false;
    store.update((state) => onTheWay(state, { way, scene, given: null, feedback: null, problem: "" }));
    if (scene === "task" && way.task !== null) arrived([way.task]);
    world.stopwatch.restart();
  }

  /** The queue is open: the page goes on with real tasks. */
  function open(): void {
    store.update((state) => ({ ...state, onboarding: null, queue: [], asked: false, leaseFailure: null }));
    world.stopwatch.restart();
    opened();
  }

  function kept(): Kept | null {
    try {
      return parseStored<Kept>(JSON.parse(world.storage.getItem(name) ?? "null"), (row) => typeof row.submission === "object" && typeof row.item === "object" && typeof row.answer === "object");
    } catch {
      return null;
    }
  }

  function line(failure: Failure | null, waiting = 0): void {
    const kind = failure === null || failure.kind === "refused" ? null : failure.kind;
    store.update((state) => ({ ...state, sync: { waiting: kind === null ? 0 : waiting, failure: kind, detail: failure?.kind === "signed-out" ? saidOf(failure) : "" } }));
  }

  async function deliver(found: Kept): Promise<void> {
    cancelRetry();
    turn += 1;
    const mine = turn;
    const outcome = await client.answerOnboarding(found.submission);
    if (mine !== turn) return;
    line(outcome.ok ? null : outcome.failure, 1);
    if (outcome.ok) {
      failures = 0;
      retrying = false;
      const { feedback, way } = outcome.value;
      if (feedback === null) {
        world.storage.removeItem(name);
        return show(way);
      }
      // It stays here until the person goes on, so that a page that is loaded again tells the same once more.
      return put({ way, feedback, scene: "feedback", given: { item: found.item, answer: found.answer }, problem: "" });
    }
    if (outcome.failure.kind === "refused") return refused(found, outcome.failure);
    failures += 1;
    cancelRetry = world.schedule(() => void deliver(found), backOffMs(failures, world.random));
  }

  /** The task is gone or the stage is over: look where the person stands. Otherwise the answer is theirs to mend. */
  async function refused(found: Kept, failure: Failure & { kind: "refused" }): Promise<void> {
    world.storage.removeItem(name);
    const { task } = found.submission;
    if (failure.status === 400) store.update((state) => ({ ...state, work: { ...state.work, [task]: found.answer } }));
    await look(true);
    put({ problem: failure.status === 404 ? "" : saidOf(failure) });
  }

  async function look(anyway = false): Promise<void> {
    const scene = now()?.scene;
    // What is being read, or sent, is not taken away.
    if (!anyway && (retrying || scene === "feedback" || scene === "sending")) return;
    turn += 1;
    const mine = turn;
    const outcome = await client.onboarding();
    if (mine !== turn) return;
    line(outcome.ok ? null : outcome.failure);
    if (!outcome.ok) {
      failures += 1;
      if (now() === null || anyway) cancelRetry = world.schedule(() => void look(anyway), backOffMs(failures, world.random));
      return;
    }
    failures = 0;
    const before = now();
    const way = outcome.value;
    if (!anyway && before !== null && before.scene !== "end" && before.way.stage === way.stage && before.way.task?.id === way.task?.id && before.way.exam.attempt === way.exam.attempt) return;
    show(way);
  }

  return {
    begin(way) {
      show(way);
      const found = kept();
      if (found === null) return;
      store.update((state) => (state.onboarding === null ? state : onTheWay(state, { ...state.onboarding, scene: "sending", given: { item: found.item, answer: found.answer } })));
      void deliver(found);
    },
    look: () => {
      const found = kept();
      if (now()?.scene === "sending" && found !== null) return deliver(found);
      return look();
    },
    send(submission, task) {
      const found: Kept = { submission, item: { id: task.id, itemId: task.itemId, data: task.data, comments: 0 }, answer: submission.answer ?? {} };
      try {
        world.storage.setItem(name, JSON.stringify(found));
      } catch (error) {
        console.error("onboarding: not stored", error);
      }
      store.update((state) => ({ ...state, work: withoutTask(state.work, task.id), draft: withoutTask(state.draft, task.id) }));
      void deliver(found);
    },
    goOn() {
      const here = now();
      if (here === null || here.scene === "sending" || here.scene === "task") return;
      if (here.scene === "intro") introduced.add(stageOf(here.way));
      world.storage.removeItem(name);
      if (here.scene === "end") return here.way.stage === "passed" ? open() : undefined;
      show(here.way);
    },
    again() {
      const here = now();
      if (here?.scene !== "feedback" || here.given === null) return;
      world.storage.removeItem(name);
      retrying = true;
      const { training } = here.way;
      const way: Way = { ...here.way, stage: "training", training: { ...training, done: Math.max(0, training.done - 1), total: Math.max(training.total, 1) } };
      const task: Task = { ...here.given.item, lease: { token: "", expiresAt: 0 }, draft: null, suggestion: null };
      store.update((state) => ({ ...onTheWay(state, { ...here, way, scene: "task", given: null, feedback: null, problem: "" }), queue: [task] }));
      world.stopwatch.restart();
    },
    async attempt() {
      const outcome = await client.beginAttempt();
      line(outcome.ok ? null : outcome.failure);
      if (outcome.ok) return show(outcome.value);
      put({ problem: saidOf(outcome.failure) });
    },
  };
}
