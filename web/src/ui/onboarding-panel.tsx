/** Training and test between the tasks: what comes, what an answer came to, and how it ended. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { onboardingWords, type SayOnboarding } from "../locales/onboarding";
import { guidelines } from "../state/actions/panels";
import { answerTitles, fitAnswer } from "../state/controls";
import type { Onboarding } from "../state/onboarding";
import type { Past, State } from "../state/state";
import { schemaOf, titleField, type Shown } from "../state/view";
import { excerptOf } from "../session/session";
import type { Answer, Item } from "../wire";
import type { ExamResult, Missed } from "../wire-onboarding";
import { usePage } from "./context";
import { ItemDisplay } from "./display";
import { Icon } from "./icon";
import { KeyCap } from "./key-cap";
import { MarkdownView } from "./markdown-view";

interface Offer { title: string; name: string; work(): void }

const isField = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.matches("button, a, input, textarea, select, summary");

/** The first offer has Enter wherever the focus is, the second R; both are buttons too. */
function Offers({ offers, exit }: { offers: readonly Offer[]; exit: string | null }) {
  const { exit: address } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const id = offers.map((offer) => offer.name).join();
  // Before the person sees it, so that no quick key is lost.
  useLayoutEffect(() => box.current?.querySelector<HTMLElement>("button, a")?.focus({ preventScroll: true }), [id]);
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") !== null) return;
      const i = event.key === "Enter" && !isField(event.target) ? 0 : event.key === "r" ? 1 : -1;
      if (offers[i] === undefined) return;
      event.preventDefault();
      offers[i].work();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
  return (
    <div ref={box} class="lp-buttons">
      {offers.map((offer, i) => (
        <button key={offer.name} type="button" class={i === 0 ? "lp-button lp-button-primary" : "lp-button"} onClick={offer.work} aria-keyshortcuts={i === 0 ? "Enter" : "R"}>
          {offer.title}<KeyCap name={i === 0 ? "Enter" : "r"} />
        </button>
      ))}
      {exit === null ? null : <a class="lp-button" href={address}>{exit}</a>}
    </div>
  );
}

const MARKED = new Set(["spans", "relations", "shapes"]);
const isDrawn = (state: State): boolean => schemaOf(state).controls.some((control) => MARKED.has(control.type));

function viewOf(state: State, item: Item, answer: Answer): Shown {
  const past: Past = { key: `onboarding:${item.id}`, task: item, leased: null, annotation: null, revision: 1, answer, skipped: false, outcome: "saved" };
  return { kind: "past", item, past, answer: fitAnswer(schemaOf(state), answer, item.data), changed: false };
}

/** The labels of an answer, question by question; what is marked in the item is drawn there. */
function Titles({ state, answer, say }: { state: State; answer: Answer; say: SayOnboarding }) {
  const schema = schemaOf(state);
  const asked = schema.controls.length > 1;
  return <dl class="lp-titles">{schema.controls.map((control) => {
    const titles = answerTitles({ ...schema, controls: [control] }, answer);
    return <div key={control.name}>{asked ? <dt>{control.title || control.name}</dt> : null}<dd>{titles.length === 0 ? say("nothing") : titles.join(", ")}</dd></div>;
  })}</dl>;
}

function Side({ state, item, answer, title, tone, say }: { state: State; item: Item; answer: Answer; title: string; tone: string; say: SayOnboarding }) {
  const view = viewOf(state, item, answer);
  return (
    <section class="lp-verdict" data-tone={tone}>
      <h3>{title}</h3>
      {isDrawn(state) ? <div class="lp-still"><ItemDisplay state={state} view={view} /></div> : null}
      <Titles state={state} answer={view.answer} say={say} />
    </section>
  );
}

function Explanation({ source, say }: { source: string; say: SayOnboarding }) {
  return source === "" ? null : <section class="lp-why-right"><h3>{say("why")}</h3><MarkdownView source={source} /></section>;
}

function Feedback({ state, onboarding, say }: { state: State; onboarding: Onboarding; say: SayOnboarding }) {
  const { session } = usePage();
  const { feedback, given } = onboarding;
  if (feedback === null || given === null) return null;
  const { outcome, right } = feedback;
  const way = session.way();
  const on: Offer = { name: "on", title: say("on"), work: () => way?.goOn() };
  const again: Offer = { name: "again", title: say("again"), work: () => way?.again() };
  return (
    <article class="lp-sheet lp-feedback">
      <div role="status"><h2 data-tone={outcome}><Icon name={outcome === "right" ? "check" : "close"} />{say(outcome)}</h2></div>
      {outcome === "open" ? <p class="lp-hint">{say("open-body")}</p> : null}
      {isDrawn(state) ? null : <ItemDisplay state={state} view={viewOf(state, given.item, given.answer)} />}
      <div class="lp-sides">
        <Side state={state} item={given.item} answer={given.answer} title={say(outcome === "right" ? "both" : "yours")} tone={outcome} say={say} />
        {right === null || outcome === "right" ? null : <Side state={state} item={given.item} answer={right} title={say("theirs")} tone="right" say={say} />}
      </div>
      <Explanation source={feedback.explanation} say={say} />
      <Offers offers={outcome === "wrong" ? [on, again] : [on]} exit={null} />
    </article>
  );
}

