/** Labels in a tree: a chosen node says all that lies above it, so those are left out of the value. */
import type { Control, Label } from "../../wire";
import type { Tree } from "../tree";
import { choiceRules, chosen } from "./choice";
import type { ControlRules } from "./rules";

export const SEPARATOR = " › ";

/** The values above one, the highest first. */
export function above(control: Control, value: string): string[] {
  const found: string[] = [];
  for (let parent = control.setup.parents[value]; parent !== undefined && !found.includes(parent); parent = control.setup.parents[parent]) found.unshift(parent);
  return found;
}

/** The same for a whole tree, which may have a thousand labels. */
export function treeOf(control: Control): Tree {
  const { parents } = control.setup;
  const ways = new Map(control.labels.map((label) => [label.value, above(control, label.value)]));
  const beside = new Map<string | undefined, string[]>();
  for (const { value } of control.labels) beside.set(parents[value], [...(beside.get(parents[value]) ?? []), value]);
  return {
    above: (value) => ways.get(value) ?? [],
    isInner: (value) => beside.has(value),
    placeOf(value) {
      const row = beside.get(parents[value]) ?? [];
      return [row.indexOf(value) + 1, row.length];
    },
  };
}

export function isInner(control: Control, value: string): boolean {
  return Object.values(control.setup.parents).includes(value);
}

export function pathOf(control: Control, label: Label): string {
  const titles = new Map(control.labels.map((each) => [each.value, each.title]));
  return [...above(control, label.value), label.value].map((value) => titles.get(value) ?? value).join(SEPARATOR);
}

/** With their paths as titles, so that the palette finds "boots" under "shoes". */
function choosable(control: Control): Label[] {
  const inner = new Set(Object.values(control.setup.parents));
  return control.labels
    .filter((label) => !control.setup.leavesOnly || !inner.has(label.value))
    .map((label) => ({ ...label, title: pathOf(control, label) }));
}

export const taxonomyRules: ControlRules = {
  ...choiceRules,
  choices: choosable,
  choose(control, value, choice) {
    if (control.setup.leavesOnly && isInner(control, choice)) return chosen(value);
    const picked = choiceRules.choose(control, value, choice);
    const implied = new Set(chosen(picked).flatMap((each) => above(control, each)));
    // Choosing a node above a chosen one takes the place of what was more exact.
    if (implied.has(choice)) return chosen(picked).filter((each) => each === choice || !above(control, each).includes(choice));
    return chosen(picked).filter((each) => !implied.has(each));
  },
  settlesAtOnce: () => false,
  titles: (control, value) => control.labels.filter((label) => chosen(value).includes(label.value)).map((label) => pathOf(control, label)),
};
