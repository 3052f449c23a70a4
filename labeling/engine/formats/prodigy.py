"""Reads Prodigy's JSONL: spans with or without tokens, labels accepted or rejected, options, relations."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from curation.engine.readers.arrow_columns import as_json
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import Losses, Reading, Record, Said
from labeling.engine.formats.rows import Row, first_rows, json_rows, plain
from labeling.engine.formats.texts import LABEL, SPANS, TEXT, TIES, WORDS, Asked, reading_of

ANSWERS = ("accept", "reject", "ignore")
# Where we keep the name of an item; Prodigy keeps members that it does not know.
ITEM = "item"
_TAKEN = frozenset({TEXT, "spans", "tokens", "answer", "label", "options", "accept", "relations", "meta", "html", ITEM})
_TAKEN |= {"user_input", "style", "config", "priority", "score"}


def recognize(files: Files) -> bool:
    """Tell whether there are rows with Prodigy's hashes or answers."""
    return any(_is_prodigy(files, path) for path in files.named(".jsonl", ".json"))


def _is_prodigy(files: Files, path: str) -> bool:
    return any(
        "_task_hash" in row or "_input_hash" in row or (TEXT in row and row.get("answer") in ANSWERS)
        for row in first_rows(files, path)
    )


def read(files: Files, losses: Losses) -> Reading:
    """Read the answers of everybody to one text together, known by its input hash.

    What was ignored is skipped. A rejected label is ``not LABEL`` where the file asks about that one alone.

    Raises:
        FormatError: ``json_broken``, ``no_labels``, ``too_many_labels``.
    """
    paths = [path for path in files.named(".jsonl", ".json") if _is_prodigy(files, path)] or list(files.paths)
    times: Counter[Any] = Counter()
    # In the order in which they came: each reading of a file must give the same schema.
    asked, binary = Asked(), dict[str, None]()
    for path in paths:
        for _where, row in json_rows(files, path, Losses()):
            times[_key(row)] += 1
            if _is_binary(row):
                binary.setdefault(str(row["label"]))
            for option in row.get("options") or ():
                if isinstance(option, Mapping) and "id" in option:
                    asked.chosen.add(option["id"], title=str(option.get("text") or ""))
    for label in binary:
        asked.chosen.add(label)
    if len(binary) == 1 and not asked.chosen.rows.keys() - binary.keys():
        asked.chosen.add(f"not {next(iter(binary))}")
    return reading_of(partial(_records, files, paths, times, len(binary) == 1), losses, paths[0], asked)


def _key(row: Row) -> Any:
    return row.get("_input_hash", row.get(TEXT))


def _is_binary(row: Row) -> bool:
    """Tell whether a row asks about one label of the whole text."""
    return isinstance(row.get("label"), str) and "options" not in row and "spans" not in row


def _records(
    files: Files, paths: list[str], times: Mapping[Any, int], alone: bool, losses: Losses
) -> Iterator[tuple[str, Record]]:
    waiting: dict[Any, tuple[str, Record, int]] = {}
    for path in paths:
        for where, row in json_rows(files, path, losses):
            key = _key(row)
            place, record, left = waiting.pop(key, (where, None, times[key]))
            record = _record(row, where, losses) if record is None else record
            if record is not None:
                _add(record, row, where, alone, losses)
            if left > 1:
                # Others say something of the same text further on.
                if record is not None:
                    waiting[key] = (place, record, left - 1)
                else:
                    losses.add(where, "text_missing", "What is said of it further on is left out too.")
                continue
            if record is not None:
                yield place, _settled(record)
    for place, record, _left in waiting.values():
        yield place, _settled(record)


def _settled(record: Record) -> Record:
    if len(record.answers) == 1 and not record.answers[0].by and not record.answers[0].skipped:
        record.final = record.answers[0].answer
    return record


def _record(row: Row, where: str, losses: Losses) -> Record | None:
    text = row.get(TEXT)
    if not isinstance(text, str) or not text:
        losses.add(where, "text_missing", "It has no text and is left out.")
        return None
    fields: dict[str, Any] = {TEXT: text}
    meta = row.get("meta")
    for members in (meta if isinstance(meta, Mapping) else {}, row):
        for name, value in members.items():
            if members is row and (name in _TAKEN or name.startswith("_")):
                continue
            fields.setdefault(str(name), value if plain(value) else as_json(value))
    return Record(str(row.get(ITEM) or row.get("_input_hash") or where), fields)


def _add(record: Record, row: Row, where: str, alone: bool, losses: Losses) -> None:
    """Add what a row says of its text."""
    said = row.get("answer")
    by, at = str(row.get("_annotator_id") or row.get("_session_id") or ""), _time(row.get("_timestamp"))
    if said == "ignore":
        record.answers.append(Said({}, by, at, skipped=True))
    elif said == "reject" and not (alone and _is_binary(row)):
        losses.add(where, "rejected", "What was rejected says what is wrong and not what is right. It is left out.")
    elif said is None:
        answer = _answer(row, where, losses)
        if answer:
            record.predictions.append(Said(answer, str(row.get("model") or ""), confidence=_score(row)))
    elif said in ANSWERS:
        answer = {LABEL: [f"not {row['label']}"]} if said == "reject" else _answer(row, where, losses)
        _join(record, answer, by, at, binary=_is_binary(row))
    else:
        losses.add(where, "answer_broken", f"{str(said)[:40]!r} is none of {', '.join(ANSWERS)}. It is left out.")


def _join(record: Record, answer: dict[str, Any], by: str, at: str, *, binary: bool) -> None:
    """Add an answer; the labels of a text that were asked one by one are one answer of a person."""
    for number, said in enumerate(record.answers):
        if binary and said.by == by and not said.skipped:
            labels = [*said.answer.get(LABEL, ()), *answer.get(LABEL, ())]
            record.answers[number] = Said({**said.answer, LABEL: list(dict.fromkeys(labels))}, by, at or said.at)
            return
    record.answers.append(Said(answer, by, at))


def _score(row: Row) -> float | None:
    score = row.get("score")
    return min(1.0, max(0.0, float(score))) if isinstance(score, int | float) else None


def _time(seconds: Any) -> str:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return ""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _answer(row: Row, where: str, losses: Losses) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    accepted = row.get("accept")
    if isinstance(accepted, list) and accepted:
        answer[LABEL] = [each for each in accepted if isinstance(each, str | int | float)]
    elif _is_binary(row):
        answer[LABEL] = [row["label"]]
    if isinstance(row.get("user_input"), str) and row["user_input"].strip():
        answer[WORDS] = row["user_input"]
    spans = row.get("spans")
    for span in spans if isinstance(spans, list) else ():
        if isinstance(span, Mapping) and {"start", "end", "label"} <= span.keys():
            place = {name: span[name] for name in ("start", "end", "label")}
            answer.setdefault(SPANS, []).append({"id": _end(span), **place})
        else:
            losses.add(where, "span_broken", "A span needs start, end and label. It is left out.")
    relations = row.get("relations")
    for tie in relations if isinstance(relations, list) else ():
        ends = [_end(tie.get(name)) if isinstance(tie, Mapping) else "" for name in ("head_span", "child_span")]
        if all(ends):
            answer.setdefault(TIES, []).append({"from": ends[0], "to": ends[1], "label": tie.get("label")})
        else:
            losses.add(where, "relation_end", "A relation does not say which spans it ties. It is left out.")
    return answer


def _end(span: Any) -> str:
    """Return what names a span, since spans have no ids there."""
    names = ("start", "end", "label")
    return " ".join(str(span.get(name)) for name in names) if isinstance(span, Mapping) else ""
