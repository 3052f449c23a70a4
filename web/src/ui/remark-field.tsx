/** A field for a comment: members are named after an @, chosen from a list by keyboard. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Say } from "../locales/remarks";
import { cleanRemark, nameBeingWritten, REMARK_LENGTH, toTokens, withName } from "../state/remarks";
import type { Member } from "../wire-remarks";
import { byPointer, usePage } from "./context";

interface FieldProps {
  words: Say; label: string; button: string; initial: string; initialPeople: readonly Member[]; focused: boolean;
  /** The part of the answer that it points at, if it may. */
  about: { title: string; on: boolean; toggle: () => void } | null;
  cancel?: () => void;
  /** Gives whether the text was taken. */
  done: (body: string) => boolean | Promise<boolean>;
}

/** Members whose name begins like the letters behind the @. */
function useOffers(letters: string | null): readonly Member[] {
  const { session } = usePage();
  const [offers, setOffers] = useState<readonly Member[]>([]);
  useEffect(() => {
    if (letters === null) return setOffers([]);
    let isOver = false;
    void session.client.members(letters).then((outcome) => { if (!isOver) setOffers(outcome.ok ? outcome.value : []); });
    return () => { isOver = true; };
  }, [letters]);
  return letters === null ? [] : offers;
}

export function RemarkField({ words, label, button, initial, initialPeople, focused, about, cancel, done }: FieldProps) {
  const [body, setBody] = useState(initial);
  const [cursor, setCursor] = useState(initial.length);
  const [people, setPeople] = useState<readonly Member[]>(initialPeople);
  const [at, setAt] = useState(0);
  const [shut, setShut] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const letters = shut ? null : nameBeingWritten(body, cursor);
  const offers = useOffers(letters);
  const id = `lp-people-${label}`.replace(/\s/g, "-");
  useLayoutEffect(() => { if (focused) field.current?.focus(); }, []);
  useLayoutEffect(() => { if (document.activeElement === field.current) field.current?.setSelectionRange(cursor, cursor); }, [people]);

  function choose(member: Member | undefined): void {
    if (member === undefined) return;
    const next = withName(body, cursor, member);
    setBody(next.text);
    setCursor(next.cursor);
    setPeople([...people.filter((each) => each.id !== member.id), member]);
    setAt(0);
    field.current?.focus();
  }

  async function send(): Promise<void> {
    if (cleanRemark(body) === "") return;
    if (!(await done(toTokens(body, people)))) return;
    setBody("");
    setCursor(0);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
    else if (event.key === "Escape" && (offers.length > 0 || cancel !== undefined)) offers.length > 0 ? setShut(true) : cancel?.();
    else if (offers.length > 0 && step !== 0) setAt((at + step + offers.length) % offers.length);
    else if (offers.length > 0 && (event.key === "Enter" || event.key === "Tab")) choose(offers[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const read = (target: HTMLTextAreaElement): void => { setBody(target.value); setCursor(target.selectionStart); };
  const length = [...body].length;
  return (
    <form class="lp-form lp-remark-form" onSubmit={(event) => { event.preventDefault(); void send(); }}>
      {about === null ? null : <button type="button" class="lp-pill" aria-pressed={about.on} onClick={byPointer(about.toggle)} dir="auto">{words("about")} {about.title}</button>}
      <label class="lp-input">
        <span>{label}</span>
        <textarea
          ref={field} rows={3} value={body} dir="auto" aria-autocomplete="list" aria-controls={id} aria-haspopup="listbox"
          aria-activedescendant={offers.length > 0 ? `${id}-${at}` : undefined} onKeyDown={onKeyDown}
          onInput={(event) => { read(event.currentTarget); setShut(false); setAt(0); }} onKeyUp={(event) => setCursor(event.currentTarget.selectionStart)} onClick={(event) => setCursor(event.currentTarget.selectionStart)}
        />
      </label>
      <ul id={id} class="lp-people" role="listbox" aria-label={words("people")} hidden={offers.length === 0}>
        {offers.map((member, i) => (
          <li key={member.id} id={`${id}-${i}`} role="option" aria-selected={i === at} class="lp-palette-row" onMouseDown={(event) => { event.preventDefault(); choose(member); }}>{member.name}</li>
        ))}
      </ul>
      {length > REMARK_LENGTH ? <p class="lp-complaint" role="alert">{words("length", { count: length, most: REMARK_LENGTH })}</p> : null}
      <div class="lp-buttons">
        <span class="lp-hint">{words("how")}</span>
        {cancel === undefined ? null : <button type="button" class="lp-button" onClick={cancel}>{words("cancel")}</button>}
        <button type="submit" class="lp-button lp-button-primary" disabled={cleanRemark(body) === "" || length > REMARK_LENGTH}>{button}</button>
      </div>
    </form>
  );
}
