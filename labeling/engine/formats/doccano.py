"""Reads doccano's files: JSONL, JSON, CSV and fastText lines, of its first and its present exports."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import orjson

from curation.engine.readers.arrow_columns import as_json
from labeling.engine.formats.files import Files
from labeling.engine.formats.marking import Labels
from labeling.engine.formats.record import Losses, Reading, Record, Said
from labeling.engine.formats.rows import Row, first_rows, json_rows, plain, table_rows
from labeling.engine.formats.texts import LABEL, SPANS, TEXT, TIES, WORDS, Asked, reading_of

TEXTS = (TEXT, "column_data")
LABELS = ("label", "labels", "column_label", "cats")
FASTTEXT = "__label__"
# Where a project's labels are declared, as doccano's page of labels imports them; the first is its own export's name.
DECLARED = {
    "label_config.json": "",
    "category_labels.json": LABEL,
    "span_labels.json": SPANS,
    "relation_labels.json": TIES,
}
# Members that are no column of the item.
_TAKEN = frozenset({*TEXTS, *LABELS, "id", "entities", "relations", "annotations", "meta", "metadata", "user"})
_TAKEN |= {"annotation_approver", "Comments", "comments", "filename"}
# Names of files that stand for everybody.
_EVERYBODY = frozenset({"all", "unknown", "data", "example", "train", "test"})
_WRITTEN = ("seq2seq", "sequence_to_sequence", "translation", "summar")
_LONG = 60


def recognize(files: Files) -> bool:
    """Tell whether there are files that only doccano writes."""
    return any(_is_doccano(files, path) for path in files.paths)


def _is_doccano(files: Files, path: str) -> bool:
    lowered = path.lower()
    if lowered.endswith((".jsonl", ".json")):
        return PurePosixPath(path).name not in DECLARED and any(map(_shaped, first_rows(files, path)))
    if lowered.endswith(".csv"):
        head = files.head(path, 200).removeprefix(b"\xef\xbb\xbf").replace(b'"', b"").split(b"\n", 1)[0].strip()
        return head.startswith((b"column_data,", b"annotation_approver,"))
    if lowered.endswith(".txt"):
        return files.head(path, 64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(FASTTEXT.encode())
    return False


def _shaped(row: Row) -> bool:
    """Tell whether a row looks like doccano's: labels are lists, or its own members are there."""
    if not any(isinstance(row.get(name), str) for name in (*TEXTS, "filename")):
        return False
    if {"answer", "_task_hash", "tokens"} & row.keys():
        return False
    annotated = row.get("annotations")
    if isinstance(annotated, list) and all(isinstance(each, Mapping) and "user" in each for each in annotated):
        return "annotation_approver" in row or bool(annotated)
    return "entities" in row or any(isinstance(row.get(name), list) for name in LABELS)


def read(files: Files, losses: Losses) -> Reading:
    """Read labels, spans with relations, or written answers. Offsets count code points.

    A list of words is labels, or written answers where the folder says so, where one is long, or where no two are
    alike.
    Files of several people are put together by the ids of their items.

    Raises:
        FormatError: ``json_broken``, ``table_broken``, ``no_labels``, ``too_many_labels``.
    """
    paths = [path for path in files.paths if _is_doccano(files, path)] or list(files.named(".csv", ".json", ".jsonl"))
    paths = paths or list(files.paths)
    written = any(_is_written(files, path) for path in paths)
    asked = Asked()
    for path in files.paths:
        if PurePosixPath(path).name in DECLARED:
            _declared(files, path, asked)
    return reading_of(partial(_records, files, paths, written), losses, paths[0], asked, answered=False)


def _declared(files: Files, path: str, asked: Asked) -> None:
    """Note the labels of a file of doccano's; one that does not say of what is believed when labels are used."""
    kind = DECLARED[PurePosixPath(path).name]
    labels: Labels | None = {LABEL: asked.chosen, SPANS: asked.marked, TIES: asked.tied}.get(kind)
    try:
        rows = orjson.loads(files.bytes(path))
    except orjson.JSONDecodeError:
        return
    for row in rows if labels is not None and isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("text") and labels is not None:
            key = str(row.get("suffix_key") or "")
            labels.add(row["text"], color=str(row.get("background_color") or "").lower(), hotkey=key)


def _rows(files: Files, path: str, losses: Losses) -> Iterator[tuple[str, Row]]:
    if path.lower().endswith((".jsonl", ".json")):
        return json_rows(files, path, losses)
    if path.lower().endswith(".txt"):
        return _fasttext(files, path)
    return table_rows(files, path, losses)


def _fasttext(files: Files, path: str) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(files.text(path).split("\n"), 1):
        words, labels = line.split(" "), []
        while words and words[0].startswith(FASTTEXT):
            labels.append(words.pop(0).removeprefix(FASTTEXT))
        if line.strip():
            yield f"{path}: line {number}", {TEXT: " ".join(words), LABEL: labels}


def _is_written(files: Files, path: str) -> bool:
    if any(word in path.lower() for word in _WRITTEN):
        return True
    said: Counter[str] = Counter()
    rows = 0
    for _where, row in _rows(files, path, Losses()):
        annotated = row.get("annotations")
        if isinstance(annotated, list) and any(isinstance(each, Mapping) and TEXT in each for each in annotated):
            return True
        labels = _labels(row)
        said.update(each for each in labels if isinstance(each, str))
        rows += bool(labels)
        if rows > 1000:
            break
    if not said or any(len(each) > _LONG for each in said):
        return bool(said)
    return rows > 2 and len(said) == said.total() and not path.lower().endswith(".txt")


