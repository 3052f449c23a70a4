/** Comments: open the panel, say something, decide about one that the server refused, and note how many are open. */
import { cleanRemark, type Pointer, type UnsentRemark } from "../remarks";
import { withFocus, type Part } from "../focus";
import { shown } from "../view";
import { stay, type Action } from "./action";

export const comments: Action = {
  name: "comments",
  // Plain letters choose labels.
  keys: ["Shift+c", ";"],
  isEnabled: (state) => state.phase === "ready" && state.onboarding === null && (state.panel === "comments" || shown(state) !== null),
  perform: (state) => stay(comments.isEnabled(state) ? { ...state, panel: state.panel === "comments" ? null : "comments" } : state),
};

/** `answerOf` is whose answer holds the part; null for one's own. */
export interface Said { task: number; body: string; part: Part | null; answerOf: number | null }

export const say: Action<Said> = {
  name: "say",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform(state, env, { task, body, part, answerOf }) {
    const text = cleanRemark(body);
    if (text === "") return stay(state);
    const submission = { client_key: env.newKey(), task, body: text, control: part?.control ?? "", part: part?.id ?? "", answer_of: part === null ? null : answerOf };
    const unsent: UnsentRemark = { key: submission.client_key, submission, problem: null };
    return stay({ ...state, unsent: [...state.unsent, unsent] }, { type: "remark", submission });
  },
};

/** Opens the question why; the task is answered as usual. */
export const askFlag: Action = {
  name: "flag",
  keys: ["Shift+f"],
  only: "labeling",
  isEnabled: (state) => state.phase === "ready" && shown(state) !== null,
  perform: (state) => stay(askFlag.isEnabled(state) ? { ...state, panel: "flag" } : state),
};

/** Flags the task at hand; the reason may be empty. */
export const raiseFlag: Action<string> = {
  name: "raise-flag",
  keys: [],
  isEnabled: (state) => askFlag.isEnabled(state),
  perform(state, env, reason) {
    const task = shown(state)?.item.id;
    if (task === undefined) return stay(state);
    const submission = { client_key: env.newKey(), task, body: cleanRemark(reason), control: "", part: "", answer_of: null, flag: true } as const;
    const unsent: UnsentRemark = { key: submission.client_key, submission, problem: null };
    const notice = { message: "notice.flagged", params: {}, tone: "good" } as const;
    return stay({ ...state, panel: null, notice, unsent: [...state.unsent, unsent] }, { type: "remark", submission });
  },
};

export const forgetRemark: Action<string> = {
  name: "forget-remark",
  keys: [],
  isEnabled: (state) => state.unsent.length > 0,
  perform: (state, _env, key) => stay({ ...state, unsent: state.unsent.filter((each) => each.key !== key) }, { type: "forget-remark", key }),
};

export const remarkAgain: Action<string> = {
  name: "remark-again",
  keys: [],
  isEnabled: (state) => state.unsent.length > 0,
  perform: (state, _env, key) => stay(state, { type: "remark-again", key }),
};

/** What was read of a task's comments: how many are open, and what they point at. */
export const noteRemarks: Action<{ task: number; rows: readonly Pointer[] }> = {
  name: "note-remarks",
  keys: [],
  isEnabled: () => true,
  perform(state, _env, { task, rows }) {
    const pointers = rows.map(({ control, part, answerOf, resolved }) => ({ control, part, answerOf, resolved }));
    const open = pointers.filter((each) => !each.resolved).length;
    return stay({ ...state, remarkCounts: { ...state.remarkCounts, [task]: open }, remarkPointers: { ...state.remarkPointers, [task]: pointers } });
  },
};

/** The comments on a part, from the sign at it. */
export const readAbout: Action<Part> = {
  name: "read-about",
  keys: [],
  isEnabled: (state) => shown(state) !== null,
  perform: (state, _env, part) => stay({ ...withFocus(state, { part, mark: null, corner: null }), panel: "comments" }),
};
