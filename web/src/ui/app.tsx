/** The page: bar, messages, text, dock, and what is open over them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { close, present } from "../state/actions/panels";
import { rulesOf } from "../state/controls";
import type { Onboarding } from "../state/onboarding";
import type { State } from "../state/state";
import { nextPictures, schemaOf, shown, titleField, type Shown } from "../state/view";
import { excerptOf } from "../session/session";
import { usePage } from "./context";
import { ItemDisplay } from "./display";
import { Dock } from "./dock";
import { EmptyState } from "./empty-state";
import { FlagDialog } from "./flag-dialog";
import { Icon } from "./icon";
import { NextPictures } from "./image-display";
import { MarkdownView } from "./markdown-view";
import { Messages } from "./messages";
import { LazyPanel } from "./lazy-panel";
import { Palette } from "./palette";
import { usePointers } from "./remark-sign";
import { RejectDialog } from "./reject-dialog";
import { ReviewEnd, ReviewLine, SentBack } from "./review-line";
import { SkipDialog } from "./skip-dialog";
import { TopBar } from "./top-bar";

function PastLine({ state, view }: { state: State; view: Shown & { kind: "past" } }) {
  const { perform, text } = usePage();
  const outcome = { sending: "past.sending", saved: "past.saved", kept_as_draft: "past.kept", invalid: "past.invalid" } as const;
  const said = view.changed ? "past.changed" : view.past.skipped ? "past.skipped" : outcome[view.past.outcome];
  const isOldest = state.at === 0 && state.pastCursor === null;
  return (
    <div class="lp-past">
      <b>{text.t("past.title")}</b><span>{text.t(said)}</span>{isOldest ? <span class="lp-quiet">{text.t("past.when-first")}</span> : null}
      <button type="button" class="lp-link" onClick={() => perform<undefined>(present, undefined)}>{text.t("past.back")}</button>
    </div>
  );
}

function GuidelinesPanel({ state }: { state: State }) {
  const { perform, text } = usePage();
  const source = state.project?.guidelines.trim() ?? "";
  return (
    <aside class="lp-guidelines" aria-labelledby="lp-guidelines-title">
      <header class="lp-dialog-head">
        <h2 id="lp-guidelines-title">{text.t("guidelines.title")}</h2>
        <button type="button" class="lp-tool" aria-label={text.t("action.close")} onClick={() => perform<undefined>(close, undefined)}><Icon name="close" /></button>
      </header>
      {source === "" ? <p class="lp-hint">{text.t("guidelines.none")}</p> : <MarkdownView source={source} />}
    </aside>
  );
}

/** Long answers and many questions lie beside one another where the window is wide. */
function isBeside(state: State): boolean {
  const { controls, display } = schemaOf(state);
  const asked = controls.filter((control) => rulesOf(control) !== null).length;
  return asked > 2 || (asked > 1 && display.some((row) => row.type === "pair"));
}

const hasPicture = (state: State): boolean => schemaOf(state).display.some((row) => row.type === "image");

function Task({ state, view }: { state: State; view: Shown }) {
  const { text } = usePage();
  const box = useRef<HTMLElement>(null);
  const id = `${view.kind}:${view.item.id}`;
  // The first one begins at its top, or at the mark that the address points at.
  const before = useRef(id);
  useEffect(() => { if (box.current !== null && before.current !== id) box.current.scrollTop = 0; before.current = id; }, [id]);
  return (
    <section ref={box} class="lp-main" tabIndex={0} aria-label={text.t(hasPicture(state) ? "page.picture" : "page.text")}>
      <article class="lp-sheet" key={id}>
        {state.onboarding === null ? null : <OnboardingLine onboarding={state.onboarding} />}
        {view.kind === "task" ? (view.task.rejection == null ? null : <SentBack rejection={view.task.rejection} />)
          : state.review !== null ? <ReviewLine past={view.past} changed={view.changed} /> : <PastLine state={state} view={view} />}
        <ItemDisplay state={state} view={view} />
      </article>
    </section>
  );
}

