/** A scale of numbers; two of them for the answers of a pair. */
import { labelId } from "../../state/bindings";
import { choiceOf, ratingOf, SIDES, stepsOf, type Side } from "../../state/rules/rating";
import { byPointer, usePage } from "../context";
import { KeyCap, shortcuts } from "../key-cap";
import type { ControlProps } from "./table";

function Scale({ control, value, bindings, choose, side }: ControlProps & { side?: Side }) {
  const { text } = usePage();
  const chosen = ratingOf(value, side);
  const { low, high } = control.setup;
  const name = side === undefined ? control.title || text.t("rating.title") : text.t("pair.answer", { name: side.toUpperCase() });
  return (
    <div class="lp-scale" role="group" aria-label={name}>
      {side === undefined ? null : <b class="lp-scale-side">{side.toUpperCase()}</b>}
      {low === "" ? null : <span class="lp-hint lp-scale-low">{low}</span>}
      <span class="lp-scale-steps">
        {stepsOf(control).map((step) => {
          const keys = bindings.keysOf(labelId(control.name, choiceOf(step, side)));
          return (
            <button
              key={step} type="button" class="lp-scale-step" aria-pressed={step === chosen} data-below={chosen !== null && step < chosen ? "" : undefined}
              aria-keyshortcuts={shortcuts(keys)} onClick={byPointer(() => choose(choiceOf(step, side)))}
            >{step}<KeyCap name={keys[0] === String(step) ? undefined : keys[0]} /></button>
          );
        })}
      </span>
      {high === "" ? null : <span class="lp-hint">{high}</span>}
    </div>
  );
}

export function RatingControl(props: ControlProps) {
  const { control } = props;
  const { text } = usePage();
  return (
    <div class="lp-control">
      <h3 class="lp-control-title">{control.title || text.t("rating.title")}</h3>
      <div class="lp-scales">{control.setup.sides ? SIDES.map((side) => <Scale key={side} {...props} side={side} />) : <Scale {...props} />}</div>
    </div>
  );
}
