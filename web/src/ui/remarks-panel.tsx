/** What people say about the task at hand, and a field to say something. */
import { useEffect, useState } from "preact/hooks";
import { remarkWords, type Say } from "../locales/remarks";
import { close } from "../state/actions/panels";
import { choosePart, partsOf } from "../state/actions/parts";
import { forgetRemark, noteRemarks, remarkAgain, say } from "../state/actions/remark";
import { answererOf, partAtHand, type UnsentRemark } from "../state/remarks";
import type { Part } from "../state/focus";
import { spansOf } from "../state/spans";
import { shapesOf } from "../state/shapes";
import type { State } from "../state/state";
import { schemaOf, type Shown } from "../state/view";
import type { Remark } from "../wire-remarks";
import { byPointer, usePage } from "./context";
import { Icon } from "./icon";
import { RemarkField } from "./remark-field";
import { RemarkRow } from "./remark-row";

/** How people call a span or shape of the answer on the screen; null when it is not there. */
export function partTitle(state: State, view: Shown, part: Part): string | null {
  const control = schemaOf(state).controls.find((each) => each.name === part.control);
  if (control === undefined) return null;
  const value = view.answer[part.control];
  const titles = new Map(control.labels.map((label) => [label.value, label.title]));
  const span = control.type === "spans" ? spansOf(value).find((each) => each.id === part.id) : undefined;
  if (span !== undefined) return `“${[...span.text].slice(0, 40).join("")}” ${titles.get(span.label) ?? span.label}`;
  const shapes = control.type === "shapes" ? shapesOf(value) : [];
  const at = shapes.findIndex((each) => each.id === part.id);
  const shape = shapes[at];
  return shape === undefined ? null : `${titles.get(shape.label) ?? shape.label} ${at + 1}`;
}

interface Found { task: number; rows: readonly Remark[]; next: string | null; state: "loading" | "ready" | "failed" }

/** The comments of a task, read again whenever one of one's own has arrived. */
function useRemarks(task: number, arrived: number) {
  const { perform, session } = usePage();
  const [found, setFound] = useState<Found>({ task, rows: [], next: null, state: "loading" });
  const put = (rows: readonly Remark[], next: string | null): void => {
    setFound({ task, rows, next, state: "ready" });
    perform(noteRemarks, { task, rows });
  };
  useEffect(() => {
    let isOver = false;
    if (found.task !== task) setFound({ task, rows: [], next: null, state: "loading" });
    void session.client.remarks(task, null).then((outcome) => {
      if (isOver) return;
      if (outcome.ok) put(outcome.value.rows, outcome.value.next);
      else setFound((old) => (old.task === task && old.state === "ready" ? old : { task, rows: [], next: null, state: "failed" }));
    });
    return () => { isOver = true; };
  }, [task, arrived]);
  const current = found.task === task ? found : { task, rows: [], next: null, state: "loading" as const };
  return {
    ...current,
    change: (row: Remark) => put(current.rows.map((each) => (each.id === row.id ? row : each)), current.next),
    drop: (id: number) => put(current.rows.filter((each) => each.id !== id), current.next),
    async more(): Promise<void> {
      const outcome = await session.client.remarks(task, current.next);
      if (outcome.ok) put([...current.rows, ...outcome.value.rows], outcome.value.next);
    },
  };
}

function Waiting({ row, words }: { row: UnsentRemark; words: Say }) {
  const { perform } = usePage();
  return (
    <li class="lp-remark" data-waiting={row.problem === null ? "" : undefined}>
      <p class="lp-remark-body" dir="auto">{row.submission.flag === true ? <b class="lp-flag">{words("flag")}</b> : null} {row.submission.body}</p>
      {row.problem === null ? <p class="lp-quiet">{words("waiting")}</p> : <p class="lp-complaint" role="alert">{words("refused", { problem: row.problem })}</p>}
      {row.problem === null ? null : (
        <div class="lp-remark-tools">
          <button type="button" class="lp-link" onClick={byPointer(() => perform(remarkAgain, row.key))}>{words("again")}</button>
          <button type="button" class="lp-link" onClick={byPointer(() => perform(forgetRemark, row.key))}>{words("discard")}</button>
        </div>
      )}
    </li>
  );
}

export function RemarksPanel({ state, view }: { state: State; view: Shown }) {
  const { perform, text } = usePage();
  const words = remarkWords(text.language);
  const task = view.item.id;
  const unsent = state.unsent.filter((row) => row.submission.task === task);
  const found = useRemarks(task, unsent.length);
  const part = partAtHand(state);
  const title = part === null ? null : partTitle(state, view, part);
  const [whole, setWhole] = useState(false);
  useEffect(() => setWhole(false), [part?.id, task]);
  const about = part !== null && title !== null && !whole ? part : null;
  const parts = partsOf(state);
  const answerer = answererOf(state);
  // Two people's answers may have parts of one name, so it must be the answer that was spoken of.
  const goTo = (row: Remark): (() => void) | null => {
    const there = row.answerOf === answerer && parts.some((each) => each.control === row.control && each.id === row.part);
    return there ? () => perform(choosePart, { control: row.control, id: row.part }) : null;
  };
  const aboutOf = (row: Remark): string | null => {
    if (row.control === "") return null;
    if (row.part === "") return schemaOf(state).controls.find((each) => each.name === row.control)?.title || row.control;
    if (row.answerOf !== answerer) return words("elsewhere");
    return partTitle(state, view, { control: row.control, id: row.part }) ?? words("gone");
  };
  return (
    <aside class="lp-guidelines lp-remarks" aria-labelledby="lp-remarks-title">
      <header class="lp-dialog-head">
        <h2 id="lp-remarks-title">{words("title")}</h2>
        <button type="button" class="lp-tool" aria-label={text.t("action.close")} onClick={() => perform<undefined>(close, undefined)}><Icon name="close" /></button>
      </header>
      <RemarkField
        key={task} words={words} label={words("write")} button={words("send")} initial="" initialPeople={[]} focused
        about={title === null || part === null ? null : { title, on: about !== null, toggle: () => setWhole(!whole) }}
        done={(body) => { perform(say, { task, body, part: about, answerOf: view.kind === "past" ? view.past.by?.id ?? null : null }); return true; }}
      />
      {found.state === "loading" ? <p class="lp-hint" role="status">{words("loading")}</p> : null}
      {found.state === "failed" ? <p class="lp-hint" role="status">{words("failed")}</p> : null}
      {found.state === "ready" && found.rows.length === 0 && unsent.length === 0 ? <p class="lp-hint" role="status">{words("none")}</p> : null}
      <ul class="lp-remark-list">
        {[...unsent].reverse().map((row) => <Waiting key={row.key} row={row} words={words} />)}
        {found.rows.map((row) => (
          <RemarkRow
            key={row.id} row={row} words={words} about={aboutOf(row)} here={row.part !== "" && row.control === part?.control && row.part === part.id && row.answerOf === answerer}
            goTo={goTo(row)} changed={found.change} dropped={found.drop}
          />
        ))}
      </ul>
      {found.next === null ? null : <button type="button" class="lp-button" onClick={byPointer(() => void found.more())}>{words("older")}</button>}
    </aside>
  );
}
