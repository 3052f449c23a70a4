/** Decide about an answer that the server didn't take as it was. */
import type { State } from "../state";
import { stay, type Action } from "./action";

const without = (state: State, key: string): State => ({ ...state, attention: state.attention.filter((each) => each.key !== key) });

export const forget: Action<string> = {
  name: "forget",
  keys: [],
  isEnabled: (state) => state.attention.length > 0,
  perform: (state, _env, key) => stay(without(state, key), { type: "forget", key }),
};

/** Puts a refused answer back on the screen, to be corrected and sent anew. */
export const correct: Action<string> = {
  name: "correct",
  keys: [],
  isEnabled: (state) => state.attention.length > 0,
  perform(state, _env, key) {
    const past = state.past.find((each) => each.key === key);
    if (past?.leased == null) return stay(state);
    const work = past.answer === null ? state.work : { ...state.work, [past.task.id]: past.answer };
    const queue = [past.leased, ...state.queue.filter((task) => task.id !== past.task.id)];
    const back = { ...without(state, key), queue, work, past: state.past.filter((each) => each.key !== key), at: null, edit: null };
    return stay(back, { type: "forget", key });
  },
};

export const sendAgain: Action<string> = {
  name: "send-again",
  keys: [],
  isEnabled: (state) => state.attention.length > 0,
  perform: (state, _env, key) => stay(without(state, key), { type: "send-again", key }),
};
