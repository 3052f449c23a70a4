/** Look at a picture that is drawn on: closer, farther, aside, brighter. The pointer does the same. */
import { placeOf } from "../focus";
import { held, wholeOf, zoomed, type Sight } from "../sight";
import { boundsOf, type Size } from "../shapes";
import type { State } from "../state";
import { shown } from "../view";
import { stay, type Action } from "./action";
import { handOf, hasShapes, sightOf } from "./draw";

export const LIGHT = { least: 30, most: 300, step: 10, usual: 100 } as const;

const withSight = (state: State, sight: Sight): State => ({ ...state, sight: { of: placeOf(state), sight } });

/** What the pointer came to. */
export const look: Action<Sight> = {
  name: "look",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform: (state, _env, sight) => stay(withSight(state, sight)),
};

const keyed = { isFor: hasShapes };
const isNear = (sight: Sight, size: Size): boolean => sight.width < size.width;

/** About the shape at hand, or else about the middle. */
function zoom(name: string, keys: readonly string[], factor: number): Action {
  return {
    name, keys, ...keyed,
    isEnabled(state) { const hand = handOf(state); return hand !== null && (factor < 1 || isNear(sightOf(state, hand.size), hand.size)); },
    perform(state) {
      const hand = handOf(state);
      if (hand === null) return stay(state);
      const sight = sightOf(state, hand.size);
      const { left, top, right, bottom } = hand.at === null ? { left: sight.x, top: sight.y, right: sight.x + sight.width, bottom: sight.y + sight.height } : boundsOf(hand.at);
      const at = { x: (left + right) / 2, y: (top + bottom) / 2 };
      // The place comes to the middle, so that a few presses bring a small thing to the full screen.
      const next = zoomed(sight, hand.size, at, factor);
      return stay(withSight(state, held({ ...next, x: at.x - next.width / 2, y: at.y - next.height / 2 }, hand.size)));
    },
  };
}

export const closer = zoom("closer", ["+", "="], 1 / 1.5);
export const farther = zoom("farther", ["-"], 1.5);

export const whole: Action = {
  name: "whole", keys: ["0"], ...keyed,
  isEnabled: (state) => state.sight !== null && state.sight.of === placeOf(state),
  perform(state) { const hand = handOf(state); return stay(hand === null ? state : withSight(state, wholeOf(hand.size))); },
};

/** A fifth of what is in sight. With a shape at hand the arrows move that. */
function pan(name: string, key: string, dx: number, dy: number): Action {
  return {
    name, keys: [key], ...keyed, shares: true,
    isEnabled(state) { const hand = handOf(state); return hand !== null && hand.at === null && isNear(sightOf(state, hand.size), hand.size); },
    perform(state) {
      const hand = handOf(state);
      if (hand === null) return stay(state);
      const sight = sightOf(state, hand.size);
      return stay(withSight(state, held({ ...sight, x: sight.x + (dx * sight.width) / 5, y: sight.y + (dy * sight.height) / 5 }, hand.size)));
    },
  };
}

export const PAN_KEYS = [pan("pan-right", "ArrowRight", 1, 0), pan("pan-left", "ArrowLeft", -1, 0), pan("pan-down", "ArrowDown", 0, 1), pan("pan-up", "ArrowUp", 0, -1)] as const;

export const setLight: Action<number> = {
  name: "set-light",
  keys: [],
  isEnabled: (state) => state.phase === "ready",
  perform: (state, _env, light) => stay({ ...state, light: Math.min(Math.max(light, LIGHT.least), LIGHT.most) }),
};

function light(name: string, key: string, by: number): Action {
  return { name, keys: [key], ...keyed, isEnabled: (state) => state.phase === "ready", perform: (state, env) => setLight.perform(state, env, state.light + by) };
}

export const brighter = light("brighter", ">", LIGHT.step);
export const darker = light("darker", "<", -LIGHT.step);
