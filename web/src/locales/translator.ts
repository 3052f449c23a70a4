/** Messages in the language of the page; numbers, shares and plurals as Intl has them. */
import { en, type Message, type MessageKey, type Messages } from "./en";
import { zhHans } from "./zh-hans";

export type Params = Readonly<Record<string, string | number>>;

export interface Translator {
  language: string;
  t(key: MessageKey, params?: Params): string;
  percent(share: number): string;
}

/** Languages by the start of their tag; Traditional Chinese readers are better served by Chinese than by English. */
const LANGUAGES: readonly (readonly [prefix: string, tag: string, messages: Messages])[] = [
  ["zh", "zh-Hans", zhHans],
  ["en", "en", en],
];

function form(message: Message, count: number, plural: Intl.PluralRules): string {
  if (typeof message === "string") return message;
  return plural.select(count) === "one" ? (message.one ?? message.other) : message.other;
}

export function createTranslator(wanted: string): Translator {
  const [, language, messages] = LANGUAGES.find(([prefix]) => wanted.toLowerCase().startsWith(prefix)) ?? (["en", "en", en] as const);
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
