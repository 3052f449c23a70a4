import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KEYED_ACTIONS } from "../../src/state/actions/table";
import { en, type Message } from "../../src/locales/en";
import { createTranslator } from "../../src/locales/translator";
import { zhHans } from "../../src/locales/zh-hans";

const gaps = (message: Message): string[] => {
  const forms = typeof message === "string" ? [message] : Object.values(message);
  return [...new Set(forms.flatMap((form) => [...String(form).matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "")))].sort();
};

test("both languages have the same keys", () => {
  expect(Object.keys(zhHans)).toEqual(Object.keys(en));
});

test("both languages fill the same gaps", () => {
  const differing = Object.entries(en).filter(([key, message]) => gaps(message).join() !== gaps(zhHans[key as keyof typeof en]).join());
  expect(differing).toEqual([]);
});

test("every message is used and every used message exists", () => {
  const folder = new URL("../../src/", import.meta.url);
  const sources = readdirSync(folder, { recursive: true }).map(String).filter((name) => /\.tsx?$/.test(name) && !name.startsWith("locales"));
  const code = sources.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  const made = /^(?:settings\.(?:size|theme)-|empty\.|action\.|tool\.|picture\.how-)/;
  expect(Object.keys(en).filter((key) => !code.includes(`"${key}"`) && !made.test(key))).toEqual([]);
});

test("every action with keys has its title, and no title is without its action", () => {
  const titles = KEYED_ACTIONS.map((action) => `action.${action.name}`);
  expect(Object.keys(en).filter((key) => key.startsWith("action.")).sort()).toEqual([...titles, "action.save"].sort());
});

test("plurals, numbers and shares follow the language", async () => {
  const english = await createTranslator("en-gb");
  expect(english.t("progress.mine", { count: 1 })).toBe("1 answer by you");
  expect(english.t("progress.mine", { count: 5171 })).toBe("5,171 answers by you");
  expect((await createTranslator("zh-hans")).t("progress.mine", { count: 1 })).toBe("您已完成 1 条");
  expect([(await createTranslator("zh-cn")).language, (await createTranslator("fr")).language]).toEqual(["zh-Hans", "en"]);
});

test("a share is rounded down, so that nearly certain is not called certain", async () => {
  const { percent } = await createTranslator("en");
  expect([0.996, 0.93, 0.29, 1, 0].map(percent)).toEqual(["99%", "93%", "29%", "100%", "0%"]);
});
