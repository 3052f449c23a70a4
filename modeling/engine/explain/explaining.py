"""A prediction with its reasons, for every task whose models can be asked about parts of an input."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.callbacks import stop_if
from modeling.engine.errors import BadData, EngineError
from modeling.engine.families.family import TrainingContext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.tasks.spans import ScoredSpan
    from modeling.engine.training import TrainedModel

Array = np.ndarray[Any, Any]
WORDS, SPANS, PIXELS, COLUMNS = "words", "spans", "pixels", "columns"
# What the reasons of a task are made of.
KINDS: dict[str, str] = {
    "text-classification": WORDS,
    "text-multilabel": WORDS,
    "ner": SPANS,
    "image-classification": PIXELS,
    "image-multilabel": PIXELS,
    "table": COLUMNS,
    "table-regression": COLUMNS,
}
CODE = "not_explained"
# Each label of a text costs nothing beside the first, but nobody reads more; each span costs some fifty questions.
MOST_LABELS, MOST_SPANS = 4, 12
# Probabilities that are told; the rest are the least likely of many labels.
MOST_PROBABILITIES = 50
_DECIMALS = 4


def explain(
    model: TrainedModel,
    given: Any,
    *,
    also: Sequence[str] = (),
    context: TrainingContext | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return what a model says of one input and what that rests on, JSON-ready.

    Args:
        model: Of a task in `KINDS`.
        given: A text, the path of a picture, or a row as a mapping.
        also: Labels that are explained beside the predicted ones, such as the right answer; unknown ones are left out.
        context: Where vectors are kept, whom to tell, and whether to stop.
        seed: Of the random part inputs.

    Returns:
        ``task``; ``kind`` (a value of `KINDS`); ``prediction`` with ``answer`` and ``confidence``; ``probabilities``
        by label, the likeliest first, None where there are none; and ``parts``, one for each label that is explained:

        - words: ``label``, ``chance``, ``weights`` (start, end, weight in log odds), ``base``, ``whole``, ``fidelity``
          as `modeling.engine.explain.texts.Attribution` says;
        - spans, one for each found span: ``label``, ``start``, ``end``, ``score``, ``weights`` (start, end, weight);
        - pixels: ``label``, ``chance``, ``cells`` (12 rows of 12 falls of log-probability);
        - columns: ``label`` (None for a number), ``chance``, ``weights`` (column, weight), ``base``, ``whole``,
          ``fidelity``.

        ``left_out`` counts the spans that are not explained because there are too many.

    Raises:
        EngineError: ``not_explained``: the task or the family cannot.
        BadData: The picture cannot be read.
        Cancelled: As asked.
    """
    task, context = model.task, context or TrainingContext()
    kind = KINDS.get(task.name)
    if kind is None:
        raise EngineError(
            f"Predictions of the task {task.name} are not explained; those of {', '.join(KINDS)} are.", code=CODE
        )
    ask = _remembered(model, context)
    context.stage("explaining")
    said = ask([given])
    made = task.row_prediction(said[0], model.labels)
    chances = None if kind == SPANS or task.name == "table-regression" else _chances(model, said[0])
    found: dict[str, Any] = {
        "task": task.name,
        "kind": kind,
        "prediction": made,
        "probabilities": None if chances is None else dict(list(chances.items())[:MOST_PROBABILITIES]),
        "left_out": 0,
    }
    if kind == SPANS:
        spans = sorted(said[0], key=lambda span: -span.score)
        found["left_out"] = max(0, len(spans) - MOST_SPANS)
        return {**found, "parts": _spans(ask, given, sorted(spans[:MOST_SPANS]), context)}
    labels = _labels(made["answer"], chances or {}, also)
    parts = {WORDS: _words, PIXELS: _pixels, COLUMNS: _columns}[kind](model, ask, given, labels, context, seed)
    for part in parts:
        part["chance"] = None if chances is None else chances[part["label"]]
    return {**found, "parts": parts}


def _remembered(model: TrainedModel, context: TrainingContext) -> Callable[[Sequence[Any]], Any]:
    """Return the model's predictions, each input asked about once: all labels of a text have the same part texts."""
    known: dict[str, Any] = {}
    # What a family tells of its own work would count among the parts.
    quiet = TrainingContext(context.cache_dir, context.vectors_dir, cancelled=context.cancelled)

    def ask(inputs: Sequence[Any]) -> Any:
        stop_if(context.cancelled, "Explaining")
        names = [_name(one) for one in inputs]
        new = {name: one for name, one in zip(names, inputs, strict=True) if name not in known}
        if new:
            known.update(zip(new, model.predictions(list(new.values()), quiet), strict=True))
        return [known[name] for name in names]

    return ask


