/** Joins state, outbox, leases, drafts and history: the one thing the interface talks to. */
import type { Failure } from "../api/http";
import type { MessageKey } from "../locales/en";
import type { Entry } from "../outbox/entry";
import { createOutbox, type Outbox, type OutboxEvents, type OutboxOptions, type OutboxStatus } from "../outbox/outbox";
import type { Action, Effect, Env } from "../state/actions/action";
import { KEYED_ACTIONS } from "../state/actions/table";
import { chooseLabel } from "../state/actions/choose-label";
import { previous } from "../state/actions/previous";
import { seek } from "../state/actions/seek";
import { undo } from "../state/actions/undo";
import { resolveBindings, type Bindings } from "../state/bindings";
import { meaningOf } from "../state/dispatch-key";
import type { Press } from "../state/press";
import { parseSettings } from "../state/settings";
import type { Sought } from "../state/sought";
import { initialState, type State } from "../state/state";
import { createStore, type Store } from "../state/store";
import { schemaOf, shown, titleField } from "../state/view";
import type { Page, Progress, Sendable, Submission, SubmissionResult } from "../wire";
import type { RemarkSubmission } from "../wire-remarks";
import type { Client } from "../api/client";
import { backOffMs } from "../outbox/back-off";
import { createDrafts, type Drafts } from "./drafts";
import { keepEdits } from "./kept-edits";
import { createLeasing, type Leasing } from "./leasing";
import { createOnboarding, type OnTheWay } from "./onboarding";
import { createReviewing, type Reviewing } from "./reviewing";
import { createPastAnswers, type PastAnswers } from "./past-answers";
import type { World } from "./world";

export interface Session {
  client: Client;
  store: Store<State>;
  bindings(): Bindings;
  start(): Promise<void>;
  perform<Arg>(action: Action<Arg>, arg: Arg): void;
  /** True when the key meant something. */
  press(press: Press): boolean;
  lookNow(): void;
  wake(): void;
  offline(): void;
  hide(): void;
  leave(): void;
  /** On the way into the project; null while the page is not ready. */
  way(): OnTheWay | null;
}

interface Parts { outbox: Outbox; remarks: Outbox<RemarkSubmission>; leasing: Leasing; drafts: Drafts; reviewing: Reviewing | null; way: OnTheWay; past: PastAnswers; settingsName: string }

const EXCERPT = 160;
const FAILED: Readonly<Record<Failure["kind"], MessageKey>> = {
  offline: "failed.offline", server: "failed.server", "signed-out": "failed.signed-out", refused: "failed.missing",
};

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

