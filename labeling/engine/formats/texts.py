"""Labeled texts without questions of their own: a label, spans, relations and a written answer, gathered into a schema.

Formats that name no controls give records whose answers stand under the names here; a first pass over them finds out
what is asked, a second one makes the answers fit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from labeling.engine.controls.choice import Choice
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.words import Words
from labeling.engine.formats.leaving import tell_of_answers, tell_of_controls
from labeling.engine.formats.marking import Answering, Labels
from labeling.engine.formats.record import FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema, parse_schema

TEXT = "text"
PICTURE = "image"
LABEL, SPANS, TIES, WORDS = "label", "spans", "relations", "answer"
# Gives records with the place of each for reports; it is called twice.
Give = Callable[[Losses], Iterator[tuple[str, Record]]]


@dataclass(slots=True)
class Asked:
    """What the answers of a dataset need from a schema.

    Attributes:
        chosen: Labels of whole texts.
        marked: Labels of spans.
        tied: Labels of relations.
        several: Whether a text had more than one label.
        written: Whether people wrote a text.
        pictured: Whether the items are pictures.
    """

    chosen: Labels = field(default_factory=Labels)
    marked: Labels = field(default_factory=Labels)
    tied: Labels = field(default_factory=Labels)
    several: bool = False
    written: bool = False
    pictured: bool = False

    def see(self, record: Record) -> None:
        """Note what is said about an item."""
        self.pictured |= bool(record.picture)
        given = [said.answer for said in (*record.answers, *record.predictions)]
        for answer in (*given, record.final or {}):
            chosen = answer.get(LABEL, ())
            self.several |= len(chosen) > 1
            self.written |= WORDS in answer
            for value in chosen:
                self.chosen.add(value)
            for row in answer.get(SPANS, ()):
                self.marked.add(row["label"])
            for row in answer.get(TIES, ()):
                self.tied.add(row["label"])

    def schema(self, losses: Losses, where: str) -> Schema:
        """Return the schema.

        Raises:
            FormatError: ``no_labels``, ``too_many_labels``.
        """
        controls: list[dict[str, Any]] = []
        if self.chosen.rows:
            labels = self.chosen.to_json(losses, where, least=2)
            row = {"name": LABEL, "type": "choice", "multiple": self.several, "required": False, "labels": labels}
            controls.append(row)
        if self.marked.rows:
            labels = self.marked.to_json(losses, where)
            controls.append({"name": SPANS, "type": "spans", "field": TEXT, "snap": False, "labels": labels})
            if self.tied.rows:
                tied = self.tied.to_json(losses, where)
                controls.append({"name": TIES, "type": "relations", "spans": SPANS, "labels": tied})
        if self.written:
            controls.append({"name": WORDS, "type": "text", "required": False, "most": 100_000})
        if not controls:
            raise FormatError("no_labels", f"{where} has no labels and no answers, so there is nothing to ask.")
        kind, name = ("image", PICTURE) if self.pictured else ("text", TEXT)
        return parse_schema({"display": [{"type": kind, "field": name}], "controls": controls})


def reading_of(give: Give, losses: Losses, where: str, asked: Asked | None = None, *, answered: bool = True) -> Reading:
    """Return a reading of records whose answers stand under LABEL, SPANS, TIES and WORDS.

    Args:
        give: Gives the records, twice.
        losses: The report; the first pass tells nothing.
        where: What the dataset is called in errors.
        asked: With labels that were declared beside the records.
        answered: Whether the format says what was answered; else a text without a label was not, where labels alone
            are asked.

    Raises:
        FormatError: ``no_labels``, ``too_many_labels``, or what `give` raises.
    """
    asked = asked or Asked()
    items = 0
    for _where, record in give(Losses()):
        asked.see(record)
        items += 1
    schema = asked.schema(losses, where)

    def records() -> Iterator[Record]:
        answering = Answering(schema, losses)
        for place, record in give(losses):
            given, final = record.answers, record.final
            record.answers = [_fitted(answering, said, record, place) for said in given]
            record.predictions = [_fitted(answering, said, record, place) for said in record.predictions]
            own = (number for number, said in enumerate(given) if said.answer is final)
            if final is not None:
                number = next(own, None)
                fitted = None if number is None else record.answers[number].answer
                record.final = answering.fit(_cleaned(final), record.fields, place) if fitted is None else fitted
            if not answered and not asked.marked.rows and record.final == {} and len(given) < 2:
                record.answers, record.final = [], None
            yield record

    return Reading(schema.to_json(), records, items)


def _fitted(answering: Answering, said: Said, record: Record, where: str) -> Said:
    answer = answering.fit(_cleaned(said.answer), record.fields, where)
    return replace(said, answer=answer)


def _cleaned(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with labels as `Asked.schema` has them."""
    labels = Labels()
    found = dict(answer)
    if LABEL in found:
        found[LABEL] = list(dict.fromkeys(filter(None, map(labels.add, found[LABEL]))))
    for name in (SPANS, TIES):
        if name in found:
            found[name] = [{**row, "label": labels.add(row["label"])} for row in found[name]]
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """The controls of a project that a format of labeled texts has places for; the first of each kind.

    Attributes:
        choice: Labels of the whole text.
        spans: Marked stretches.
        ties: Relations between them.
        words: A written answer.
    """

    choice: Choice | None = None
    spans: Spans | None = None
    ties: Relations | None = None
    words: Words | None = None

    @property
    def names(self) -> set[str]:
        """The names of the controls."""
        return {control.name for control in (self.choice, self.spans, self.ties, self.words) if control is not None}

    @property
    def field(self) -> str:
        """The field that the spans mark; empty for none."""
        return self.spans.field if self.spans is not None else ""


def held_in(schema: Schema, kinds: Iterable[type]) -> Held:
    """Return the controls of a project that are of these kinds, the first of each."""
    wanted = tuple(kinds)
    choice = next((each for each in schema.controls if isinstance(each, Choice)), None) if Choice in wanted else None
    spans = next((each for each in schema.controls if isinstance(each, Spans)), None) if Spans in wanted else None
    ties = None
    if Relations in wanted and spans is not None:
        tied = (each for each in schema.controls if isinstance(each, Relations) and each.spans == spans.name)
        ties = next(tied, None)
    words = next((each for each in schema.controls if isinstance(each, Words)), None) if Words in wanted else None
    return Held(choice, spans, ties, words)


def text_field(schema: Schema, held: Held) -> str:
    """Return the field that is written as the text: the one that is marked, else the first that is shown."""
    return held.field or next(iter(schema.texts), "")


def told(records: Iterable[Record], schema: Schema, held: Held, target: Target, title: str) -> Iterator[Record]:
    """Give the records, telling what a format with one unsigned answer for each item leaves out of them."""
    tell_of_controls(schema, held.names, target.losses, title)
    for record in records:
        tell_of_answers(record, target.losses, title)
        tell_of_people(record, target.losses, title)
        yield record


def tell_of_people(record: Record, losses: Losses, title: str) -> None:
    """Note, once for a dataset, that a format says neither who answered nor when."""
    signed = any(said.by or said.at for said in record.answers)
    if signed and f"people {title}" not in losses.said:
        losses.said.add(f"people {title}")
        losses.add("people", "people", f"{title} says neither who answered nor when.")
