/** Starts the labeling page in `<div id="labeling-page" data-project data-language data-api data-exit [data-sign-in] [data-annotation] [data-review]>`. */
import { render } from "preact";
import "./style/page.css";
import { browserWorld } from "./browser";
import { createTranslator } from "./locales/translator";
import { createSession, type Session } from "./session/session";
import { App, fetchPanels } from "./ui/app";
import { Context } from "./ui/context";
import { scrolledBy } from "./ui/scroll-keys";
import { isOnlyWritten } from "./state/actions/write";
import { placeOf } from "./state/focus";
import { parseSought } from "./state/sought";
import { schemaOf } from "./state/view";
import { isField, isTyping, leftField } from "./ui/typing";

function listen(session: Session): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat && !/^Arrow|^Page|^[[\]{}]$/.test(event.key) || isTyping(event)) return;
    const before = placeOf(session.store.get());
    if (leftField(event) || session.press(event) || scrolledBy(event)) event.preventDefault();
    // Keys that are meant for the labels of the next task must not land in a field that was left by sending.
    if (placeOf(session.store.get()) !== before && !isOnlyWritten(schemaOf(session.store.get())) && document.activeElement instanceof HTMLElement && isField(document.activeElement)) document.activeElement.blur();
  });
  window.addEventListener("online", () => session.wake());
  window.addEventListener("offline", () => session.offline());
  window.addEventListener("pagehide", () => session.leave());
  window.addEventListener("pageshow", (event) => { if (event.persisted) session.lookNow(); });
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? session.wake() : session.hide()));
  window.addEventListener("focus", () => session.wake());
}

function followTheme(session: Session): void {
  const given = document.documentElement.dataset["theme"];
  const apply = (): void => {
    const { theme } = session.store.get().settings;
    if (theme !== "system") document.documentElement.dataset["theme"] = theme;
    else if (given === undefined) delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = given;
  };
  session.store.subscribe(apply);
}

/** The page lies over the site's own header; what is covered must not take the focus. */
function coverRest(root: HTMLElement): void {
  for (let inner: HTMLElement = root; inner.parentElement !== null && inner !== document.body; inner = inner.parentElement) {
    for (const other of inner.parentElement.children) if (other !== inner && other instanceof HTMLElement) other.inert = true;
  }
}

async function start(root: HTMLElement): Promise<void> {
  const { project = "", language = "en", api = "/api/v1/", exit = "/", signIn, annotation, review } = root.dataset;
  const text = await createTranslator(language);
  const id = Number(project);
  if (!Number.isInteger(id) || id <= 0) {
    root.textContent = text.t("failed.setup");
    return;
  }
  const session = createSession(browserWorld(api, id), id, annotation === undefined ? null : Number(annotation), review ?? null, parseSought(location.hash));
  const here = encodeURIComponent(location.pathname + location.search + location.hash);
  root.lang = text.language;
  coverRest(root);
  followTheme(session);
  listen(session);
  render(<Context.Provider value={{ session, text, exit, signIn: signIn ?? `/accounts/login/?next=${here}`, pictures: `${api}pictures/` }}><App /></Context.Provider>, root);
  void session.start().then(() => fetchPanels(), () => undefined).catch(() => undefined);
}

const root = document.getElementById("labeling-page");
// Its words are a file of their own: without them nothing can be said but this.
if (root !== null) void start(root).catch(() => { root.textContent = "This page can't be loaded. Load it again. 页面无法加载，请重新加载。"; });
