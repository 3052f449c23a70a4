"""Writes Parquet, alone or as a folder of the `datasets` library with its card. Pictures stand inside the files.

Source of the card's and the schema's form: huggingface.co/docs/hub/datasets-cards and datasets' ``Features``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from labeling.engine.controls.base import Control
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.shapes import Shapes
from labeling.engine.formats.pictured_tables import BYTES, PATH
from labeling.engine.formats.plain import ANSWERS, DECIDED, ITEM, PREDICTIONS, SCHEMA
from labeling.engine.formats.plain_write import answer_row, columns_of, prediction_row
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.target import Target, as_line
from labeling.engine.schema import Schema

# Rows from which the types of columns are taken, and of each group of a file.
BATCH = 1000
# Bytes of pictures of one group, which are in memory together.
GROUP_BYTES = 64 << 20
_TYPES: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_SPAN = {"id": pa.string(), "start": pa.int64(), "end": pa.int64(), "label": pa.string(), "text": pa.string()}
_TIE = {"from": pa.string(), "to": pa.string(), "label": pa.string()}
_DRAWN = {"id": pa.string(), "type": pa.string(), "label": pa.string()}
_DRAWN |= {name: pa.float64() for name in ("x", "y", "width", "height", "angle")}
_DRAWN |= {"points": pa.list_(pa.list_(pa.float64())), "attributes": pa.string()}
_PICTURE = {BYTES: pa.binary(), PATH: pa.string()}
_SAID = {"by": pa.string(), "at": pa.string(), "skipped": pa.bool_(), "answer": pa.string()}
_GUESSED = {"by": pa.string(), "at": pa.string(), "confidence": pa.float64(), "answer": pa.string()}
_TASKS = {"choice": "text-classification", "taxonomy": "text-classification", "spans": "token-classification"}
_TASKS |= {"relations": "token-classification", "text": "text-generation", "preference": "text-ranking"}
_TASKS |= {"shapes": "object-detection"}


def _struct(parts: Mapping[str, pa.DataType]) -> pa.DataType:
    return pa.struct([pa.field(name, kind) for name, kind in parts.items()])


def _classes(control: Control) -> list[str]:
    """Return the class names of a control whose answers are classes."""
    return [label.value for label in control.labels] if isinstance(control, Choice | Preference) else []


def _type(control: Control) -> pa.DataType:
    if isinstance(control, Choice):
        return pa.list_(pa.int64()) if control.multiple else pa.int64()
    if isinstance(control, Preference):
        return pa.int64()
    if isinstance(control, Rating):
        return _struct({"a": pa.int64(), "b": pa.int64()}) if control.sides else pa.int64()
    return {
        "spans": pa.list_(_struct(_SPAN)),
        "relations": pa.list_(_struct(_TIE)),
        "shapes": pa.list_(_struct(_DRAWN)),
        "taxonomy": pa.list_(pa.string()),
    }.get(control.type, pa.string())


def _value(control: Control, said: Any) -> Any:
    if said is None:
        return None
    if isinstance(control, Choice):
        numbers = [control.positions[each] for each in said]
        return numbers if control.multiple else numbers[0]
    if isinstance(control, Preference):
        return _classes(control).index(said)
    if isinstance(control, Shapes):
        return [{**shape, "attributes": as_line(shape.get("attributes", {}))} for shape in said]
    if isinstance(said, dict) and not isinstance(control, Rating):
        return as_line(said)
    return said


def _feature(kind: pa.DataType, classes: list[str]) -> Any:
    """Return a column as `datasets` describes it in the schema's metadata."""
    if kind == _struct(_PICTURE):
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type, classes), "_type": "List"}
    if pa.types.is_struct(kind):
        return {part.name: _feature(part.type, []) for part in kind}
    if classes:
        return {"names": classes, "_type": "ClassLabel"}
    return {"dtype": _dtype(kind), "_type": "Value"}


def _dtype(kind: pa.DataType) -> str:
    return "float64" if kind == pa.float64() else str(kind)


