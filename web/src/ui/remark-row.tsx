/** One comment, with what may be done about it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Say } from "../locales/remarks";
import { fromTokens, piecesOf } from "../state/remarks";
import type { Remark } from "../wire-remarks";
import type { Outcome } from "../api/http";
import { byPointer, usePage } from "./context";
import { RemarkField } from "./remark-field";

interface RowProps { row: Remark; words: Say; about: string | null; here: boolean; goTo: (() => void) | null; changed: (row: Remark) => void; dropped: (id: number) => void }

export function RemarkRow({ row, words, about, here, goTo, changed, dropped }: RowProps) {
  const { session, text } = usePage();
  const [mode, setMode] = useState<"read" | "edit" | "sure">("read");
  const [problem, setProblem] = useState("");

  function took<T>(outcome: Outcome<T>): outcome is { ok: true; value: T } {
    setProblem(outcome.ok ? "" : words("not-done", { problem: "problem" in outcome.failure ? outcome.failure.problem.detail : words("offline") }));
    return outcome.ok;
  }
  async function change(what: { body?: string; resolved?: boolean }): Promise<boolean> {
    const outcome = await session.client.changeRemark(row.id, what);
    if (!took(outcome)) return false;
    setMode("read");
    changed(outcome.value);
    return true;
  }
  async function remove(): Promise<void> {
    if (took(await session.client.removeRemark(row.id))) dropped(row.id);
  }
  const button = (title: string, work: () => void) => <button type="button" class="lp-link" onClick={byPointer(work)}>{title}</button>;
  const at = new Date(row.at);
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => { if (here) place.current?.scrollIntoView({ block: "nearest" }); }, [here]);
  return (
    <li ref={place} class="lp-remark" data-resolved={row.resolved ? "" : undefined} data-here={here ? "" : undefined}>
      <p class="lp-remark-head"><b>{row.writer.name}</b> <time class="lp-quiet" dateTime={at.toISOString()}>{new Intl.DateTimeFormat(text.language, { dateStyle: "short", timeStyle: "short" }).format(at)}</time>
        {row.flag ? <b class="lp-flag">{words("flag")}</b> : null}{row.edited ? <span class="lp-quiet">{words("edited")}</span> : null}</p>
      {about === null ? null : goTo === null ? <p class="lp-remark-about lp-quiet" data-gone={row.part === "" ? undefined : ""} dir="auto">{about}</p> : <button type="button" class="lp-pill lp-remark-about" dir="auto" onClick={byPointer(goTo)}>{about}</button>}
      {mode === "edit" ? (
        <RemarkField words={words} label={words("edit")} button={words("save")} initial={fromTokens(row.body, row.mentions)} initialPeople={row.mentions} focused about={null} cancel={() => setMode("read")} done={(body) => change({ body })} />
      ) : (
        <p class="lp-remark-body" dir="auto">{piecesOf(row.body, row.mentions).map((piece, i) => (piece.name ? <b key={i} class="lp-mention">{piece.text}</b> : piece.text))}</p>
      )}
      {row.resolved ? <p class="lp-quiet">{row.resolvedBy === null ? words("resolved") : words("resolved-by", { name: row.resolvedBy })}</p> : null}
      {problem === "" ? null : <p class="lp-complaint" role="alert">{problem}</p>}
      {mode === "sure" ? <div class="lp-remark-tools"><span>{words("sure")}</span>{button(words("remove"), () => void remove())}{button(words("cancel"), () => setMode("read"))}</div> : null}
      {mode === "read" ? (
        <div class="lp-remark-tools">
          {button(words(row.resolved ? "reopen" : row.flag ? "clear" : "resolve"), () => void change({ resolved: !row.resolved }))}
          {row.mayEdit ? button(words("edit"), () => setMode("edit")) : null}
          {row.mayEdit ? button(words("remove"), () => setMode("sure")) : null}
        </div>
      ) : null}
    </li>
  );
}
