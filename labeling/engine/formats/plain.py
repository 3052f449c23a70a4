"""Reads plain tables of labeled items: JSON Lines, CSV, Parquet and folders of the `datasets` library.

What we wrote ourselves says what was asked in ``schema.json`` and comes back whole. Of other tables the columns are
guessed as everywhere here: one holds the text, one the label, and ``spans`` or ``entities`` holds marked stretches.
"""

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.pictures.decode import PictureError
from curation.engine.readers import ReadError, sniff
from curation.engine.readers.arrow_columns import as_json
from curation.engine.readers.huggingface import INFO_NAMES, names_in_info, split_of
from curation.engine.readers.roles import guess_roles
from labeling.engine.controls.choice import Choice
from labeling.engine.formats.files import Files
from labeling.engine.formats.marking import Answering
from labeling.engine.formats.record import Losses, Reading, Record, Said
from labeling.engine.formats.rows import Row, first_rows, json_rows, plain, table_rows
from labeling.engine.formats.texts import LABEL, SPANS, TEXT, reading_of
from labeling.engine.schema import Schema, SchemaError, parse_schema

SCHEMA = "schema.json"
# Columns that we write beside the item's own and the controls'.
ITEM, DECIDED, ANSWERS, PREDICTIONS = "item", "decided", "answers", "predictions"
# What a picture is in Parquet, as the `datasets` library has it.
BYTES, PATH = "bytes", "path"
OURS = frozenset({ITEM, DECIDED, ANSWERS, PREDICTIONS})
JSON, TABLES, PARQUET = (".jsonl", ".ndjson", ".json"), (".csv", ".tsv"), (".parquet",)
_SPANS = ("spans", "entities")
_BATCH = 1000
# Rows with pictures that are in memory at once.
_PICTURED_BATCH = 16
_CARD = "readme.md"


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns of a table are what; empty where none is."""

    text: str
    label: str
    id: str
    spans: str


def recognize(files: Files, suffixes: tuple[str, ...]) -> bool:
    """Tell whether there is a table that we wrote, or one with a text and a label, in a file that ends so."""
    return any(_is_ours(files, path) or _columns(files, path) is not None for path in _named(files, suffixes))


def recognize_hugging_face(files: Files) -> bool:
    """Tell whether there are Parquet files beside a card."""
    carded = any(PurePosixPath(path).name.lower() == _CARD for path in files.paths)
    return carded and bool(files.named(*PARQUET)) and recognize(files, PARQUET)


def _named(files: Files, suffixes: tuple[str, ...]) -> list[str]:
    aside = INFO_NAMES | {SCHEMA}
    return [path for path in files.named(*suffixes) if PurePosixPath(path).name not in aside]


def own_schema(files: Files) -> Schema | None:
    """Return the schema that lies beside tables of ours."""
    for path in files.paths:
        if PurePosixPath(path).name == SCHEMA:
            try:
                return parse_schema(orjson.loads(files.bytes(path)))
            except (orjson.JSONDecodeError, SchemaError):
                return None
    return None


def _is_ours(files: Files, path: str) -> bool:
    if own_schema(files) is None:
        return False
    if path.lower().endswith(JSON):
        return any(row.keys() >= OURS for row in first_rows(files, path)[:1])
    if path.lower().endswith(PARQUET):
        return set(pq.read_schema(files.paths[path]).names) >= OURS
    return set(next(csv.reader([_first_line(files, path)]), [])) >= OURS


def _first_line(files: Files, path: str) -> str:
    return files.head(path, 1 << 16).decode("utf-8-sig", "replace").split("\n", 1)[0].rstrip("\r")


def _columns(files: Files, path: str) -> _Columns | None:
    """Return which columns a table of others has; None where it has no text or nothing that is said of it."""
    if path.lower().endswith(JSON):
        rows = first_rows(files, path)
        names = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[_cell(row.get(name)) for name in names] for row in rows]
        roles, _reasons = guess_roles(names, cells)
    else:
        try:
            profile = sniff(files.paths[path], path)
        except ReadError:
            return None
        names, roles, rows = profile.columns, profile.roles, []
    text = roles.get("text", "")
    spans = next((name for name in _SPANS if name in names), "")
    if rows and not any(isinstance(row.get(text), str) for row in rows):
        return None
    found = _Columns(text, roles.get("label", ""), roles.get("id", ""), spans)
    return found if text and (found.label or spans) else None


def _cell(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else as_json(value)


def read(files: Files, losses: Losses, suffixes: tuple[str, ...]) -> Reading:
    """Read tables whose files end with one of these.

    Raises:
        FormatError: ``json_broken``, ``table_broken``, ``no_labels``, ``too_many_labels``.
    """
    paths = _named(files, suffixes) or list(files.paths)
    schema = own_schema(files)
    ours = [path for path in paths if _is_ours(files, path)]
    if schema is not None and ours:
        return Reading(schema.to_json(), partial(_own_records, files, ours, schema, losses))
    return reading_of(partial(_records, files, paths), losses, paths[0], answered=False)


def _own_rows(files: Files, path: str, losses: Losses) -> Iterator[tuple[str, Row]]:
    if path.lower().endswith(JSON):
        yield from json_rows(files, path, losses)
    elif path.lower().endswith(PARQUET):
        with pq.ParquetFile(files.paths[path]) as table:
            number = 0
            heavy = any(
                pa.types.is_struct(each.type) and each.type.get_field_index(BYTES) >= 0 for each in table.schema_arrow
            )
            for batch in table.iter_batches(_PICTURED_BATCH if heavy else _BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}: row {number}", row
    else:
        csv.field_size_limit(sys.maxsize)
        with files.paths[path].open(encoding="utf-8-sig", newline="") as stream:
            for number, row in enumerate(csv.DictReader(stream), 1):
                yield f"{path}: row {number}", row


def _own_records(files: Files, paths: list[str], schema: Schema, losses: Losses) -> Iterator[Record]:
    answering = Answering(schema, losses)
    for path in paths:
        typed, listed = path.lower().endswith(PARQUET), path.lower().endswith(TABLES)
        for where, row in _own_rows(files, path, losses):
            if listed:
                row = {name: _unfolded(name, value, schema) for name, value in row.items()}  # noqa: PLW2901
            record = _own_record(files, row, where, answering, losses, typed=typed)
            if record is not None:
                yield record


def _unfolded(name: str, value: str, schema: Schema) -> Any:
    """Return the value of a cell of ours, which holds JSON in all columns that are not the item's own."""
    if name == ITEM or (name not in OURS and name not in schema.by_name):
        return value
    try:
        return orjson.loads(value) if value else None
    except orjson.JSONDecodeError:
        return value


