/** Labels as a grid of buttons: choices, preferences, and what spans and relations are marked with. */
import { useEffect, useRef } from "preact/hooks";
import { labelId } from "../../state/bindings";
import { rulesOf } from "../../state/controls";
import { hintOf } from "../../state/sought";
import type { MessageKey } from "../../locales/en";
import type { Label } from "../../wire";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { KeyCap, shortcuts } from "../key-cap";
import type { ControlProps } from "./table";

/** What can be said of a pair is the same in every project, so the page says it in the person's language. */
const PREFERENCES: Readonly<Record<string, MessageKey>> = { a: "preference.a", b: "preference.b", tie: "preference.tie", neither: "preference.neither" };

export function LabelButtons({ control, value, suggestion, bindings, choose, marks = false, marked, state }: ControlProps & { marks?: boolean; marked?: string }) {
  const { text } = usePage();
  const rules = rulesOf(control);
  const suggested = suggestion?.answer[control.name] ?? null;
  const hinted = marks ? hintOf(state, control)?.label : undefined;
  const count = control.labels.length;
  const size = marks ? "lp-labels lp-labels-marks" : count > 12 ? "lp-labels lp-labels-many" : count < 4 ? `lp-labels lp-labels-${count}` : "lp-labels";
  // What a key or the palette chose below the edge of a long list is brought into sight.
  const box = useRef<HTMLDivElement>(null);
  const last = useRef<ReadonlySet<string>>(new Set());
  const isAmong = (each: string): boolean => marked === each || (rules?.has(value, each) ?? false);
  useEffect(() => {
    const now = new Set(control.labels.map((label) => label.value).filter(isAmong));
    const at = control.labels.findIndex((label) => now.has(label.value) && !last.current.has(label.value));
    last.current = now;
    if (at >= 0) box.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [value, marked]);
  const isSingle = control.type === "preference" || (control.type === "choice" && !control.multiple);

  function button(label: Label) {
    const keys = bindings.keysOf(labelId(control.name, label.value));
    const isChosen = rules?.has(value, label.value) ?? false;
    const own = control.type === "preference" ? PREFERENCES[label.value] : undefined;
    return (
      <button
        key={label.value} type="button" class="lp-label" aria-pressed={marks ? undefined : isChosen} aria-keyshortcuts={shortcuts(keys)}
        data-pen={marked === label.value ? "" : undefined}
        data-suggested={rules?.has(suggested, label.value) === true || hinted === label.value ? "" : undefined}
        style={label.color === null ? undefined : { "--label": label.color }}
        onClick={byPointer(() => choose(label.value))}
        // A press must not take the selection of the text away.
        onPointerDown={marks ? (event) => event.preventDefault() : undefined}
      >
        <span class="lp-label-mark" data-coloured={label.color === null ? undefined : ""}>{isChosen ? <Icon name="check" /> : null}</span>
        <span class="lp-label-title">{own === undefined ? label.title : text.t(own)}</span>
        <KeyCap name={keys[0]} />
      </button>
    );
  }

  return <div ref={box} class={size} data-single={isSingle ? "" : undefined}>{control.labels.map(button)}</div>;
}

export function ChoiceControl(props: ControlProps) {
  const { control } = props;
  const { text } = usePage();
  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("page.labels")}>
      {control.title === "" ? null : <h3 class="lp-control-title">{control.title}</h3>}
      <LabelButtons {...props} />
    </div>
  );
}
