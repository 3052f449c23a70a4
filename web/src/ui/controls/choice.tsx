/** Single and multiple choice as a grid of buttons. */
import { labelId } from "../../state/bindings";
import type { Label } from "../../wire";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { KeyCap, shortcuts } from "../key-cap";
import type { ControlProps } from "./table";

const names = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export function ChoiceControl({ control, value, suggestion, bindings, choose }: ControlProps) {
  const { text } = usePage();
  const chosen = new Set(names(value));
  const suggested = new Set(names(suggestion?.answer[control.name]));
  const size = control.labels.length > 12 ? "lp-labels lp-labels-many" : control.labels.length < 4 ? `lp-labels lp-labels-${control.labels.length}` : "lp-labels";

  function button(label: Label) {
    const keys = bindings.keysOf(labelId(control.name, label.value));
    const isChosen = chosen.has(label.value);
    return (
      <button
        key={label.value} type="button" class="lp-label" aria-pressed={isChosen} aria-keyshortcuts={shortcuts(keys)}
        data-suggested={suggested.has(label.value) ? "" : undefined}
        style={label.color === null ? undefined : { "--label": label.color }}
        onClick={byPointer(() => choose(label.value))}
      >
        <span class="lp-label-mark" data-coloured={label.color === null ? undefined : ""}>{isChosen ? <Icon name="check" /> : null}</span>
        <span class="lp-label-title">{label.title}</span>
        <KeyCap name={keys[0]} />
      </button>
    );
  }

  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("page.labels")}>
      {control.title === "" ? null : <h3 class="lp-control-title">{control.title}</h3>}
      <div class={size} data-single={control.multiple ? undefined : ""}>{control.labels.map(button)}</div>
    </div>
  );
}
