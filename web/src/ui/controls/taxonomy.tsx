/** A tree of labels: branches open where something is chosen, and by hand. Its keys are those of a tree as people know it. */
import { useMemo, useRef, useState } from "preact/hooks";
import { labelId } from "../../state/bindings";
import { palette } from "../../state/actions/panels";
import { chosen } from "../../state/rules/choice";
import { treeOf } from "../../state/rules/taxonomy";
import { treeStep } from "../../state/tree";
import type { AnswerValue, Label } from "../../wire";
import { byPointer, usePage } from "../context";
import { Icon } from "../icon";
import { keyLabel, shortcuts } from "../key-cap";
import type { ControlProps } from "./table";

/** What was done to a branch by hand; one that was closed over a chosen label opens again with the next choice. */
interface Turn { open: boolean; value: AnswerValue }

export function TaxonomyControl({ control, value, bindings, choose, state }: ControlProps) {
  const { perform, text } = usePage();
  const list = useRef<HTMLUListElement>(null);
  const [turns, setTurns] = useState<ReadonlyMap<string, Turn>>(new Map());
  const [at, setAt] = useState<string | null>(null);
  const tree = useMemo(() => treeOf(control), [control]);
  const picked = new Set(chosen(value));
  const implied = new Set([...picked].flatMap((each) => tree.above(each)));
  const isOpen = (branch: string): boolean => {
    const turn = turns.get(branch);
    return turn !== undefined && (turn.open || turn.value === value) ? turn.open : implied.has(branch);
  };
  const isShown = (each: string): boolean => tree.above(each).every(isOpen);
  const visible = control.labels.filter((label) => isShown(label.value));
  // The one that Tab leads to: where the person was, or what of it is in sight; else what is chosen.
  const stop = (at === null ? undefined : [at, ...tree.above(at).toReversed()].find((each) => visible.some((label) => label.value === each)))
    ?? visible.find((label) => picked.has(label.value))?.value ?? visible[0]?.value;

  const turn = (branch: string, open: boolean): void => setTurns(new Map(turns).set(branch, { open, value }));
  const isBranchOnly = (label: string): boolean => control.setup.leavesOnly && tree.isInner(label);
  const press = (label: string): void => (isBranchOnly(label) ? turn(label, !isOpen(label)) : choose(label));

  function onKeyDown(event: KeyboardEvent): void {
    if (stop === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const step = treeStep(event.key, stop, visible.map((label) => label.value), tree, isOpen);
    if (step === null) return;
    event.preventDefault();
    if (step.kind === "press") press(stop);
    else if (step.kind === "turn") turn(stop, step.open);
    else list.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(step.to)}"]`)?.focus();
  }

  function node(label: Label) {
    const keys = bindings.keysOf(labelId(control.name, label.value));
    const inner = tree.isInner(label.value);
    const [place, among] = tree.placeOf(label.value);
    return (
      <li
        key={label.value} class="lp-node" role="treeitem" tabIndex={label.value === stop ? 0 : -1} data-node={label.value} aria-label={label.title}
        aria-level={tree.above(label.value).length + 1} aria-posinset={place} aria-setsize={among} aria-expanded={inner ? isOpen(label.value) : undefined}
        aria-selected={isBranchOnly(label.value) ? undefined : picked.has(label.value)} aria-keyshortcuts={shortcuts(keys)}
        style={{ "--depth": String(tree.above(label.value).length) }} data-chosen={picked.has(label.value) ? "" : undefined}
        onFocus={() => setAt(label.value)} onClick={byPointer(() => press(label.value))}
      >
        {inner ? (
          <button type="button" class="lp-node-open" tabIndex={-1} aria-expanded={isOpen(label.value)} aria-label={text.t("taxonomy.open", { name: label.title })}
            onClick={(event) => { event.stopPropagation(); byPointer(() => turn(label.value, !isOpen(label.value)))(event); }}>
            <Icon name="next" />
          </button>
        ) : <span class="lp-node-open" />}
        <span class="lp-node-name">{label.title}{keys[0] === undefined ? null : <kbd class="lp-key" aria-hidden="true" data-key={keyLabel(keys[0])} />}</span>
      </li>
    );
  }

  const title = control.title || text.t("page.labels");
  return (
    <div class="lp-control" role="group" aria-label={title}>
      <h3 class="lp-control-title">
        {title}
        {palette.isEnabled(state) ? <button type="button" class="lp-link lp-link-small" onClick={byPointer(() => perform<undefined>(palette, undefined))}>{text.t("action.palette")}</button> : null}
      </h3>
      <ul ref={list} class="lp-tree" role="tree" aria-label={title} aria-multiselectable={control.multiple} onKeyDown={onKeyDown}>{visible.map(node)}</ul>
    </div>
  );
}
