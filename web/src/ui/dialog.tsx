/** A window over the page; the browser keeps the focus inside and gives it back. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { close } from "../state/actions/panels";
import { usePage } from "./context";
import { Icon } from "./icon";

export function Dialog({ title, name, children }: { title: string; name: string; children: ComponentChildren }) {
  const { perform, text } = usePage();
  const box = useRef<HTMLDialogElement>(null);
  // Before the next key comes: what is pressed right after the key that opens it is meant for it.
  useLayoutEffect(() => {
    const dialog = box.current;
    if (dialog === null) return undefined;
    dialog.showModal();
    // Without a field to begin with, a dialog to read or to look through begins at its top and not at its close button.
    if (dialog.querySelector("[autofocus]") === null) dialog.focus();
    return () => dialog.close();
  }, []);
  const shut = (): void => perform<undefined>(close, undefined);
  return (
    <dialog
      ref={box} tabIndex={-1} class={`lp-dialog lp-dialog-${name}`} aria-labelledby={`lp-${name}-title`}
      onCancel={(event) => { event.preventDefault(); shut(); }}
      onClick={(event) => { if (event.target === box.current) shut(); }}
    >
      <div class="lp-dialog-in">
        <header class="lp-dialog-head">
          <h2 id={`lp-${name}-title`}>{title}</h2>
          <button type="button" class="lp-tool" aria-label={text.t("action.close")} onClick={shut}><Icon name="close" /></button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
