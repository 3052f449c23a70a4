/** Messages in the language of the page; numbers, shares and plurals as Intl has them. */
import { en, type Message, type MessageKey, type Messages } from "./en";

export type Params = Readonly<Record<string, string | number>>;

export interface Translator {
  language: string;
  t(key: MessageKey, params?: Params): string;
  percent(share: number): string;
}

/** Chinese of any kind is better served by Simplified Chinese than by English. */
const isChinese = (wanted: string): boolean => wanted.toLowerCase().startsWith("zh");

/** The messages of a language; others than English are fetched, and English stands in where that fails. */
export async function messagesFor(wanted: string): Promise<Messages> {
  if (!isChinese(wanted)) return en;
  try {
    return (await import("./zh-hans")).zhHans;
  } catch (error) {
    console.error("language: not loaded", error);
    return en;
  }
}

function form(message: Message, count: number, plural: Intl.PluralRules): string {
  if (typeof message === "string") return message;
  return plural.select(count) === "one" ? (message.one ?? message.other) : message.other;
}

export function createTranslator(wanted: string, messages: Messages): Translator {
  const language = isChinese(wanted) ? "zh-Hans" : "en";
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
