/** Reviewing others' answers: accept, send back with a reason, fix, take a verdict back; each goes on to the next answer. */
import type { Answer } from "../../wire";
import type { Verdict } from "../../wire-review";
import type { Past, State } from "../state";
import { goTo } from "../edits";
import { shown } from "../view";
import { plainText } from "../../text/plain";
import { stay, type Action, type Step } from "./action";
import { REASON_LENGTH } from "./skip";

/** The answer at hand, when it may be judged. */
function atHand(state: State): Past | null {
  const view = shown(state);
  return state.review !== null && view?.kind === "past" ? view.past : null;
}

export interface Judgement { verdict: Verdict; reason: string; answer: Answer | null }

/** Gives a verdict and goes on; the session tells when the server does not take it. */
export function judge(state: State, past: Past, judgement: Judgement): Step {
  if (state.review === null) return stay(state);
  const changed: Past = {
    ...past, verdict: judgement.verdict, reviewer: state.me?.name ?? "", why: judgement.reason, answer: judgement.answer ?? past.answer,
    skipped: judgement.answer === null && past.skipped, outcome: "sending",
  };
  const judged = [...state.review.judged.filter((key) => key !== past.key), past.key];
  const next: State = {
    ...state, review: { ...state.review, judged: judgement.verdict === "none" ? judged.slice(0, -1) : judged },
    past: state.past.map((each) => (each.key === past.key ? changed : each)), edit: null, panel: state.panel === "reject" ? null : state.panel, notice: null,
  };
  return stay(judgement.verdict === "none" ? next : onward(next), { type: "judge", past, judgement });
}

/** The answer behind the one at hand; behind the last one there is none. */
export function onward(state: State): State {
  const at = (state.at ?? -1) + 1;
  return goTo(state, at < state.past.length ? at : null);
}

export const approve: Action = {
  name: "approve",
  keys: ["a"],
  only: "review",
  isEnabled: (state) => { const past = atHand(state); return past !== null && past.verdict !== "rejected"; },
  perform(state) {
    const past = atHand(state);
    return past === null || !approve.isEnabled(state) ? stay(state) : judge(state, past, { verdict: "accepted", reason: "", answer: null });
  },
};

export const askReject: Action = {
  name: "send-back",
  keys: ["s"],
  only: "review",
  isEnabled: (state) => approve.isEnabled(state),
  perform: (state) => stay(askReject.isEnabled(state) ? { ...state, panel: "reject" } : state),
};

export const reject: Action<string> = {
  name: "reject",
  keys: [],
  isEnabled: (state) => askReject.isEnabled(state),
  perform(state, _env, reason) {
    const past = atHand(state);
    const said = plainText(reason, REASON_LENGTH);
    return past === null || said === "" ? stay(state) : judge(state, past, { verdict: "rejected", reason: said, answer: null });
  },
};

/** Takes the last verdict of this page back, and shows its answer. */
export function unjudge(state: State): Step {
  const key = state.review?.judged.at(-1) ?? (canUnjudge(state) ? atHand(state)?.key : undefined);
  const at = state.past.findIndex((each) => each.key === key);
  const past = state.past[at];
  if (past === undefined) return stay(state);
  return judge({ ...state, at }, past, { verdict: "none", reason: "", answer: null });
}

export function canUnjudge(state: State): boolean {
  return (state.review?.judged.length ?? 0) > 0 || (atHand(state)?.verdict ?? "none") !== "none";
}
