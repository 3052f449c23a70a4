import type { MessageKey } from "../locales/en";
import { changeSettings } from "../state/actions/change-settings";
import { settlesAtOnce } from "../state/controls";
import { TEXT_SIZES, type Settings, type Theme } from "../state/settings";
import type { State } from "../state/state";
import { schemaOf } from "../state/view";
import { usePage } from "./context";
import { Dialog } from "./dialog";
import { KeySettings } from "./key-settings";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function SettingsDialog({ state }: { state: State }) {
  const { perform, text } = usePage();
  const { settings } = state;
  const change = (part: Partial<Settings>): void => perform(changeSettings, part);

  function toggle(name: "autoSubmit" | "preselect" | "arcs", title: MessageKey, help: MessageKey) {
    return (
      <label class="lp-switch">
        <input type="checkbox" role="switch" checked={settings[name]} onChange={(event) => change({ [name]: event.currentTarget.checked })} />
        <span><b>{text.t(title)}</b><small>{text.t(help)}</small></span>
      </label>
    );
  }

  function pick<T extends string>(title: MessageKey, values: readonly T[], value: T, nameOf: (each: T) => MessageKey, set: (each: T) => void) {
    return (
      <fieldset class="lp-pick">
        <legend>{text.t(title)}</legend>
        <div class="lp-segments">
          {values.map((each) => (
            <label key={each} class="lp-segment">
              <input type="radio" name={title} checked={each === value} onChange={() => set(each)} /><span>{text.t(nameOf(each))}</span>
            </label>
          ))}
        </div>
      </fieldset>
    );
  }

  return (
    <Dialog title={text.t("settings.title")} name="settings">
      <div class="lp-form">
        {settlesAtOnce(schemaOf(state)) ? toggle("autoSubmit", "settings.auto-submit", "settings.auto-submit-help") : null}
        {toggle("preselect", "settings.preselect", "settings.preselect-help")}
        {schemaOf(state).controls.some((control) => control.type === "relations") ? toggle("arcs", "settings.arcs", "settings.arcs-help") : null}
        {pick("settings.text-size", TEXT_SIZES, settings.textSize, (each) => `settings.size-${each}`, (textSize) => change({ textSize }))}
        {pick("settings.theme", THEMES, settings.theme, (each) => `settings.theme-${each}`, (theme) => change({ theme }))}
        <KeySettings state={state} />
        <p class="lp-hint">{text.t("settings.scope")}</p>
      </div>
    </Dialog>
  );
}
