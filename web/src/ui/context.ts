/** What every part of the page can reach: the session and the language. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Translator } from "../locales/translator";
import type { Session } from "../session/session";
import type { Action } from "../state/actions/action";

export interface PageContext {
  session: Session;
  text: Translator;
  exit: string;
  signIn: string;
  /** Where pictures lie: their hash and the kind of copy follow. */
  pictures: string;
}

export const Context = createContext<PageContext | null>(null);

export function usePage(): PageContext & { perform: <Arg>(action: Action<Arg>, arg: Arg) => void } {
  const page = useContext(Context);
  if (page === null) throw new Error("The page's context is missing");
  return { ...page, perform: page.session.perform };
}

/** After a click by pointer a button gives the focus back, so that Enter goes to the page and not to the button again. */
export function byPointer(work: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.detail > 0 && event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
    work();
  };
}
