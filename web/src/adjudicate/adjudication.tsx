/** One task after the other: all answers to it, and a final one by key or by hand. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Json } from "../json";
import { byPointer } from "../ui/context";
import { KeyCap } from "../ui/key-cap";
import { isTyping } from "../ui/typing";
import type { Answer, Schema } from "../wire";
import { Cards, Final, nameOf } from "./cards";
import { colorOf } from "./compare";
import { emptyDesk, onward, revisionOf, wishOf, withDecision, withMore, type Client, type Desk, type Wish } from "./desk";
import { EditCopy } from "./edit-copy";
import { ItemView } from "./item-view";
import { LeaveForm } from "./leave-form";
import { percent, type Say } from "./words";
import type { Decision, Dispute } from "./wire";

interface Props {
  client: Client; say: Say; schema: Schema; raw: Json; guidelines: string; language: string; query: string; pictures: string; mayDecide: boolean;
}
type Over = { kind: "edit"; place: number; copy: Answer } | { kind: "leave" } | null;
/** Fewer tasks than that ahead, and more are read. */
const AHEAD = 5;

export function Adjudication({ client, say, schema, raw, guidelines, language, query, pictures, mayDecide }: Props) {
  const [desk, setDesk] = useState<Desk>(emptyDesk);
  const [chosen, setChosen] = useState(0);
  const [isPicked, setPicked] = useState(false);
  const [over, setOver] = useState<Over>(null);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [told, setTold] = useState<{ said: string; isBad: boolean }>({ said: "", isBad: false });
  const held = useRef(desk);
  const reading = useRef(false);
  held.current = desk;
  const dispute = desk.disputes[desk.at];

  function put(next: Desk): void {
    held.current = next;
    setDesk(next);
  }

  async function more(): Promise<void> {
    const { cursor, names } = held.current;
    if (reading.current || cursor === null) return;
    reading.current = true;
    const found = await client.list(query, cursor, names);
    reading.current = false;
    if (!found.ok) return tell(found.problem === "" ? say("offline") : found.problem, true);
    put(withMore(held.current, found.value.results, found.value.next));
  }

  function atHand(): Dispute | undefined {
    return held.current.disputes[held.current.at];
  }

  function tell(said: string, isBad = false): void {
    setTold({ said, isBad });
  }

  function go(by: number): void {
    const at = Math.min(Math.max(held.current.at + by, 0), held.current.disputes.length);
    put({ ...held.current, at });
    tell("");
  }

  useEffect(() => void more(), []);
  useEffect(() => {
    setChosen(0);
    setPicked(false);
    setHidden(new Set());
    if (desk.phase !== "loading" && desk.at + AHEAD >= desk.disputes.length) void more();
    const address = new URL(location.href);
    if (dispute !== undefined) address.searchParams.set("task", String(dispute.task));
    history.replaceState(null, "", address);
  }, [dispute?.task, desk.phase === "loading"]);

  /** Sends a wish, or null to take the decision back; says what came of it. */
  async function send(one: Dispute, wish: Wish | null): Promise<boolean> {
    put({ ...held.current, phase: "saving" });
    tell(say("saving"));
    const result = wish === null ? await client.undo(one.task, revisionOf(one)) : await client.decide(one.task, wish, revisionOf(one));
    put({ ...held.current, phase: "ready" });
    if (result.ok) {
      put(withDecision(held.current, one.task, result.value));
      return true;
    }
    tell(result.problem === "" ? say("offline") : say("failed", { problem: result.problem }), true);
    if (result.status === 412 || result.status === 404) await again(one.task);
    return false;
  }

  /** Somebody decided the task first: show it as it is now. */
  async function again(task: number): Promise<void> {
    const found = await client.one(task, held.current.names);
    if (!found.ok || found.value === null) return;
    const { value } = found;
    put({ ...held.current, disputes: held.current.disputes.map((each) => (each.task === task ? value : each)) });
    tell(say("changed"), true);
  }

  async function decide(wish: Wish): Promise<void> {
    const one = atHand();
    if (!mayDecide || one === undefined || held.current.phase !== "ready") return;
    const before: Decision | null = one.decision;
    if (!(await send(one, wish))) return;
    put(onward({ ...held.current, made: [...held.current.made, { task: one.task, before }] }));
    tell(say(wish.state === "left" ? "left" : "saved"));
  }

  async function undo(): Promise<void> {
    if (!mayDecide || held.current.phase !== "ready") return;
    const last = held.current.made.at(-1);
    const at = held.current.disputes.findIndex((each) => each.task === (last?.task ?? (dispute?.decision == null ? -1 : dispute.task)));
    const one = held.current.disputes[at];
    if (one === undefined) return tell(say("undo.none"));
    put({ ...held.current, at });
    if (!(await send(one, last?.before == null ? null : wishOf(last.before)))) return;
    put({ ...held.current, made: held.current.made.slice(0, -1) });
    tell(say("undone"));
  }

  function take(place: number): void {
    const given = atHand()?.answers[place];
    if (given?.answer != null) void decide({ state: "decided", annotation: given.annotation });
  }

  function edit(place: number): void {
    const copy = atHand()?.answers[place]?.answer;
    if (mayDecide && desk.phase === "ready" && copy != null) setOver({ kind: "edit", place, copy });
  }

  function choose(place: number): void {
    if (dispute === undefined || dispute.answers.length === 0) return;
    setChosen(Math.min(Math.max(place, 0), dispute.answers.length - 1));
    setPicked(true);
  }

  async function toggleNames(): Promise<void> {
    const names = !held.current.names;
    const kept = held.current;
    put({ ...kept, names });
    // Names come from the server or do not come at all, so what is on the screen is read again.
    const shown = kept.disputes[kept.at];
    if (shown === undefined) return;
    const rows = await Promise.all(kept.disputes.slice(kept.at, kept.at + 1 + AHEAD).map((each) => client.one(each.task, names)));
    const found = new Map(rows.flatMap((row) => (row.ok && row.value !== null ? [[row.value.task, row.value] as const] : [])));
    put({ ...held.current, disputes: held.current.disputes.map((each) => found.get(each.task) ?? (names ? each : { ...each, answers: each.answers.map((given) => ({ ...given, name: "" })) })) });
  }

  function press(key: string): boolean {
    if (/^[1-9]$/.test(key)) take(Number(key) - 1);
    else if (key === "Enter") take(chosen);
    else if (key === "ArrowRight") choose(isPicked ? chosen + 1 : 0);
    else if (key === "ArrowLeft") choose(chosen - 1);
    else if (key === "e") edit(chosen);
    else if (key === "n") go(1);
    else if (key === "p") go(-1);
    else if (key === "z") void undo();
    else if (key === "h") void toggleNames();
    else if (key === "s" && mayDecide && dispute !== undefined) setOver({ kind: "leave" });
    else return false;
    return true;
  }

  // Before the next key comes, so that it meets what is on the screen.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (over !== null || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (press(event.key.length === 1 ? event.key.toLowerCase() : event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  });

  const status = <p class="adj-told" role="status" data-bad={told.isBad ? "" : undefined}>{told.said}</p>;
  if (desk.phase === "loading") return <div class="lp adj">{told.said === "" ? <p class="muted" role="status">{say("loading")}</p> : status}</div>;
  if (dispute === undefined) return <div class="lp adj">{status}<End say={say} desk={desk} back={() => put({ ...desk, at: 0 })} undo={() => void undo()} mayDecide={mayDecide} /></div>;
  const hasShapes = schema.controls.some((control) => control.type === "shapes");
  const key = (name: string) => <KeyCap name={name} />;
  return (
    <div class="lp adj">
      <header class="adj-head">
        <h2>{say("item", { item: dispute.item })}</h2>
        <span class="muted">{say(desk.cursor === null ? "place" : "place.more", { at: desk.at + 1, count: desk.disputes.length })}</span>
        {dispute.agreement === null ? null : <span class="chip">{say("agree", { percent: percent(dispute.agreement) })}</span>}
        {dispute.confidence === null ? null : <span class="chip">{say("sure", { percent: percent(dispute.confidence) })}</span>}
        <span class="adj-spring" />
        <label class="adj-names"><input type="checkbox" checked={desk.names} onChange={(event) => { event.currentTarget.blur(); void toggleNames(); }} />{say("names")}{key("h")}</label>
        <button type="button" class="button button-small" disabled={desk.at === 0} onClick={byPointer(() => go(-1))}>{say("previous")}{key("p")}</button>
        <button type="button" class="button button-small" onClick={byPointer(() => go(1))}>{say("next")}{key("n")}</button>
      </header>
      {dispute.decision === null ? null : <Final say={say} schema={schema} dispute={dispute} decision={dispute.decision} />}
      <div class="adj-body" data-picture={hasShapes ? "" : undefined}><div class="adj-what">
      <ItemView say={say} schema={schema} dispute={dispute} pictures={pictures} chosen={isPicked ? chosen : null} hidden={hidden} />
      {hasShapes ? (
        <fieldset class="adj-legend"><legend class="visually-hidden">{say("all")}</legend>{dispute.answers.map((given, place) => (
          <label key={given.annotation} style={{ "--person": colorOf(place) }}>
            <input type="checkbox" checked={!hidden.has(place)} aria-label={say("shown", { name: nameOf(say, given, place) })} onChange={(event) => { event.currentTarget.blur(); const next = new Set(hidden); if (!next.delete(place)) next.add(place); setHidden(next); }} />
            <i class="adj-dot" />{nameOf(say, given, place)}
          </label>
        ))}</fieldset>
      ) : null}
      </div>
      <Cards say={say} schema={schema} dispute={dispute} chosen={chosen} isPicked={isPicked} mayDecide={mayDecide} choose={choose} take={take} edit={edit} />
      </div>
      {!mayDecide ? <p class="muted small">{say("read-only")}</p> : (
        <footer class="adj-foot">
          {over?.kind === "leave" ? <LeaveForm say={say} done={(reason) => { setOver(null); if (reason !== null) void decide({ state: "left", reason }); }} /> : <>
            <button type="button" class="button" onClick={byPointer(() => setOver({ kind: "leave" }))}>{say("leave")}{key("s")}</button>
            <button type="button" class="button button-quiet" disabled={desk.made.length === 0 && dispute.decision === null} onClick={byPointer(() => void undo())}>{say("undo")}{key("z")}</button>
            {status}
          </>}
        </footer>
      )}
      <Keys say={say} mayDecide={mayDecide} />
      {over?.kind === "edit" ? (
        <EditCopy say={say} schema={raw} guidelines={guidelines} language={language} pictures={pictures} dispute={dispute} copy={over.copy}
          done={(answer) => { const given = dispute.answers[over.place]; setOver(null); if (answer !== null) void decide({ state: "decided", annotation: given?.annotation ?? null, answer }); }} />
      ) : null}
    </div>
  );
}