def _name(one: Any) -> str:
    text = one if isinstance(one, str) else json.dumps(one, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _chances(model: TrainedModel, row: Array) -> dict[str, float]:
    pairs = zip(model.labels, np.asarray(row, float).tolist(), strict=True)
    return {label: round(chance, 6) for label, chance in sorted(pairs, key=lambda pair: -pair[1])}


def _labels(answer: Any, chances: dict[str, float], also: Sequence[str]) -> list[str]:
    """Return which labels are explained: the predicted ones, or the likeliest where none is, and those asked for."""
    if not chances:
        return []
    given = [answer] if isinstance(answer, str) else list(answer) or [next(iter(chances))]
    return [label for label in dict.fromkeys([*given, *also]) if label in chances][:MOST_LABELS]


def _words(
    model: TrainedModel, ask: Any, text: str, labels: Sequence[str], context: TrainingContext, seed: int
) -> list[dict[str, Any]]:
    from modeling.engine.explain.texts import attribute_text

    parts = []
    for number, label in enumerate(labels):
        found = attribute_text(lambda texts: np.stack(ask(texts)), text, model.labels.index(label), seed=seed)
        weights = [[start, end, round(weight, _DECIMALS)] for start, end, weight in found.weights]
        parts.append({"label": label, "weights": weights, **_sum_of(found)})
        _tell(context, number + 1, len(labels))
    return parts


def _spans(ask: Any, text: str, spans: Sequence[ScoredSpan], context: TrainingContext) -> list[dict[str, Any]]:
    from modeling.engine.explain.texts import attribute_span

    parts = []
    for number, span in enumerate(spans):
        found = attribute_span(ask, text, span)
        weights = [[start, end, round(weight, _DECIMALS)] for start, end, weight in found]
        score = round(float(span.score), _DECIMALS)
        parts.append({"label": span.label, "start": span.start, "end": span.end, "score": score, "weights": weights})
        _tell(context, number + 1, len(spans))
    return parts


def _pixels(
    model: TrainedModel, _ask: Any, path: Any, labels: Sequence[str], context: TrainingContext, _seed: int
) -> list[dict[str, Any]]:
    from curation.engine.pictures.decode import PictureError
    from modeling.engine.explain.pictures import attribute_labels, cells_of

    def told(done: int, total: int) -> None:
        stop_if(context.cancelled, "Explaining")
        _tell(context, done, total)

    try:
        maps = attribute_labels(model.folder, model.facts, path, labels, told)
    except PictureError as error:
        raise BadData(error.message) from None
    return [
        {"label": label, "cells": cells_of(values).astype(float).round(_DECIMALS).tolist()}
        for label, values in maps.items()
    ]


def _columns(
    model: TrainedModel, ask: Any, row: Any, labels: Sequence[str], context: TrainingContext, seed: int
) -> list[dict[str, Any]]:
    from modeling.engine.explain.kernel import log_odds
    from modeling.engine.explain.rows import attribute_row
    from modeling.engine.tabular.columns import Column

    if "columns" not in model.facts:
        raise EngineError(f"Models of the family {model.facts['family']} are not explained by columns.", code=CODE)
    columns = [Column.from_dict(column) for column in model.facts["columns"]]
    number = model.task.name == "table-regression"
    parts = []
    for done, label in enumerate([None] if number else labels, 1):
        place = None if label is None else model.labels.index(label)

        def values(rows: Sequence[Any], place: int | None = place) -> Array:
            return np.asarray(ask(rows), float) if place is None else log_odds(np.stack(ask(rows)), place)

        found = attribute_row(values, row, columns, seed=seed)
        weights = [[name, round(weight, _DECIMALS)] for name, weight in found.weights.items()]
        parts.append({"label": label, "weights": weights, **_sum_of(found)})
        _tell(context, done, 1 if number else len(labels))
    return parts


def _sum_of(found: Any) -> dict[str, float]:
    return {name: round(float(getattr(found, name)), _DECIMALS) for name in ("base", "whole", "fidelity")}


def _tell(context: TrainingContext, done: int, total: int) -> None:
    if context.progress:
        context.progress(done, total)
