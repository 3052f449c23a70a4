/** Lead to the mark that the address points at: it comes to hand, or the place where it should be is selected. */
import { placeOf, withFocus } from "../focus";
import { boundsOf, shapesOf } from "../shapes";
import { held } from "../sight";
import type { Sought } from "../sought";
import { unitsOf } from "../spans";
import type { State } from "../state";
import { schemaOf, shown } from "../view";
import { stay, type Action } from "./action";
import { handOf } from "./draw";
import { textOf } from "./mark-label";
import { partsOf } from "./parts";

/** A shape that takes less of the picture than this is brought closer, until it takes as much as SHARE. */
const SMALL = 0.15;
const SHARE = 0.3;

export const seek: Action<Sought> = {
  name: "seek",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, _env, sought) {
    const view = shown(state);
    const control = schemaOf(state).controls.find((each) => each.name === sought.control);
    if (view === null || control === undefined) return stay(state);
    const next: State = { ...state, sought: { ...sought, of: placeOf(state) } };
    if (partsOf(state).some((part) => part.control === sought.control && part.id === sought.mark)) {
      return stay(closerTo(withFocus(next, { part: { control: sought.control, id: sought.mark }, mark: null, corner: null }), sought));
    }
    const text = textOf(view, control.setup.field);
    const place = unitsOf(text, sought);
    if (control.type !== "spans" || sought.start < 0 || place.start >= place.end || place.end > text.length) {
      return stay({ ...state, notice: { message: "notice.mark-gone", params: {}, tone: "info" } });
    }
    return stay(withFocus(next, { part: null, mark: { field: control.setup.field, ...place, back: false } }));
  },
};

/** The picture around a small shape. */
function closerTo(state: State, { control, mark }: Sought): State {
  const hand = handOf(state, control);
  const shape = shapesOf(hand?.view.answer[control]).find((each) => each.id === mark);
  if (hand === null || shape === undefined) return state;
  const { size } = hand;
  const { left, top, right, bottom } = boundsOf(shape);
  const share = Math.max((right - left) / size.width, (bottom - top) / size.height);
  if (share >= SMALL) return state;
  const part = Math.max(share / SHARE, SMALL);
  const [width, height] = [part * size.width, part * size.height];
  return { ...state, sight: { of: placeOf(state), sight: held({ x: (left + right - width) / 2, y: (top + bottom - height) / 2, width, height }, size) } };
}