def _labels(row: Row) -> list[Any]:
    for name in LABELS:
        if row.get(name) not in (None, ""):
            return row[name] if isinstance(row[name], list) else [row[name]]
    return []


def _records(files: Files, paths: list[str], written: bool, losses: Losses) -> Iterator[tuple[str, Record]]:
    if len(paths) == 1:
        for where, row in _rows(files, paths[0], losses):
            record = _record(files, paths[0], row, where, "", written, losses)
            if record is not None:
                yield where, record
        return
    # One file for each person: held together, since an item stands in each of them.
    found: dict[tuple[str, str], tuple[str, Record]] = {}
    for path in paths:
        stem = PurePosixPath(path).stem
        by = "" if stem.lower() in _EVERYBODY else stem
        for where, row in _rows(files, path, losses):
            record = _record(files, path, row, where, by, written, losses)
            if record is None:
                continue
            key = (record.name if "id" in row else where, str(record.fields.get(TEXT, record.picture)))
            if key in found:
                found[key][1].answers.extend(record.answers)
            else:
                found[key] = (where, record)
    yield from found.values()


def _record(files: Files, path: str, row: Row, where: str, by: str, written: bool, losses: Losses) -> Record | None:
    text = next((row[name] for name in TEXTS if isinstance(row.get(name), str) and row[name] != ""), None)
    record = Record(str(row.get("id", where)), _fields(row, where, losses))
    if text is not None:
        record.fields = {TEXT: text, **record.fields}
    elif isinstance(row.get("filename"), str) and files.pictures:
        record.picture = files.picture(row["filename"], path)
        if not record.picture:
            losses.add(where, "picture_missing", f"No picture {row['filename']!r} came. It is left out.")
            return None
        record.name, (record.size, _turn) = row["filename"], files.size(record.picture)
    else:
        losses.add(where, "text_missing", "It has no text and is left out.")
        return None
    if row.get("Comments") or row.get("comments"):
        losses.add(where, "comments", "Its comments are left out.")
    if row.get("annotation_approver"):
        losses.add(where, "approver", f"That {row['annotation_approver']} approved it is left out.")
    annotated = row.get("annotations")
    if isinstance(annotated, list):
        record.answers = _by_people(annotated, where, losses)
    else:
        by = str(row.get("user") or by)
        answer = _answer(row, where, written, losses)
        record.answers, record.final = [Said(answer, by)], None if by else answer
    return record


def _fields(row: Row, where: str, losses: Losses) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for members in (row.get("meta"), row.get("metadata"), row):
        for name, value in members.items() if isinstance(members, Mapping) else ():
            if name in _TAKEN or name in found:
                continue
            found[str(name)] = value if plain(value) else as_json(value)
            if not plain(value) and f"nested {name}" not in losses.said:
                losses.said.add(f"nested {name}")
                losses.add(f"{where}: {name}", "nested_value", "Its lists and objects are texts of JSON here.")
    return found


def _by_people(rows: list[Any], where: str, losses: Losses) -> list[Said]:
    """Return the answers of doccano's first exports, which say of each label who gave it."""
    answers: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not isinstance(row, Mapping):
            losses.add(where, "annotation_broken", "It is no object and is left out.")
            continue
        answer = answers.setdefault(str(row.get("user", "")), {})
        if "start_offset" in row:
            answer.setdefault(SPANS, []).append(_entity(row))
        elif TEXT in row:
            _write(answer, row[TEXT], where, losses)
        elif row.get("label") is not None:
            answer.setdefault(LABEL, []).append(row["label"])
    return [Said(answer, by) for by, answer in answers.items()]


def _entity(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row.get("id"),
        "start": row.get("start_offset"),
        "end": row.get("end_offset"),
        "label": row.get("label"),
    }


def _write(answer: dict[str, Any], value: Any, where: str, losses: Losses) -> None:
    if WORDS in answer:
        losses.add(where, "several_texts", "It has several written answers, which are lines of one here.")
    answer[WORDS] = f"{answer[WORDS]}\n{value}" if WORDS in answer else str(value)


def _answer(row: Row, where: str, written: bool, losses: Losses) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    entities = row.get("entities")
    for each in [*_labels(row), *(entities if isinstance(entities, list) else [])]:
        if isinstance(each, Mapping) and "start_offset" in each:
            answer.setdefault(SPANS, []).append(_entity(each))
        elif isinstance(each, list) and len(each) == 3:
            answer.setdefault(SPANS, []).append({"start": each[0], "end": each[1], "label": each[2]})
        elif isinstance(each, str | int | float) and written:
            _write(answer, each, where, losses)
        elif isinstance(each, str | int | float):
            answer.setdefault(LABEL, []).append(each)
        else:
            losses.add(where, "label_broken", f"{str(each)[:60]!r} is neither a label nor a span. It is left out.")
    relations = row.get("relations")
    for each in relations if isinstance(relations, list) else ():
        if isinstance(each, Mapping):
            tie = {"from": each.get("from_id"), "to": each.get("to_id"), "label": each.get("type")}
            answer.setdefault(TIES, []).append(tie)
    return answer
