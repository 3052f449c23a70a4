/** What a key means in a tree of labels, as trees are operated everywhere (WAI-ARIA Authoring Practices, Tree View). */

export interface Tree {
  /** The values above one, the highest first. */
  above(value: string): readonly string[];
  isInner(value: string): boolean;
  /** Which one it is among those beside it, from 1, and how many they are. */
  placeOf(value: string): readonly [number, number];
}

export type TreeStep = { kind: "go"; to: string } | { kind: "turn"; open: boolean } | { kind: "press" };

/** `visible` are the values in sight from top to bottom; null for a key that is none of the tree's. */
export function treeStep(key: string, at: string, visible: readonly string[], tree: Tree, isOpen: (value: string) => boolean): TreeStep | null {
  const place = visible.indexOf(at);
  const go = (to: string | undefined): TreeStep => ({ kind: "go", to: to ?? at });
  const parent = tree.above(at).at(-1);
  switch (key) {
    case "ArrowDown": return go(visible[place + 1]);
    case "ArrowUp": return go(visible[place - 1]);
    case "Home": return go(visible[0]);
    case "End": return go(visible.at(-1));
    case "ArrowRight": return !tree.isInner(at) ? go(at) : isOpen(at) ? go(visible[place + 1]) : { kind: "turn", open: true };
    case "ArrowLeft": return tree.isInner(at) && isOpen(at) ? { kind: "turn", open: false } : go(parent);
    case "Enter": case " ": return { kind: "press" };
    default: return null;
  }
}