export function excerptOf(data: Readonly<Record<string, unknown>>, field: string | undefined): string {
  const whole = String((field === undefined ? undefined : data[field]) ?? "");
  const begin = oneLine(whole.slice(0, 8 * EXCERPT));
  const text = begin.length > EXCERPT ? begin : oneLine(whole);
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT).replace(/[\ud800-\udbff]$/, "")}…` : text;
}

/** `annotation` is opened first, at the mark that is `sought`; `review` says which of others' answers are looked through, as the query of their list. */
export function createSession(world: World, project: number, annotation: number | null = null, review: string | null = null, sought: Sought | null = null): Session {
  const begin = initialState(parseSettings(null), world.isOnline());
  const store = createStore(review === null ? begin : { ...begin, pastCursor: null, review: { query: review, judged: [], cursor: "" } });
  let parts: Parts | null = null;
  let starts = 0;
  let bindings = resolveBindings({ display: [], controls: [] }, {});
  let boundTo: unknown[] = [];

  const env: Env = { newKey: world.newKey, seconds: () => world.stopwatch.seconds() };

  function currentBindings(): Bindings {
    const state = store.get();
    const key = [state.project, state.settings.keys];
    const reviewing = state.review !== null;
    if (key.some((part, i) => part !== boundTo[i])) {
      bindings = resolveBindings(schemaOf(state), state.settings.keys, reviewing);
      boundTo = key;
    }
    return bindings;
  }

  function onStatus(status: OutboxStatus): void {
    const kind = status.failure?.kind;
    const failure = kind === "offline" || kind === "server" || kind === "signed-out" ? kind : null;
    const detail = status.failure?.kind === "signed-out" ? status.failure.problem.detail : "";
    store.update((state) => ({ ...state, sync: { waiting: status.waiting, failure, detail } }));
    const { phase, asked, queue } = store.get();
    if (status.waiting === 0 && phase === "ready" && !asked && queue.length === 0) parts?.leasing.refill();
  }

  function onSettled(results: readonly SubmissionResult[], progress: Progress | null): void {
    const byKey = new Map(results.map((result) => [result.clientKey, result]));
    store.update((state) => ({
      ...state,
      progress: progress ?? state.progress,
      past: state.past.map((past) => {
        const result = byKey.get(past.key);
        if (result === undefined) return past;
        const outcome = result.status === "duplicate" ? "saved" : result.status;
        return { ...past, outcome: outcome, annotation: result.annotation ?? past.annotation };
      }),
    }));
  }

  function onAttention(entries: readonly Entry[]): void {
    const attention = entries.flatMap((entry) => (entry.verdict === null ? [] : [{
      key: entry.key, task: entry.submission.task, excerpt: entry.excerpt, answer: entry.submission.answer, ...entry.verdict,
    }]));
    store.update((state) => ({ ...state, attention }));
  }

  /** Comments wait like answers; what still waits is shown among those that the server has. */
  function followRemarks(outbox: () => Outbox<RemarkSubmission> | undefined): OutboxEvents<RemarkSubmission> {
    const follow = (): void => {
      const unsent = outbox()?.entries().map((entry) => ({ key: entry.key, submission: entry.submission, problem: entry.verdict?.problem ?? null }));
      if (unsent !== undefined) store.update((state) => ({ ...state, unsent }));
    };
    return { status: follow, settled: follow, attention: follow };
  }

  async function outboxFor<S extends Sendable>(scope: string, send: OutboxOptions<S>["send"], events: OutboxEvents<S>): Promise<Outbox<S>> {
    const channel = world.channel(`assay-outbox-${scope}`);
    const outbox = createOutbox<S>({
      scope, store: await world.openStore<S>(), lock: world.lock(`assay-outbox-${scope}`), send, events,
      isOnline: world.isOnline, now: world.now, random: world.random, schedule: world.schedule, announce: channel.announce,
    });
    channel.listen(outbox.heard);
    return outbox;
  }

  async function assemble(page: Page): Promise<Parts> {
    const scope = `${project}:${page.me.id}`;
    const outbox = await outboxFor<Submission>(scope, world.client.send, { status: onStatus, settled: onSettled, attention: onAttention });
    let remarks: Outbox<RemarkSubmission> | undefined = undefined;
    const found = await outboxFor<RemarkSubmission>(`${scope}:comments`, world.client.sendRemarks, followRemarks(() => remarks));
    remarks = found;
    const drafts = createDrafts(world, world.client, store, scope);
    const leasing = createLeasing(world, world.client, store, outbox, drafts.restore, () => {
      leasing.release();
      void parts?.way.look();
    });
    const way = createOnboarding(world, world.client, store, scope, drafts.restore, () => leasing.lookNow());
    return { outbox, remarks: found, leasing, drafts, way, reviewing: review === null ? null : createReviewing(world, world.client, store), past: createPastAnswers(world, world.client, store, outbox), settingsName: `assay:settings:${scope}` };
  }

  function fail(failure: Failure): void {
    const refused = failure.kind === "signed-out" && failure.problem.code !== "" && !/auth|login|sign/i.test(failure.problem.code);
    const message = refused ? "failed.forbidden" : FAILED[failure.kind];
    const detail = "problem" in failure ? failure.problem.detail : "";
    store.update((state) => ({ ...state, phase: "failed", failure: { message, detail, signedOut: failure.kind === "signed-out" && !refused } }));
    starts += 1;
    if (failure.kind !== "refused") world.schedule(() => void start(), failure.kind === "signed-out" ? 30_000 : backOffMs(starts, world.random));
  }

  async function start(): Promise<void> {
    if (parts !== null) return;
    const outcome = await world.client.page();
    if (!outcome.ok) return fail(outcome.failure);
    const page = outcome.value;
    const made = await assemble(page);
    parts = made;
    const settings = parseSettings(world.storage.getItem(made.settingsName));
    if (review === null) keepEdits(world.storage, store, `${project}:${page.me.id}`);
    store.update((state) => ({ ...state, phase: "ready", failure: null, project: page.project, me: page.me, progress: page.progress, settings }));
    if (page.onboarding !== null) {
      made.way.begin(page.onboarding);
      return void made.outbox.flush();
    }
    // What an earlier run left goes first: its tasks must not be handed out again as new ones.
    await made.outbox.flush();
    void made.remarks.flush();
    if (sought !== null) seekInFirst(sought);
    if (made.reviewing !== null) return made.reviewing.open();
    if (annotation !== null) await made.past.open(annotation);
    made.leasing.refill();
  }

  /** The address means a mark of the answer that comes first, and none of what is shown where that can't be had. */
  function seekInFirst(mark: Sought): void {
    const stop = store.subscribe(() => {
      const state = store.get();
      if (shown(state) === null) return;
      stop();
      if (state.at === 0) perform(seek, mark);
    });
  }

  function run(effect: Effect, { outbox, remarks, leasing, drafts, reviewing, way, past, settingsName }: Parts): void {
    switch (effect.type) {
      case "submit":
        drafts.forget(effect.task.id);
        if (store.get().onboarding !== null) return way.send(effect.submission, effect.task);
        outbox.add(effect.submission, excerptOf(effect.task.data, titleField(store.get())));
        return world.stopwatch.restart();
      case "change": return void past.change(effect);
      case "draft": return drafts.change(effect.task, effect.answer);
      case "take-back": return void past.takeBack(effect.past).then(leasing.refill);
      case "load-history": return void past.load(effect.then, () => perform<undefined>(effect.then === "undo" ? undo : previous, undefined));
      case "refill": return leasing.refill();
      case "forget": return void outbox.forget(effect.key);
      case "send-again": return void outbox.sendAgain(effect.key);
      case "judge": return void reviewing?.judge(effect);
      case "mark-known": return void reviewing?.markKnown(effect.past);
      case "remark": return remarks.add(effect.submission, effect.submission.body);
      case "forget-remark": return void remarks.forget(effect.key);
      case "remark-again": return void remarks.sendAgain(effect.key);
      case "settings": return world.storage.setItem(settingsName, JSON.stringify(store.get().settings));
    }
  }

  function perform<Arg>(action: Action<Arg>, arg: Arg, held = false): void {
    const step = action.perform(store.get(), held ? { ...env, held } : env, arg);
    store.update(() => step.state);
    if (parts !== null) for (const effect of step.effects) run(effect, parts);
  }

  return {
    store, client: world.client, start, perform, bindings: currentBindings,
    press(press) {
      const target = meaningOf(store.get(), currentBindings(), press);
      if (target === null) return false;
      if (target.type === "label") perform(chooseLabel, { control: target.control, value: target.value });
      else {
        const action = KEYED_ACTIONS.find((each) => each.name === target.name);
        if (action !== undefined) perform<undefined>(action, undefined, press.repeat === true);
      }
      return true;
    },
    lookNow() {
      if (parts === null) return void start();
      if (store.get().onboarding !== null) void parts.way.look();
      parts.leasing.lookNow();
      void parts.outbox.flush();
      void parts.remarks.flush();
    },
    wake() {
      world.stopwatch.resume();
      const online = world.isOnline();
      store.update((state) => (state.online === online ? state : { ...state, online }));
      if (parts === null) return void start();
      const { sync, unsent, leaseFailure, onboarding } = store.get();
      if (onboarding !== null) void parts.way.look();
      if (unsent.length > 0) void parts.remarks.flush();
      if (sync.waiting > 0 || sync.failure !== null) void parts.outbox.flush();
      if (leaseFailure !== null) parts.leasing.lookNow();
    },
    offline: () => store.update((state) => ({ ...state, online: false })),
    hide: () => world.stopwatch.pause(),
    way: () => parts?.way ?? null,
    leave() {
      parts?.leasing.release();
    },
  };
}
