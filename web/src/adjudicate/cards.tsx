/** The answers to one task beside each other, and what was decided. */
import { useEffect, useRef } from "preact/hooks";
import { KeyCap } from "../ui/key-cap";
import type { Schema } from "../wire";
import { AnswerView } from "./answer-view";
import { colorOf, sameAs, sharedParts } from "./compare";
import type { Decision, Dispute, Given } from "./wire";
import { percent, type Say } from "./words";

export const letter = (place: number): string => String.fromCodePoint(65 + (place % 26));
export const nameOf = (say: Say, given: Given, place: number): string => given.name || say("person", { letter: letter(place) });

interface CardProps {
  say: Say; schema: Schema; dispute: Dispute; given: Given; place: number; shared: ReadonlyMap<string, ReadonlySet<string>>; isChosen: boolean; isPicked: boolean; mayDecide: boolean; isColoured: boolean;
  choose(): void; take(): void; edit(): void;
}

function Card({ say, schema, dispute, given, place, shared, isChosen, isPicked, mayDecide, isColoured, choose, take, edit }: CardProps) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => { if (isChosen && isPicked) box.current?.scrollIntoView({ block: "nearest" }); }, [isChosen, isPicked]);
  const twin = sameAs(schema.controls, dispute.answers.map((each) => each.answer), place);
  const { decision } = dispute;
  const isFinal = decision?.state === "decided" && decision.annotation === given.annotation;
  const name = nameOf(say, given, place);
  const key = place < 9 ? String(place + 1) : undefined;
  return (
    <article ref={box} class="adj-card" data-chosen={isChosen ? "" : undefined} data-final={isFinal ? "" : undefined} style={isColoured ? { "--person": colorOf(place) } : undefined} aria-label={name} onClick={choose}>
      <header>
        {isColoured ? <i class="adj-dot" /> : null}<b dir="auto">{name}</b>
        {given.skill?.accuracy == null ? null : <span class="muted small" title={say("right.title")}>{say("right", { percent: percent(given.skill.accuracy), count: given.skill.answers })}</span>}
        {twin === null ? null : <span class="chip">{say("same", { number: twin + 1 })}</span>}
        {isFinal ? <span class="chip chip-good">{say("final")}{decision.edited ? ` · ${say("final.edited")}` : ""}</span> : null}
      </header>
      <div class="adj-answer">
        {given.answer === null ? <p><span class="chip">{say("skipped")}</span> <span class="muted small" dir="auto">{given.reason}</span></p>
          : <AnswerView say={say} schema={schema} dispute={dispute} answer={given.answer} place={place} shared={shared} />}
      </div>
      {!mayDecide || given.answer === null ? null : (
        <footer>
          <button type="button" class="button button-small" aria-keyshortcuts={key} onClick={(event) => { event.stopPropagation(); take(); }}>{say("take")}<KeyCap name={key} /></button>
          <button type="button" class="button button-small button-quiet" onClick={(event) => { event.stopPropagation(); edit(); }}>{say("edit")}{isChosen ? <KeyCap name="e" /> : null}</button>
        </footer>
      )}
    </article>
  );
}

interface CardsProps {
  say: Say; schema: Schema; dispute: Dispute; chosen: number; isPicked: boolean; mayDecide: boolean;
  choose(place: number): void; take(place: number): void; edit(place: number): void;
}

export function Cards({ say, schema, dispute, chosen, isPicked, mayDecide, choose, take, edit }: CardsProps) {
  const answers = dispute.answers.map((each) => each.answer);
  const shared = new Map(schema.controls.map((control) => [control.name, sharedParts(control, answers)]));
  const isColoured = schema.controls.some((control) => control.type === "shapes");
  return (
    <div class="adj-cards" data-wide={schema.controls.some((control) => control.type === "spans") ? "" : undefined}>
      {dispute.answers.map((given, place) => (
        <Card key={given.annotation} {...{ say, schema, dispute, given, place, shared, isPicked, mayDecide, isColoured }} isChosen={place === chosen}
          choose={() => choose(place)} take={() => take(place)} edit={() => edit(place)} />
      ))}
    </div>
  );
}

export function Final({ say, schema, dispute, decision }: { say: Say; schema: Schema; dispute: Dispute; decision: Decision }) {
  const isTaken = dispute.answers.some((each) => each.annotation === decision.annotation) && !decision.edited;
  return (
    <section class={`notice ${decision.state === "left" ? "notice-warn" : "notice-good"} adj-final`} aria-label={say("final")}>
      <p><strong>{say(decision.state === "left" ? "final.left" : "final")}</strong> {decision.by === "" ? null : <span>{say("final.by", { name: decision.by })}</span>} {decision.reason === "" ? null : <q dir="auto">{decision.reason}</q>}</p>
      {decision.answer === null || isTaken ? null : <AnswerView say={say} schema={schema} dispute={dispute} answer={decision.answer} place={-1} shared={new Map()} />}
    </section>
  );
}
