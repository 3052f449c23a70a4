/** A tree of labels: branches open where something is chosen, and by hand. */
import { useState } from "preact/hooks";
import { labelId } from "../../state/bindings";
import { palette } from "../../state/actions/panels";
import { chosen } from "../../state/rules/choice";
import { above, isInner } from "../../state/rules/taxonomy";
import type { Label } from "../../wire";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { KeyCap, shortcuts } from "../key-cap";
import type { ControlProps } from "./table";

export function TaxonomyControl({ control, value, bindings, choose, state }: ControlProps) {
  const { perform, text } = usePage();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const picked = chosen(value);
  const open = new Set([...opened, ...picked.flatMap((each) => above(control, each))]);
  const visible = control.labels.filter((label) => above(control, label.value).every((each) => open.has(each)));

  function toggle(branch: string): void {
    const next = new Set(opened);
    if (!next.delete(branch)) next.add(branch);
    setOpened(next);
  }

  function node(label: Label) {
    const keys = bindings.keysOf(labelId(control.name, label.value));
    const inner = isInner(control, label.value);
    const isBranchOnly = inner && control.setup.leavesOnly;
    return (
      <li key={label.value} class="lp-node" style={{ "--depth": String(above(control, label.value).length) }} data-chosen={picked.includes(label.value) ? "" : undefined}>
        {inner ? (
          <button type="button" class="lp-node-open" aria-expanded={open.has(label.value)} aria-label={text.t("taxonomy.open", { name: label.title })} onClick={byPointer(() => toggle(label.value))}>
            <Icon name="next" />
          </button>
        ) : <span class="lp-node-open" />}
        <button type="button" class="lp-node-name" aria-pressed={isBranchOnly ? undefined : picked.includes(label.value)} aria-keyshortcuts={shortcuts(keys)} onClick={byPointer(() => (isBranchOnly ? toggle(label.value) : choose(label.value)))}>
          {label.title}<KeyCap name={keys[0]} />
        </button>
      </li>
    );
  }

  return (
    <div class="lp-control" role="group" aria-label={control.title || text.t("page.labels")}>
      <h3 class="lp-control-title">
        {control.title || text.t("page.labels")}
        {palette.isEnabled(state) ? <button type="button" class="lp-link lp-link-small" onClick={byPointer(() => perform<undefined>(palette, undefined))}>{text.t("action.palette")}</button> : null}
      </h3>
      <ul class="lp-tree">{visible.map(node)}</ul>
    </div>
  );
}