function OnboardingLine({ onboarding }: { onboarding: Onboarding }) {
  const { text } = usePage();
  const { stage, exam, training } = onboarding.way;
  const isTest = stage === "test";
  const { done, total } = isTest ? exam : training;
  return (
    <div class="lp-past">
      <b>{text.t(isTest ? "progress.test" : "progress.training", { done: Math.min(done + 1, total), total })}</b>
      <span class="lp-quiet">{text.t(isTest ? "onboarding.test" : "onboarding.training")}</span>
      {onboarding.problem === "" ? null : <span class="lp-complaint" role="alert">{onboarding.problem}</span>}
    </div>
  );
}

/** Says the new task to a screen reader; an excerpt, since a reader goes through the whole text by itself. */
function Announcer({ state, view }: { state: State; view: Shown | null }) {
  const { text } = usePage();
  const said = view === null ? "" : text.t(view.kind === "past" ? (state.review === null ? "page.past-task" : "page.review-task") : "page.new-task", { text: excerptOf(view.item.data, titleField(state)) });
  return <div class="lp-hidden" aria-live="polite">{said}</div>;
}

function Failed({ state }: { state: State }) {
  const { session, signIn, text } = usePage();
  const failure = state.failure;
  if (failure === null) return null;
  return (
    <div class="lp-main"><div class="lp-empty" role="alert">
      <h2>{text.t("failed.title")}</h2>
      <p>{text.t(failure.message)}</p>
      {failure.detail === "" ? null : <p class="lp-hint">{failure.detail}</p>}
      <div class="lp-buttons">
        {failure.signedOut ? <a class="lp-button lp-button-primary" href={signIn}>{text.t("banner.sign-in")}</a> : null}
        <button type="button" class="lp-button" onClick={session.lookNow}>{text.t("banner.retry")}</button>
      </div>
    </div></div>
  );
}

const remarksPanel = () => import("./remarks-panel").then((found) => found.RemarksPanel);
const helpDialog = () => import("./help-dialog").then((found) => found.HelpDialog);
const settingsDialog = () => import("./settings-dialog").then((found) => found.SettingsDialog);

/** What the first task does without is fetched behind it, so that it is there when it is wanted, also when the line is down. */
export const fetchPanels = () => Promise.all([remarksPanel(), helpDialog(), settingsDialog()]);

/** Most people never see it again. */
const onboardingPanel = () => import("./onboarding-panel").then((found) => found.OnboardingPanel);

export function App() {
  const { session, text } = usePage();
  const [state, setState] = useState(session.store.get());
  useEffect(() => session.store.subscribe(() => setState(session.store.get())), [session]);
  const view = shown(state);
  usePointers(state, view);
  if (state.phase === "failed") return <div class="lp"><Failed state={state} /></div>;
  return (
    <div class="lp" data-text={state.settings.textSize} data-beside={view !== null && isBeside(state) ? "" : undefined} data-guidelines={state.panel === "guidelines" || state.panel === "comments" ? "" : undefined}>
      <TopBar state={state} />
      <Messages state={state} />
      <div class="lp-body">
        {view === null ? <div class="lp-main">{state.onboarding !== null ? <LazyPanel load={onboardingPanel} props={{ state }} /> : state.review === null ? <EmptyState state={state} /> : <ReviewEnd state={state} />}</div> : <Task state={state} view={view} />}
        {state.panel === "guidelines" ? <GuidelinesPanel state={state} /> : null}
        {state.panel === "comments" && view !== null ? <LazyPanel load={remarksPanel} props={{ state, view }} /> : null}
      </div>
      {state.onboarding !== null && view === null ? null : state.phase === "ready" ? <Dock state={state} view={view} /> : <p class="lp-hidden" role="status">{text.t("page.loading")}</p>}
      <NextPictures hashes={nextPictures(state)} />
      <Announcer state={state} view={view} />
      {state.panel === "help" ? <LazyPanel key="help" load={helpDialog} props={{ state }} /> : null}
      {state.panel === "settings" ? <LazyPanel key="settings" load={settingsDialog} props={{ state }} /> : null}
      {state.panel === "palette" ? <Palette state={state} /> : null}
      {state.panel === "skip" ? <SkipDialog /> : null}
      {state.panel === "flag" ? <FlagDialog /> : null}
      {state.panel === "reject" && view?.kind === "past" ? <RejectDialog name={view.past.by?.name ?? ""} /> : null}
    </div>
  );
}