function Mistake({ state, row, say }: { state: State; row: Missed; say: SayOnboarding }) {
  const schema = schemaOf(state);
  const titles = (answer: Answer): string => answerTitles(schema, fitAnswer(schema, answer, row.item.data)).join(", ") || say("nothing");
  if (isDrawn(state)) {
    return (
      <li>
        <div class="lp-sides">
          <Side state={state} item={row.item} answer={row.answer} title={say("yours")} tone="wrong" say={say} />
          {row.right === null ? null : <Side state={state} item={row.item} answer={row.right} title={say("theirs")} tone="right" say={say} />}
        </div>
        {row.explanation === "" ? null : <MarkdownView source={row.explanation} />}
      </li>
    );
  }
  return (
    <li>
      <p class="lp-excerpt">{excerptOf(row.item.data, titleField(state)) || `#${row.item.itemId}`}</p>
      <p><span class="lp-quiet">{say("yours")}:</span> {titles(row.answer)}</p>
      {row.right === null ? null : <p><span class="lp-quiet">{say("theirs")}:</span> <b>{titles(row.right)}</b></p>}
      {row.explanation === "" ? null : <MarkdownView source={row.explanation} />}
    </li>
  );
}

function Mistakes({ state, result, say }: { state: State; result: ExamResult; say: SayOnboarding }) {
  if (result.wrong === null) return null;
  if (result.wrong.length === 0) return <p class="lp-hint">{say("mistakes-none")}</p>;
  return <section class="lp-mistakes"><h3>{say("missed")}</h3><ol>{result.wrong.map((row) => <Mistake key={row.item.id} state={state} row={row} say={say} />)}</ol></section>;
}

function Sheet({ title, seal = false, problem, children }: { title: string; seal?: boolean; problem: string; children: ComponentChildren }) {
  return (
    <div class="lp-empty lp-onboarding">
      {seal ? <span class="lp-seal"><Icon name="check" /></span> : null}
      <div role="status"><h2>{title}</h2></div>
      {problem === "" ? null : <p class="lp-complaint" role="alert">{problem}</p>}
      {children}
    </div>
  );
}

function Intro({ state, onboarding, say }: { state: State; onboarding: Onboarding; say: SayOnboarding }) {
  const { perform, session, text } = usePage();
  const { exam, stage, training } = onboarding.way;
  const isTest = stage === "test";
  const work = (): void => session.way()?.goOn();
  return (
    <Sheet title={say(isTest ? "test" : "hello")} problem={onboarding.problem}>
      {isTest && training.done > 0 ? <p>{say("trained", { right: training.right, done: training.done })}</p> : null}
      {isTest ? null : <p>{say(training.total === 1 ? "hello-training-1" : "hello-training", { total: training.total })}</p>}
      {isTest ? <p>{say(exam.total === 1 ? "test-body-1" : "test-body", { total: exam.total, needed: exam.needed })}</p> : exam.total === 0 ? null : <p>{say(exam.total === 1 ? "hello-test-1" : "hello-test", { total: exam.total, needed: exam.needed })}</p>}
      {isTest && exam.attempts > 1 ? <p>{say("test-attempt", { attempt: exam.attempt, attempts: exam.attempts })}</p> : null}
      <Offers offers={[{ name: "begin", title: say(isTest ? "test-start" : "hello-start"), work }]} exit={null} />
      {(state.project?.guidelines.trim() ?? "") === "" ? null : (
        <button type="button" class="lp-button" aria-expanded={state.panel === "guidelines"} onClick={() => perform<undefined>(guidelines, undefined)}>
          {text.t("action.guidelines")}<KeyCap name={session.bindings().keysOf("action:guidelines")[0]} />
        </button>
      )}
    </Sheet>
  );
}

function End({ state, onboarding, say }: { state: State; onboarding: Onboarding; say: SayOnboarding }) {
  const { session, text } = usePage();
  const { result, stage } = onboarding.way;
  const share = result === null ? null : <p><b>{say("share", { right: result.right, answers: result.answers, least: text.percent(result.least / 100), percent: text.percent(result.right / Math.max(1, result.answers)) })}</b></p>;
  const way = session.way();
  if (stage === "passed") {
    return (
      <Sheet title={say(result === null ? "in" : "passed")} seal problem="">
        {share}<p>{say(result === null ? "in-body" : "passed-body")}</p>
        <Offers offers={[{ name: "start", title: say("start"), work: () => way?.goOn() }]} exit={null} />
        {result === null ? null : <Mistakes state={state} result={result} say={say} />}
      </Sheet>
    );
  }
  if (stage === "failed" && result !== null) {
    const left = result.attemptsLeft;
    const offers: Offer[] = left > 0 ? [{ name: "retry", title: say("retry"), work: () => void way?.attempt() }] : [{ name: "look", title: say("look"), work: () => void way?.look() }];
    return (
      <Sheet title={say("failed")} problem={onboarding.problem}>
        {share}<p>{left > 0 ? say("attempts", { count: left }) : say("over")}</p>
        <Offers offers={offers} exit={say("exit")} />
        <Mistakes state={state} result={result} say={say} />
      </Sheet>
    );
  }
  return (
    <Sheet title={say("unready")} problem={onboarding.problem}>
      <p>{say("unready-body")}</p>
      <Offers offers={[{ name: "look", title: say("look"), work: () => void way?.look() }]} exit={say("exit")} />
    </Sheet>
  );
}

export function OnboardingPanel({ state }: { state: State }) {
  const { text } = usePage();
  const say = onboardingWords(text.language);
  const { onboarding } = state;
  if (onboarding === null) return null;
  if (onboarding.scene === "feedback") return <Feedback state={state} onboarding={onboarding} say={say} />;
  if (onboarding.scene === "intro") return <Intro state={state} onboarding={onboarding} say={say} />;
  if (onboarding.scene === "sending") return <div class="lp-empty" role="status"><h2>{say("sending")}</h2><span class="lp-wait" />{state.sync.failure === null ? null : <p class="lp-hint">{say("sending-hint")}</p>}</div>;
  return <End state={state} onboarding={onboarding} say={say} />;
}