def _own_record(
    files: Files, row: Row, where: str, answering: Answering, losses: Losses, *, typed: bool
) -> Record | None:
    schema = answering.schema
    fields = {name: value for name, value in row.items() if name not in OURS and name not in schema.by_name}
    record = Record(str(row.get(ITEM) or where), fields)
    data = dict(fields)
    picture = fields.pop(schema.picture, None) if schema.picture else None
    if picture:
        record.picture = _picture_in(files, picture, where) if isinstance(picture, Mapping) else files.picture(picture)
        try:
            record.size, _turn = files.size(record.picture) if record.picture else ((0, 0), 1)
        except PictureError as error:
            losses.add(where, error.code, error.message)
            return None
        if not record.picture:
            losses.add(where, "picture_missing", f"No picture {record.name!r} came; the item is left out.")
            return None
        data |= {f"{schema.picture}_width": record.size[0], f"{schema.picture}_height": record.size[1]}

    def fit(answer: Any) -> dict[str, Any]:
        return answering.fit(answer if isinstance(answer, Mapping) else {}, data, where, record.size)

    record.answers = [
        Said(fit(each["answer"]), each["by"] or "", each["at"] or "", bool(each["skipped"]))
        for each in _said(row.get(ANSWERS), where, losses)
    ]
    record.predictions = [
        Said(fit(each["answer"]), each["by"] or "", each["at"] or "", confidence=each["confidence"])
        for each in _said(row.get(PREDICTIONS), where, losses)
    ]
    if row.get(DECIDED):
        answer = {name: row[name] for name in schema.by_name if row.get(name) is not None}
        record.final = fit(_named_classes(schema, answer) if typed else _listed(schema, answer))
    return record


def _picture_in(files: Files, picture: Mapping[str, Any], where: str) -> str:
    """Return the path of a picture that stands in a row, empty where the row has no bytes."""
    data = picture.get(BYTES)
    if not isinstance(data, bytes) or not data:
        return ""
    path = f"{where}/{picture.get(PATH) or 'picture'}"
    if path not in files.paths:
        files.add(path, data)
    return path


