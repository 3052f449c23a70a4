/** What an action is called, by its name. */
import type { MessageKey } from "../locales/en";
import { isTitle } from "../locales/translator";

export function actionTitle(name: string): MessageKey {
  const key = `action.${name}`;
  return isTitle(key) ? key : "page.name";
}
