// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import { browserWorld } from "../../src/browser";
import { createTranslator } from "../../src/locales/translator";
import { createSession } from "../../src/session/session";
import { enlarge } from "../../src/state/actions/panels";
import { resolveBindings } from "../../src/state/bindings";
import { meaningOf } from "../../src/state/dispatch-key";
import { nextPictures, schemaOf, titleField } from "../../src/state/view";
import type { Display } from "../../src/wire";
import { Context } from "../../src/ui/context";
import { ImageDisplay } from "../../src/ui/image-display";
import { env, ready, spamOrHam, task } from "../examples";

const HASH = "a".repeat(64);
const IMAGE: Display = { type: "image", field: "image", title: "", other: "", markdown: false };

const text = await createTranslator("en");

function drawn(hash: string, enlarged = false): HTMLElement {
  const root = document.createElement("div");
  const page = { session: createSession(browserWorld("/api/v1/", 7), 7), text, exit: "/", signIn: "/", pictures: "/api/v1/pictures/" };
  render(<Context.Provider value={page}><ImageDisplay hash={hash} enlarged={enlarged} /></Context.Provider>, root);
  return root;
}

function withPictures() {
  const state = ready([spamOrHam], [task(1, { data: { image: HASH } }), task(2, { data: { image: "b".repeat(64) } })]);
  return state.project === null ? state : { ...state, project: { ...state.project, schema: { ...state.project.schema, display: [IMAGE] } } };
}

test("a picture is fetched by its hash, and nothing else becomes an address", () => {
  expect(drawn(HASH).querySelector("img")?.getAttribute("src")).toBe(`/api/v1/pictures/${HASH}/view/`);
  expect(drawn("../../admin").querySelector("img")).toBeNull();
  expect(drawn("../../admin").textContent).toContain("can't be fetched");
  expect(drawn(HASH, true).querySelector("[data-enlarged]")).not.toBeNull();
});

test("a key enlarges pictures, and only where there are any", () => {
  const state = withPictures();
  const bindings = resolveBindings(state.project?.schema ?? { display: [], controls: [] }, {});
  const press = { key: "+", code: "Equal", ctrlKey: false, metaKey: false, altKey: false, shiftKey: true, isComposing: false };
  expect(meaningOf(state, bindings, press)).toEqual({ type: "action", name: "enlarge" });
  const texts = ready([spamOrHam], [task(1)]);
  expect(meaningOf(texts, resolveBindings(schemaOf(texts), {}), press)).toBeNull();
  const larger = enlarge.perform(state, env(), undefined).state;
  expect(larger.enlarged).toBe(true);
  expect(enlarge.perform(larger, env(), undefined).state.enlarged).toBe(false);
});

test("the picture of the next task is known before it comes, and a hash is no title", () => {
  expect(nextPictures(withPictures())).toEqual(["b".repeat(64)]);
  expect(titleField(withPictures())).toBeUndefined();
  expect(titleField(ready([spamOrHam], [task(1)]))).toBe("text");
});
