/** Drawing on a picture: the tools, the labels, the list of what is drawn, and what is asked of the shape at hand. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { chooseTool, penOf, setAttribute } from "../../state/actions/draw";
import { choosePart, removePart } from "../../state/actions/parts";
import { actionId } from "../../state/bindings";
import { focusOf } from "../../state/focus";
import { partKey, remarksOnParts } from "../../state/remarks";
import { openAttributes } from "../../state/rules/shapes";
import { shapesOf, TOOLS, type Shape } from "../../state/shapes";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { KeyCap } from "../key-cap";
import { RemarkSign } from "../remark-sign";
import { LabelButtons } from "./choice";
import type { ControlProps } from "./table";

const SHOWN = 120;

function Attributes({ control, shape, box, bindings }: { control: ControlProps["control"]; shape: Shape; box: RefObject<HTMLDivElement | null>; bindings: ControlProps["bindings"] }) {
  const { perform, text } = usePage();
  // A list that was opened with the pointer gives the keys back to the page; with the keys one goes on from list to list.
  const isByPointer = useRef(false);
  const open = openAttributes(control, shape);
  const asked = control.setup.attributes.filter((each) => each.labels.length === 0 || each.labels.includes(shape.label));
  return asked.length === 0 ? null : (
    <div ref={box} class="lp-attributes" onPointerDown={() => { isByPointer.current = true; }} onKeyDown={() => { isByPointer.current = false; }}>
      <KeyCap name={bindings.keysOf(actionId("write"))[0]} />
      {asked.map((each) => {
        const id = `lp-attribute-${control.name}-${each.name}`;
        return (
          <div key={each.name} class="lp-form-row">
            <label for={id}>{each.title}{each.required ? <span aria-hidden="true"> *</span> : null}</label>
            <select id={id} class="lp-cell" aria-invalid={open.includes(each.name)} value={shape.attributes[each.name] ?? ""} onChange={(event) => { const { value } = event.currentTarget; if (isByPointer.current) event.currentTarget.blur(); perform(setAttribute, { control: control.name, name: each.name, value }); }}>
              <option value="">{text.t("form.none")}</option>
              {each.options.map((option) => <option key={option} value={option}>{option}</option>)}
            </select>
          </div>
        );
      })}
    </div>
  );
}

export function ShapeControl(props: ControlProps) {
  const { control, value, state, bindings } = props;
  const { perform, text } = usePage();
  const shapes = shapesOf(value);
  const remarks = remarksOnParts(state);
  const { part } = focusOf(state);
  const active = part?.control === control.name ? (shapes.find((shape) => shape.id === part.id) ?? null) : null;
  const pen = penOf(state, control);
  const tools = TOOLS.filter((tool) => control.setup.tools.includes(tool));
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  const at = Math.max(0, shapes.findIndex((shape) => shape.id === active?.id) - SHOWN / 2);
  const row = shapes.slice(at, at + SHOWN);
  // Only when it is asked for, and not again with each shape that comes to hand.
  const box = useRef<HTMLDivElement>(null);
  const asked = state.writing?.control === control.name ? state.writing.asked : 0;
  const done = useRef(asked);
  useLayoutEffect(() => {
    if (asked !== done.current) (box.current?.querySelector<HTMLElement>("select[aria-invalid=true]") ?? box.current?.querySelector<HTMLElement>("select"))?.focus();
    done.current = asked;
  }, [asked]);
  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("page.labels")}>
      <header class="lp-control-head">
        {control.title === "" ? null : <h3 class="lp-control-title">{control.title}</h3>}
        {tools.length < 2 ? null : (
          <div class="lp-draw-tools" role="group" aria-label={text.t("picture.tools")}>
            {tools.map((tool) => (
              <button key={tool} type="button" class="lp-button lp-draw-tool" aria-pressed={tool === pen.tool} onClick={byPointer(() => perform(chooseTool, { control: control.name, tool }))}>{text.t(`tool.${tool}`)}</button>
            ))}
            <KeyCap name={bindings.keysOf(actionId("next-tool"))[0]} />
          </div>
        )}
        <p class="lp-hint lp-hint-keys" role="status">
          {active === null ? text.t("shapes.count", { count: shapes.length }) : text.t("shapes.at-hand")}
          <KeyCap name={bindings.keysOf(actionId(active === null ? "new-shape" : "remove-part"))[0]} />
        </p>
      </header>
      <LabelButtons {...props} marks marked={active?.label ?? pen.label} />
      {active === null ? null : <Attributes control={control} shape={active} bindings={bindings} box={box} />}
      {shapes.length === 0 ? null : (
        <ul class="lp-chips" aria-label={text.t("shapes.list")}>
          {row.map((shape, i) => {
            const label = labels.get(shape.label);
            const name = `${label?.title ?? shape.label} ${at + i + 1}`;
            return (
              <li key={shape.id} class="lp-chip" data-active={shape.id === active?.id ? "" : undefined} data-open={openAttributes(control, shape).length > 0 ? "" : undefined} style={label?.color == null ? undefined : { "--label": label.color }}>
                <button type="button" class="lp-chip-text" onClick={byPointer(() => perform(choosePart, { control: control.name, id: shape.id }))}>{name}</button>
                <RemarkSign count={remarks.get(partKey({ control: control.name, id: shape.id })) ?? 0} part={{ control: control.name, id: shape.id }} />
                <button type="button" class="lp-chip-remove" aria-label={text.t("spans.remove", { text: name })} onClick={byPointer(() => { perform(choosePart, { control: control.name, id: shape.id }); perform<undefined>(removePart, undefined); })}><Icon name="close" /></button>
              </li>
            );
          })}
          {shapes.length > row.length ? <li class="lp-quiet lp-hint">{text.t("spans.more", { count: shapes.length - row.length })}</li> : null}
        </ul>
      )}
    </div>
  );
}
