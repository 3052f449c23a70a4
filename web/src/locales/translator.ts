/** Messages in the language of the page; numbers, shares and plurals as Intl has them. */
import type { Message, MessageKey, Messages } from "./en";

export type Params = Readonly<Record<string, string | number>>;

export interface Translator {
  language: string;
  t(key: MessageKey, params?: Params): string;
  percent(share: number): string;
}

/** Each in a file of its own, so that nobody fetches two. Traditional Chinese readers are better served by Chinese than by English. */
const CHINESE = ["zh-Hans", () => import("./zh-hans").then((found): Messages => found.zhHans)] as const;
const ENGLISH = ["en", () => import("./en").then((found): Messages => found.en)] as const;

function form(message: Message, count: number, plural: Intl.PluralRules): string {
  if (typeof message === "string") return message;
  return plural.select(count) === "one" ? (message.one ?? message.other) : message.other;
}

/** Every action with keys has its title under its name; a test holds that. */
export const isTitle = (key: string): key is MessageKey & `action.${string}` => key.startsWith("action.");

export async function createTranslator(wanted: string): Promise<Translator> {
  const [language, load] = wanted.toLowerCase().startsWith("zh") ? CHINESE : ENGLISH;
  const messages = await load();
  const plural = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const shares = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  const show = (value: string | number): string => (typeof value === "number" ? numbers.format(value) : value);
  return {
    language,
    t: (key, params = {}) =>
      form(messages[key], Number(params.count ?? 0), plural).replace(/\{(\w+)\}/g, (gap, name: string) => {
        const value = params[name];
        return value === undefined ? gap : show(value);
      }),
    // Rounded down, so that 99.6 % never reads as certain; the small term undoes the error of binary fractions (0.29 * 100).
    percent: (share) => shares.format(Math.floor(share * 100 + 1e-6) / 100),
  };
}