function End({ say, desk, back, undo, mayDecide }: { say: Say; desk: Desk; back(): void; undo(): void; mayDecide: boolean }) {
  if (desk.cursor !== null) return <p class="muted" role="status">{say("loading")}</p>;
  const isEmpty = desk.disputes.length === 0;
  return (
    <div class="empty"><h2>{say(isEmpty ? "empty" : "end")}</h2><p>{say(isEmpty ? "empty.open" : "end.body")}</p>
      {isEmpty ? null : <p class="adj-end"><button type="button" class="button" onClick={back}>{say("back")}</button>{mayDecide && desk.made.length > 0 ? <button type="button" class="button button-quiet" onClick={undo}>{say("undo")}<KeyCap name="z" /></button> : null}</p>}
    </div>
  );
}

function Keys({ say, mayDecide }: { say: Say; mayDecide: boolean }) {
  const rows: [string, string][] = [
    ...(mayDecide ? [["1–9", say("keys.take")], ["← →", say("keys.choose")], ["Enter", say("keys.enter")], ["e", say("keys.edit")], ["s", say("keys.leave")], ["z", say("keys.undo")]] as [string, string][] : []),
    ["n p", say("keys.move")], ["h", say("keys.names")],
  ];
  return <p class="muted small adj-keys"><span>{say("keys")}</span>{rows.map(([name, said]) => <span key={name}><kbd>{name}</kbd> {said}</span>)}</p>;
}