def _said(rows: Any, where: str, losses: Losses) -> Iterator[dict[str, Any]]:
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping):
            losses.add(where, "answer_broken", "An answer is no object and is left out.")
            continue
        answer = row.get("answer")
        try:
            answer = orjson.loads(answer) if isinstance(answer, str) else answer
        except orjson.JSONDecodeError:
            losses.add(where, "answer_broken", "An answer is no JSON and is left out.")
            continue
        confidence = row.get("confidence")
        confidence = float(confidence) if isinstance(confidence, int | float) else None
        said = {name: row.get(name) for name in ("by", "at", "skipped")}
        yield {**said, "answer": answer, "confidence": confidence}


def _listed(schema: Schema, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer whose single labels stand without their list."""
    return {
        name: [value] if isinstance(schema.by_name[name], Choice) and isinstance(value, str) else value
        for name, value in answer.items()
    }


def _named_classes(schema: Schema, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer whose classes are numbers in Parquet, with their names, and without the gaps of its structs."""
    found: dict[str, Any] = {}
    for name, value in answer.items():
        control = schema.by_name[name]
        labels = getattr(control, "labels", ())
        if isinstance(control, Choice):
            numbers = value if isinstance(value, list) else [value]
            found[name] = [labels[number].value for number in numbers]
        elif control.type == "preference":
            found[name] = labels[value].value
        elif control.type == "form":
            found[name] = orjson.loads(value)
        elif control.type == "shapes":
            found[name] = [_drawn(shape) for shape in value]
        else:
            found[name] = value
    return found


def _drawn(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return a shape without the gaps of its struct."""
    said = {name: value for name, value in shape.items() if value is not None and name != "attributes"}
    attributes = orjson.loads(shape.get("attributes") or "{}")
    return {**said, "attributes": attributes} if attributes else said


def _records(files: Files, paths: list[str], losses: Losses) -> Iterator[tuple[str, Record]]:
    classes: dict[str, list[str]] = {}
    for path in files.paths:
        name = PurePosixPath(path).name
        if name in INFO_NAMES or name.lower() == _CARD:
            classes |= names_in_info(name, files.bytes(path))
    for path in paths:
        columns = _columns(files, path)
        if columns is None:
            losses.add(path, "columns_unknown", "It has no column of texts, or nothing that is said of them.")
            continue
        split = split_of(path) if len(paths) > 1 else ""
        rows = json_rows if path.lower().endswith(JSON) else partial(table_rows, classes=classes)
        for where, row in rows(files, path, losses):
            record = _record(row, columns, where, losses)
            if record is not None:
                if split:
                    record.fields.setdefault("split", split)
                yield where, record


def _record(row: Row, columns: _Columns, where: str, losses: Losses) -> Record | None:
    text = row.get(columns.text)
    if not isinstance(text, str) or not text:
        losses.add(where, "text_missing", f"It has no text in {columns.text} and is left out.")
        return None
    taken = {columns.text, columns.label, columns.spans, columns.id}
    fields = {
        name: value if plain(value) else as_json(value)
        for name, value in row.items()
        if name not in taken and name != TEXT
    }
    record = Record(str(row.get(columns.id) or where), {TEXT: text, **fields})
    answer = _answer(row, columns, where, losses)
    record.answers, record.final = [Said(answer)], answer
    return record


def _answer(row: Row, columns: _Columns, where: str, losses: Losses) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    label = row.get(columns.label)
    labels = [each for each in (label if isinstance(label, list) else [label]) if each not in (None, "")]
    if all(isinstance(each, str | int | float) for each in labels):
        answer |= {LABEL: labels} if labels else {}
    else:
        losses.add(where, "label_broken", f"{str(label)[:60]!r} is no label. It is left out.")
    spans = row.get(columns.spans)
    if isinstance(spans, str):
        try:
            spans = orjson.loads(spans)
        except orjson.JSONDecodeError:
            losses.add(where, "span_broken", "Its spans are no JSON and are left out.")
    for span in spans if isinstance(spans, list) else ():
        if isinstance(span, Mapping) and {"start", "end", "label"} <= span.keys():
            answer.setdefault(SPANS, []).append({name: span.get(name) for name in ("id", "start", "end", "label")})
        else:
            losses.add(where, "span_broken", "A span needs start, end and label. It is left out.")
    return answer
