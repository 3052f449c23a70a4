/** The list of keys in which each row can be given another key. */
import { useState } from "preact/hooks";
import { changeSettings } from "../state/actions/change-settings";
import { holderOf, type Binding } from "../state/bindings";
import { rulesOf } from "../state/controls";
import { isBindable, namesOf } from "../state/press";
import type { State } from "../state/state";
import { schemaOf } from "../state/view";
import { usePage } from "./context";
import { actionTitle } from "./action-title";
import { KeyCap, keyLabel } from "./key-cap";

export function KeySettings({ state }: { state: State }) {
  const { perform, session, text } = usePage();
  const [asked, setAsked] = useState<string | null>(null);
  const [complaint, setComplaint] = useState("");
  const bindings = session.bindings();

  function titleOf({ target }: Binding): string {
    if (target.type === "action") return text.t(actionTitle(target.name));
    const control = schemaOf(state).controls.find((each) => each.name === target.control);
    const label = control === undefined ? undefined : rulesOf(control)?.choices(control).find((each) => each.value === target.value);
    return label?.title ?? target.value;
  }

  function onKeyDown(event: KeyboardEvent, row: Binding): void {
    if (asked !== row.id || ["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    setAsked(null);
    if (event.key === "Escape") return;
    const [key = ""] = namesOf(event);
    const holder = holderOf(bindings, key, row.id);
    if (!isBindable(key)) setComplaint(text.t("settings.unusable", { key: keyLabel(key) }));
    else if (holder !== null) setComplaint(text.t("settings.taken", { key: keyLabel(key), name: titleOf(holder) }));
    else {
      setComplaint("");
      perform(changeSettings, { keys: { ...state.settings.keys, [row.id]: key } });
    }
  }

  return (
    <section>
      <h3>{text.t("settings.keys")}</h3>
      <p class="lp-hint">{text.t("settings.keys-help")}</p>
      <p class="lp-complaint" role="alert">{complaint}</p>
      <ul class="lp-key-settings">
        {bindings.rows.filter((row) => row.id !== "action:close").map((row) => (
          <li key={row.id}>
            <button type="button" class="lp-key-button" onKeyDown={(event) => onKeyDown(event, row)} onBlur={() => setAsked(null)} onClick={() => setAsked(row.id)}>
              <span>{titleOf(row)}</span>
              {asked === row.id ? <em>{text.t("settings.press")}</em> : row.keys.length === 0 ? <em>{text.t("settings.no-key")}</em> : (
                <span class="lp-key-said">{row.keys.map((key) => <KeyCap key={key} name={key} />)}<span class="lp-hidden">{row.keys.join(", ")}</span></span>
              )}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="lp-button" onClick={() => perform(changeSettings, { keys: {} })}>{text.t("settings.reset")}</button>
    </section>
  );
}
