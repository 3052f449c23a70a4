/** A key press as a name: `a`, `Ctrl+z`, `Shift+a`, `Space`, `ArrowLeft`, `?`. */
export interface Press {
  key: string; code: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean; isComposing: boolean; repeat?: boolean;
}

function named(key: string, press: Press): string {
  const letter = /^\p{L}$/u.test(key);
  const base = key === " " ? "Space" : letter ? key.toLowerCase() : key;
  const shift = press.shiftKey && (letter || key.startsWith("Arrow"));
  const control = press.ctrlKey || press.metaKey ? "Ctrl+" : "";
  return `${control}${press.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${base}`;
}

/**
 * The names under which a press may be bound, the most exact first. The place of the key counts where its sign doesn't help:
 * digits of a French keyboard need Shift, and a Chinese or Russian input method puts its own letter there.
 */
export function namesOf(press: Press): string[] {
  const names = [named(press.key, press)];
  const place = /^(?:Digit|Numpad|Key)([0-9A-Z])$/.exec(press.code)?.[1];
  const foreign = press.key === "Process" || !/^[ -~]$/.test(press.key) || press.code.startsWith("Digit");
  if (place !== undefined && foreign) names.push(named(place, press));
  return [...new Set(names)];
}

/** Keys a person may bind: a single sign, with Shift for letters; what the browser or the page needs itself is left out. */
export function isBindable(name: string): boolean {
  return /^(?:Shift\+)?[\p{L}\p{N}\p{P}\p{S}]$/u.test(name) || /^(?:Arrow(?:Left|Right|Up|Down)|Space|Enter|Backspace|F[2-9])$/.test(name);
}
