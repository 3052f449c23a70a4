import { actionsFor } from "../state/actions/table";
import { palette } from "../state/actions/panels";
import { actionId, labelId } from "../state/bindings";
import { rulesOf } from "../state/controls";
import type { State } from "../state/state";
import { schemaOf } from "../state/view";
import { actionTitle } from "./action-title";
import { usePage } from "./context";
import { Dialog } from "./dialog";
import { KeyCap } from "./key-cap";

export function HelpDialog({ state }: { state: State }) {
  const { session, text } = usePage();
  const bindings = session.bindings();
  const labels = schemaOf(state).controls.flatMap((control) =>
    (rulesOf(control)?.choices(control) ?? []).map((label) => ({ id: labelId(control.name, label.value), title: label.title })));
  const row = (id: string, title: string, keys: readonly string[]) => (
    <div key={id} class="lp-key-row"><dt>{title}</dt><dd>{keys.map((key) => <kbd key={key} class="lp-key-said"><KeyCap name={key} /><span class="lp-hidden">{key}</span></kbd>)}</dd></div>
  );
  return (
    <Dialog title={text.t("help.title")} name="help">
      <h3>{text.t("help.actions")}</h3>
      <dl class="lp-key-list">
        {actionsFor(schemaOf(state), state.review !== null).filter((action) => action !== palette || palette.isEnabled(state)).map((action) => {
          const keys = bindings.keysOf(actionId(action.name));
          return row(action.name, text.t(actionTitle(action.name)), action.name === "accept" ? [...keys, "Enter"] : keys);
        })}
      </dl>
      <h3>{text.t("help.labels")}</h3>
      <dl class="lp-key-list">{labels.map((label) => row(label.id, label.title, bindings.keysOf(label.id)))}</dl>
      <p class="lp-hint">{text.t("help.more")}</p>
    </Dialog>
  );
}