def _on_card(name: str, kind: pa.DataType, classes: list[str]) -> dict[str, Any]:
    """Return a column as the YAML of a card describes it."""
    if kind == _struct(_PICTURE):
        return {"name": name, "dtype": "image"}
    if pa.types.is_list(kind):
        inner = _on_card(name, kind.value_type, classes)
        return {"name": name, "list": inner.get("struct", inner.get("list", inner.get("dtype")))}
    if pa.types.is_struct(kind):
        return {"name": name, "struct": [_on_card(part.name, part.type, []) for part in kind]}
    if classes:
        names = {str(number): value for number, value in enumerate(classes)}
        return {"name": name, "dtype": {"class_label": {"names": names}}}
    return {"name": name, "dtype": _dtype(kind)}


@dataclass(slots=True)
class _Table:
    """Columns of a dataset with their types, and its open files.

    Attributes:
        target: Where it is written.
        questions: What was asked.
        schema: Of the files.
        own: The item's own columns.
        files: Path and writer of each split.
        rows: How many rows each has.
    """

    target: Target
    questions: Schema
    schema: pa.Schema
    own: list[str]
    stack: ExitStack
    files: dict[str, pq.ParquetWriter] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def put(self, split: str, path: str, rows: list[dict[str, Any]]) -> None:
        """Write rows of one split."""
        if split not in self.files:
            place = self.target.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            self.files[split] = self.stack.enter_context(pq.ParquetWriter(place, self.schema, compression="zstd"))
            self.rows[split] = 0
        self.files[split].write_table(pa.Table.from_pylist(rows, self.schema))
        self.rows[split] += len(rows)


def write_parquet(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``data.parquet`` and ``schema.json``; return how many items."""
    target.json(SCHEMA, schema.to_json())
    table = _write(target, schema, records, by_split=False)
    return sum(table.rows.values())


def write_hugging_face(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``data/SPLIT-00000-of-00001.parquet``, ``README.md`` and ``schema.json``; return how many items."""
    target.json(SCHEMA, schema.to_json())
    table = _write(target, schema, records, by_split=True)
    with target.text("README.md") as stream:
        stream.write(_card(table))
    return sum(table.rows.values())


def _write(target: Target, schema: Schema, records: Iterable[Record], *, by_split: bool) -> _Table:
    table: _Table | None = None
    with ExitStack() as stack:
        for batch in _batches(records):
            columns = [columns_of(record, schema, target.losses) for record in batch]
            if table is None:
                own = _types(columns, target.losses)
                table = _Table(target, schema, _arrow(schema, own), list(own), stack)
            for side, rows in _groups(table, zip(batch, columns, strict=True), by_split=by_split):
                table.put(side, f"data/{side}-00000-of-00001.parquet" if by_split else "data.parquet", rows)
        if table is None:
            table = _Table(target, schema, _arrow(schema, {}), [], stack)
            table.put("train", "data/train-00000-of-00001.parquet" if by_split else "data.parquet", [])
    return table


def _groups(
    table: _Table, batch: Iterable[tuple[Record, dict[str, Any]]], *, by_split: bool
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the rows of a batch for each split, in groups whose pictures have GROUP_BYTES together."""
    parts: dict[str, list[dict[str, Any]]] = {}
    weight = 0
    for record, own_values in batch:
        split = record.fields.get("split")
        side = split if by_split and isinstance(split, str) and split.isidentifier() else "train"
        row = _row(table, record, own_values)
        parts.setdefault(side, []).append(row)
        weight += len(row[table.questions.picture][BYTES]) if record.picture else 0
        if weight > GROUP_BYTES:
            yield from parts.items()
            parts, weight = {}, 0
    yield from parts.items()


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _types(rows: list[dict[str, Any]], losses: Losses) -> dict[str, pa.DataType]:
    """Return the type of each column of the first items; one of several kinds is text."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).update(() if value is None else (type(value),))
    found: dict[str, pa.DataType] = {}
    for name, types in kinds.items():
        if types == {int, float}:
            found[name] = pa.float64()
        else:
            found[name] = _TYPES.get(next(iter(types)), pa.string()) if len(types) == 1 else pa.string()
        if len(types) > 1:
            losses.add(
                f"column {name}", "column_type", f"Its values are of several kinds. They are {found[name]} here."
            )
    return found


def _arrow(schema: Schema, own: Mapping[str, pa.DataType]) -> pa.Schema:
    fields = [pa.field(ITEM, pa.string()), *(pa.field(name, kind) for name, kind in own.items())]
    if schema.picture:
        fields.append(pa.field(schema.picture, _struct(_PICTURE)))
    fields += [pa.field(control.name, _type(control)) for control in schema.controls]
    fields += [pa.field(DECIDED, pa.bool_()), pa.field(ANSWERS, pa.list_(_struct(_SAID)))]
    fields.append(pa.field(PREDICTIONS, pa.list_(_struct(_GUESSED))))
    classes = {control.name: _classes(control) for control in schema.controls}
    features = {each.name: _feature(each.type, classes.get(each.name, [])) for each in fields}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False)})


