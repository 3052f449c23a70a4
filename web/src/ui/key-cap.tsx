const SIGNS: Readonly<Record<string, string>> = {
  Enter: "↵", Space: "␣", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Backspace: "⌫",
};

export function keyLabel(key: string): string {
  return key.split(/\+(?=.)/).map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join("+");
}

/** Keys as `aria-keyshortcuts` names them. */
export function shortcuts(keys: readonly string[]): string | undefined {
  return keys.length === 0 ? undefined : keys.map((key) => key.replace("Ctrl+", "Control+")).join(" ");
}

/** The sign of a key; its button tells it to screen readers by `aria-keyshortcuts`. */
export function KeyCap({ name }: { name: string | undefined }) {
  return name === undefined ? null : <kbd class="lp-key" aria-hidden="true">{keyLabel(name)}</kbd>;
}
