import { expect, test } from "vitest";
import { newShape, SHAPE_KEYS } from "../../src/state/actions/draw";
import { actionsFor } from "../../src/state/actions/table";
import { labelId, resolveBindings } from "../../src/state/bindings";
import { PAN_KEYS } from "../../src/state/actions/look";
import { meaningOf } from "../../src/state/dispatch-key";
import { foundLabels, type Candidate } from "../../src/state/label-search";
import { setupOf } from "../../src/schema";
import type { Control, Schema } from "../../src/wire";
import { env, ready, task } from "../examples";

const ENGLISH = ["card", "transfer", "refund", "top up", "exchange rate", "identity", "passcode", "fee", "limit", "delivery"]
  .flatMap((thing) => ["lost", "late", "not working", "declined", "how to", "cancel", "pending", "fee charged", "wrong amount", "abroad", "stolen", "expired", "blocked", "virtual", "second"].map((what) => `${thing} ${what}`));
const CHINESE = ["银行卡", "转账", "退款", "充值", "汇率", "身份验证", "密码", "手续费", "额度", "快递"]
  .flatMap((thing) => ["丢失", "延迟", "无法使用", "被拒绝", "如何办理", "取消", "处理中", "收费", "金额错误", "境外", "被盗", "过期", "冻结", "虚拟", "第二次"].map((what) => `${thing}${what}`));

const candidates = (titles: readonly string[]): Candidate[] => titles.map((title) => ({ control: "intent", value: title, title, color: null }));
const titles = (rows: readonly Candidate[]): string[] => rows.map((row) => row.title);
const control = (type: string, values: readonly string[], hotkeys: Readonly<Record<string, string>> = {}, name = type): Control => ({
  name, type, title: "", multiple: false, required: true, setup: setupOf({ field: "text", spans: "spans" }, name),
  labels: values.map((value) => ({ value, title: value, hotkey: hotkeys[value] ?? null, color: null })),
});
const schema = (...controls: Control[]): Schema => ({ display: [{ type: "image", field: "picture", title: "", other: "", markdown: false }], controls });

test.each([["English", ENGLISH, "ref", "refund lost"], ["Chinese", CHINESE, "退", "退款丢失"]])("each of 150 labels in %s is found by a few signs", (_language, all, begun, first) => {
  expect(new Set(all).size).toBe(150);
  expect(titles(foundLabels(candidates(all), begun))[0]).toBe(first);
  expect(titles(foundLabels(candidates(all), begun)).slice(0, 15)).toHaveLength(15);
  for (const title of all) expect(titles(foundLabels(candidates(all), title))[0]).toBe(title);
});

test("parts of several words find a label in any order, in Chinese without blanks too", () => {
  expect(titles(foundLabels(candidates(ENGLISH), "stolen card"))).toEqual(["card stolen"]);
  expect(titles(foundLabels(candidates(CHINESE), "被盗 银行卡"))).toEqual(["银行卡被盗"]);
  expect(titles(foundLabels(candidates(CHINESE), "卡盗"))).toEqual(["银行卡被盗"]);
  expect(titles(foundLabels(candidates(ENGLISH), "exrate abr"))).toEqual([]);
  expect(titles(foundLabels(candidates(["Größe", "ＡＢＣ", "naïve"]), "grosse"))).toEqual([]);
  expect(titles(foundLabels(candidates(["ＡＢＣ", "naïve"]), "abc"))).toEqual(["ＡＢＣ"]);
  expect(titles(foundLabels(candidates(["ＡＢＣ", "naïve"]), "naive"))).toEqual(["naïve"]);
});

const shared = new Set<string>([...SHAPE_KEYS, ...PAN_KEYS].map((action) => action.name));

test("no key ever means two things, whatever labels, keys and own keys there are", () => {
  const signs = [..."abcdefghijklmnopqrstuvwxyz0123456789+=[]{}()/?,;é汉"];
  for (let round = 0; round < 300; round += 1) {
    const pick = (salt: number): string => signs[(round * 31 + salt * 17) % signs.length] ?? "a";
    const hotkeys = Object.fromEntries(ENGLISH.slice(0, round % 40).map((value, i) => [value, pick(i)]));
    const asked = schema(control("choice", ENGLISH, hotkeys), control("spans", CHINESE.slice(0, 20)), control("relations", ["a", "b"], { a: pick(7) }), control("shapes", ["x"], { x: pick(9) }));
    const own = { "action:undo": pick(1), [labelId("choice", "card lost")]: pick(2), "action:gone": pick(3), "action:next-tie": `Shift+${pick(4)}` };
    const bindings = resolveBindings(asked, own);
    const rows = bindings.rows.filter((row) => row.target.type === "label" || !shared.has(row.target.name));
    const keys = rows.flatMap((row) => row.keys);
    expect(new Set(keys).size).toBe(keys.length);
    // An arrow moves the shape at hand and else goes through the text; nothing else has two meanings.
    for (const row of bindings.rows) for (const key of row.keys) expect(bindings.all(key)).toContainEqual(row.target);
  }
});

test("a question with many labels leaves keys for the others", () => {
  const bindings = resolveBindings(schema(control("spans", ENGLISH), control("relations", ["knows", "leads"]), control("choice", ["yes", "no"])), {});
  for (const id of [labelId("relations", "knows"), labelId("relations", "leads"), labelId("choice", "yes"), labelId("choice", "no")]) expect(bindings.keysOf(id)).toHaveLength(1);
  expect(bindings.keysOf(labelId("spans", "card lost"))).toEqual(["1"]);
});

test("every action keeps a key, also where labels take all letters", () => {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const asked = schema(control("choice", letters, Object.fromEntries(letters.map((letter) => [letter, letter]))), control("spans", ["PER"]), control("relations", ["knows"]), control("shapes", ["x"]));
  const bindings = resolveBindings(asked, {});
  const without = actionsFor(asked).filter((action) => bindings.keysOf(`action:${action.name}`).length === 0).map((action) => action.name);
  // It stands in the settings too.
  expect(without).toEqual(["arcs"]);
});

test("with a text and a picture in one task, arrows move the shape at hand and else go through the text", () => {
  const asked = [control("spans", ["PER"]), control("shapes", ["x"])];
  const bindings = resolveBindings(schema(...asked), {});
  const state = ready(asked, [task(1, { data: { text: "one two", picture: "" } })]);
  const right = { key: "ArrowRight", code: "ArrowRight", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false };
  expect(meaningOf(state, bindings, right)).toEqual({ type: "action", name: "cursor-right" });
  const drawn = newShape.perform(state, env(), undefined).state;
  expect(meaningOf(drawn, bindings, right)).toEqual({ type: "action", name: "nudge-right" });
  expect(meaningOf(drawn, bindings, { ...right, shiftKey: true })).toEqual({ type: "action", name: "wider" });
});