def _row(table: _Table, record: Record, own: Mapping[str, Any]) -> dict[str, Any]:
    losses = table.target.losses
    answer = record.counting or {}
    for name in own:
        if name not in table.own:
            losses.add(f"{record.name}: {name}", "column_late", "The first items had no such column. It is left out.")
    return {
        ITEM: record.name,
        **{name: _fit(own.get(name), table.schema.field(name).type, record, name, losses) for name in table.own},
        **_picture(table, record),
        **{control.name: _value(control, answer.get(control.name)) for control in table.questions.controls},
        DECIDED: record.final is not None,
        ANSWERS: [answer_row(said, as_line(said.answer)) for said in record.answers],
        PREDICTIONS: [prediction_row(said, as_line(said.answer)) for said in record.predictions],
    }


def _picture(table: _Table, record: Record) -> dict[str, Any]:
    """Return the column of a record's picture, its file as it is."""
    if not record.picture:
        return {}
    return {table.questions.picture: {BYTES: table.target.locate(record.picture).read_bytes(), PATH: record.name}}


def _fit(value: Any, kind: pa.DataType, record: Record, name: str, losses: Losses) -> Any:
    """Return a value that its column takes."""
    if value is None or isinstance(value, _PYTHON[str(kind)]):
        return value
    if kind == pa.float64() and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == pa.string():
        return str(value)
    losses.add(f"{record.name}: {name}", "value_type", f"{value!r} does not fit a column of {kind}. It is left empty.")
    return None


_PYTHON: dict[str, type] = {"string": str, "int64": int, "double": float, "bool": bool}


def _card(table: _Table) -> str:
    """Return the README: what the library reads of it, and what people do."""
    schema = table.questions
    tasks = list(dict.fromkeys(_TASKS[each.type] for each in schema.controls if each.type in _TASKS))
    if schema.picture:
        tasks = [task.replace("text-classification", "image-classification") for task in tasks]
    classes = {control.name: _classes(control) for control in schema.controls}
    total = sum(table.rows.values())
    head = {
        "task_categories": tasks or ["other"],
        "language": ["und"],
        "license": "unknown",
        "size_categories": [_size(total)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}-*.parquet"} for split in table.rows],
            }
        ],
        "dataset_info": {
            "features": [_on_card(each.name, each.type, classes.get(each.name, [])) for each in table.schema],
            "splits": [{"name": split, "num_examples": rows} for split, rows in table.rows.items()],
        },
    }
    asked = "\n".join(f"- `{each.name}` ({each.type}): {each.title or 'no title'}" for each in schema.controls)
    return (
        f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False)}---\n\n# Labeled dataset\n\n"
        f"{total:,} items, written by Assay. Licence and language are not known to it: fill in both above.\n\n"
        f"## What was asked\n\n{asked}\n\n"
        "Each question has a column with the answer that counts; `decided` says whether that was settled, else it is "
        "the last answer given. `answers` holds what each person said and `predictions` what models said, as JSON; "
        "`schema.json` holds the questions. Offsets of spans count Unicode code points, end exclusive.\n"
    )


def _size(total: int) -> str:
    steps = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
    return next((name for limit, name in steps if total < limit), "n>1M")
