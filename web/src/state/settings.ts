/** What a person may change about the page; kept in this browser for each person and project. */
import { parseStored } from "../wire";

export type Theme = "system" | "light" | "dark";
export const TEXT_SIZES = ["small", "medium", "large", "huge"] as const;
export type TextSize = (typeof TEXT_SIZES)[number];

export interface Settings {
  autoSubmit: boolean;
  preselect: boolean;
  /** Whether selecting goes by whole words; null follows the project. */
  wholeWords: boolean | null;
  textSize: TextSize;
  theme: Theme;
  /** Whether relations are drawn over the text. */
  arcs: boolean;
  /** Own keys: `action:<name>` or `label:<control>/<value>` to a key name. */
  keys: Readonly<Record<string, string>>;
}

export const DEFAULT_SETTINGS: Settings = { autoSubmit: true, preselect: false, wholeWords: null, textSize: "medium", theme: "system", arcs: true, keys: {} };

export function parseSettings(stored: string | null): Settings {
  if (stored === null) return DEFAULT_SETTINGS;
  try {
    const found = parseStored<Partial<Settings>>(JSON.parse(stored), () => true) ?? {};
    return {
      autoSubmit: typeof found.autoSubmit === "boolean" ? found.autoSubmit : DEFAULT_SETTINGS.autoSubmit,
      preselect: typeof found.preselect === "boolean" ? found.preselect : DEFAULT_SETTINGS.preselect,
      wholeWords: typeof found.wholeWords === "boolean" ? found.wholeWords : null,
      textSize: TEXT_SIZES.find((size) => size === found.textSize) ?? DEFAULT_SETTINGS.textSize,
      theme: found.theme === "light" || found.theme === "dark" ? found.theme : "system",
      arcs: typeof found.arcs === "boolean" ? found.arcs : DEFAULT_SETTINGS.arcs,
      keys: Object.fromEntries(Object.entries(found.keys ?? {}).filter(([, key]) => typeof key === "string")),
    };
  } catch {
    return DEFAULT_SETTINGS;
  }
}
