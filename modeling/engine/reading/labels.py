"""Texts with one label or several, from CSV and JSON Lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.data import Examples, split_rows
from modeling.engine.reading.tables import need_columns, read_rows

if TYPE_CHECKING:
    from modeling.engine.reading.options import ReadingOptions


def read_labeled_texts(options: ReadingOptions) -> Examples:
    """Return texts with their labels; rows without text or label are left out and counted in the notes.

    Several labels of a cell are a list of JSON, or separated; with several, a text without any is an answer too.

    Raises:
        BadData: a missing column, or nothing to learn from.
    """
    rows = read_rows(options.data, options.notes)
    need_columns(options.data, rows, (options.text, options.label, options.split))
    several = options.task.endswith("multilabel")
    kept: list[tuple[str, Any, str]] = []
    for row in rows:
        text, value = row.get(options.text), row.get(options.label)
        answer = _labels(value, options.separator) if several else _label(value)
        if isinstance(text, str) and text.strip() and answer is not None:
            kept.append((text, answer, str(row.get(options.split) or "") if options.split else ""))
    if len(kept) < len(rows):
        options.notes.append(f"{len(rows) - len(kept)} of {len(rows)} rows have no text or no label and were left out.")
    texts, labels = [text for text, _, _ in kept], [answer for _, answer, _ in kept]
    if options.split:
        return Examples.of(options.task, texts, labels, [split for _, _, split in kept])
    return split_rows(texts, labels, seed=options.seed, task=options.task)


def _label(value: Any) -> str | None:
    if value is None or isinstance(value, list | dict):
        return None
    return str(value).strip() or None


def _labels(value: Any, separator: str) -> tuple[str, ...] | None:
    if value is None or isinstance(value, dict):
        return None
    found = value if isinstance(value, list) else str(value).split(separator)
    return tuple(sorted({str(label).strip() for label in found} - {""}))
