/** Change what the person may change about the page. */
import type { Settings } from "../settings";
import { stay, type Action } from "./action";

export const changeSettings: Action<Partial<Settings>> = {
  name: "change-settings",
  keys: [],
  isEnabled: () => true,
  perform: (state, _env, change) => stay({ ...state, settings: { ...state.settings, ...change } }, { type: "settings" }),
};
