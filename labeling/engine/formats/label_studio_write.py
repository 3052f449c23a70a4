"""Writes what Label Studio imports: tasks with everybody's answers, the XML of the project, and the short form."""

from collections.abc import Iterable, Mapping
from typing import Any

from labeling.engine.controls.shapes import Shapes
from labeling.engine.formats.label_studio import CONFIG, OURS, SCHEMA
from labeling.engine.formats.leaving import tell_of_controls
from labeling.engine.formats.record import Record, Said
from labeling.engine.formats.target import Target, as_line
from labeling.engine.label_studio.tags import labeling_config
from labeling.engine.label_studio.writing import results_of
from labeling.engine.schema import Schema

TASKS = "tasks.json"
_TITLE = "Label Studio's short form"


def holds(_schema: Schema) -> str:
    """Return nothing: every control has a tag."""
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``tasks.json``, ``labeling_config.xml``, ``schema.json`` and the pictures; return how many tasks."""
    _write_project(target, schema)
    _tell_of_attributes(schema, target)
    written = 0
    with target.text(TASKS) as stream:
        for record in records:
            written += 1
            stream.write("[\n" if written == 1 else ",\n")
            stream.write(as_line(_task(target, schema, record, written)))
        stream.write("\n]\n" if written else "[]\n")
    return written


def _write_project(target: Target, schema: Schema) -> None:
    with target.text(CONFIG) as stream:
        stream.write(labeling_config(schema) + "\n")
    target.json(SCHEMA, schema.to_json())


def _tell_of_attributes(schema: Schema, target: Target) -> None:
    for control in schema.controls:
        if isinstance(control, Shapes) and control.attributes:
            target.losses.add(
                f"question {control.name}", "attribute", "Label Studio has no attributes of shapes. They are left out."
            )


def _data(target: Target, schema: Schema, record: Record) -> dict[str, Any]:
    data = dict(record.fields)
    if schema.picture and record.picture:
        data[schema.picture] = f"/data/local-files/?d={target.picture(record)}"
    return data


def _task(target: Target, schema: Schema, record: Record, number: int) -> dict[str, Any]:
    annotations = [_annotation(schema, record, said) for said in record.answers]
    decided = record.final is not None and _mark_final(record, annotations)
    if record.final is not None and not decided:
        result = results_of(schema, record.final, record.fields, record.size)
        annotations.append({"result": result, "was_cancelled": False, "ground_truth": True})
    own = {"name": record.name, **({"decided": True} if record.final is not None and not decided else {})}
    return {
        "id": number,
        "data": _data(target, schema, record),
        "annotations": annotations,
        "predictions": [_prediction(schema, record, said) for said in record.predictions],
        "meta": {OURS: own},
    }


def _mark_final(record: Record, annotations: list[dict[str, Any]]) -> bool:
    """Mark the last answer that is the final one, and tell whether there was one."""
    for said, annotation in reversed(list(zip(record.answers, annotations, strict=True))):
        if not said.skipped and said.answer == record.final:
            annotation["ground_truth"] = True
            return True
    return False


def _annotation(schema: Schema, record: Record, said: Said) -> dict[str, Any]:
    row: dict[str, Any] = {
        "completed_by": {"email": said.by} if said.by else None,
        "result": results_of(schema, said.answer, record.fields, record.size),
        "was_cancelled": said.skipped,
        "ground_truth": False,
    }
    return {**row, "created_at": said.at} if said.at else row


def _prediction(schema: Schema, record: Record, said: Said) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model_version": said.by,
        "result": results_of(schema, said.answer, record.fields, record.size),
    }
    if said.confidence is not None:
        row["score"] = said.confidence
    return {**row, "created_at": said.at} if said.at else row


def write_min(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the short form, one row for each answer; return how many items there were."""
    _write_project(target, schema)
    held = {control.name for control in schema.controls if control.type != "relations"}
    tell_of_controls(schema, held, target.losses, _TITLE)
    _tell_of_attributes(schema, target)
    written = rows = 0
    with target.text(TASKS) as stream:
        for record in records:
            written += 1
            for row in _min_rows(target, schema, record, written):
                rows += 1
                stream.write("[\n" if rows == 1 else ",\n")
                stream.write(as_line(row))
        stream.write("\n]\n" if rows else "[]\n")
    return written


def _min_rows(target: Target, schema: Schema, record: Record, number: int) -> Iterable[dict[str, Any]]:
    given = [said for said in record.answers if not said.skipped]
    losses = target.losses
    if len(given) < len(record.answers):
        losses.add(record.name, "skipped", f"{_TITLE} cannot say that somebody skipped the item.")
    if record.predictions:
        losses.add(record.name, "predictions", f"{_TITLE} has no place for predictions.")
    if record.final is not None and given and all(said.answer != record.final for said in given):
        losses.add(record.name, "final", f"{_TITLE} holds what people answered, and not what was made of it.")
    if not given and record.final is not None:
        given = [Said(record.final)]
    if not given:
        losses.add(record.name, "unanswered", f"{_TITLE} has one row for each answer, and there is none.")
        return
    data = _data(target, schema, record)
    for place, said in enumerate(given, 1):
        row = {**data, "id": number, **shortened(results_of(schema, said.answer, record.fields, record.size))}
        booked = {"annotator": said.by, "annotation_id": number * 1000 + place, "created_at": said.at}
        yield {**row, **booked, "updated_at": said.at, "lead_time": None}


def shortened(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the parts of an answer as Label Studio's converter shortens them (prettify_result)."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in results:
        if row["type"] != "relation":
            by_name.setdefault(row["from_name"], []).append(row)
    return {name: _short(rows) for name, rows in by_name.items()}


def _short(rows: list[Mapping[str, Any]]) -> Any:
    kind, value = rows[0]["type"], rows[0]["value"]
    if kind in {"choices", "textarea"} and len(rows) == 1:
        said = value["choices" if kind == "choices" else "text"]
        return said[0] if len(said) == 1 else value
    sizes = ("original_width", "original_height")
    return [{**row["value"], **{size: row[size] for size in sizes if size in row}} for row in rows]
