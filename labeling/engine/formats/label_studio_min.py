"""Label Studio's short form, JSON_MIN: one row for each answer, with its parts among the fields of the task."""

from collections.abc import Iterator, Mapping
from typing import Any

from labeling.engine.formats.label_studio_schema import ELEMENTS
from labeling.engine.formats.rows import Row

# What the short form says of an answer beside its parts.
_BOOKED = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"})


def is_min(row: Row) -> bool:
    """Tell whether a row is of the short form."""
    return {"annotation_id", "annotator"} <= row.keys() and "data" not in row


def as_tasks(rows: Iterator[tuple[str, Row]], elements: Mapping[str, str] | None) -> Iterator[tuple[str, Row]]:
    """Give tasks as the long form has them; rows that follow one another with one id are answers to one task.

    Args:
        rows: With their places.
        elements: Of the control tags, by name; None where no XML came, and then what stands between “id” and
            “annotator” is an answer, as Label Studio writes it.
    """
    place = ""
    task: dict[str, Any] = {}
    for where, row in rows:
        data, annotation = _parted(row, elements)
        if task and task["id"] == row.get("id") and task["data"] == data:
            task["annotations"].append(annotation)
            continue
        if task:
            yield place, task
        place, task = where, {"id": row.get("id"), "data": data, "annotations": [annotation]}
    if task:
        yield place, task


def _parted(row: Row, elements: Mapping[str, str] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    if elements is None:
        names = list(row)
        first = names.index("id") + 1 if "id" in names else 0
        last = names.index("annotator") if "annotator" in names else len(names)
        answered = set(names[first:last])
    else:
        answered = set(elements)
    data = {name: value for name, value in row.items() if name not in answered and name not in _BOOKED}
    result = [
        part
        for name in row
        if name in answered and row[name] is not None
        for part in _parts(name, row[name], (elements or {}).get(name, ""), data)
    ]
    annotation = {"completed_by": row.get("annotator"), "created_at": row.get("created_at"), "result": result}
    return data, annotation


def _parts(name: str, value: Any, element: str, data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if not isinstance(value, list) or (element in {"Choices", "TextArea"} and all(isinstance(v, str) for v in value)):
        value = [value]
    for each in value:
        if isinstance(each, Mapping):
            kind = next((key for key in each if key in ELEMENTS or key == "text"), "")
            kind = next((key for key in each if key in ELEMENTS), "textarea" if kind == "text" else kind)
            said = dict(each)
        else:
            kind = "textarea" if element == "TextArea" else "choices"
            said = {"text" if kind == "textarea" else "choices": each if isinstance(each, list) else [str(each)]}
        yield {"from_name": name, "to_name": _shown(said, kind, data), "type": kind, "value": said}


def _shown(value: Mapping[str, Any], kind: str, data: Mapping[str, Any]) -> str:
    """Return the field that an answer is about where no XML says so: the one that the quoted words stand in."""
    quote = value.get("text")
    texts = {name: text for name, text in data.items() if isinstance(text, str)}
    if kind.endswith("labels") and isinstance(quote, str):
        return next((name for name, text in texts.items() if quote in text), "text")
    if kind in {"rectanglelabels", "polygonlabels", "keypointlabels"}:
        return "image" if "image" in texts else next(iter(texts), "image")
    return max(texts, key=lambda name: len(texts[name]), default="text")
