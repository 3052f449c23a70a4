"""Figures of found spans against true ones: exact as seqeval's strict mode counts, by overlap, and by kind of error."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Span
    from modeling.engine.tasks.spans import ScoredSpan

Array = np.ndarray[Any, Any]
BINS = 10
ERRORS = ("label", "borders", "label_and_borders", "spurious", "missed")


def span_counts(found: Sequence[Sequence[ScoredSpan]], truth: Sequence[Sequence[Span]]) -> Array:
    """Return for each text how many spans are right, found and true, int64 [n, 3].

    A span is right when start, end and label are those of a true one. A span given twice counts once.
    """
    counts = np.zeros((len(truth), 3), np.int64)
    for row, (made, answer) in enumerate(zip(found, truth, strict=True)):
        own, true = {_key(span) for span in made}, {_key(span) for span in answer}
        counts[row] = len(own & true), len(own), len(true)
    return counts


def f1_of_triples(counts: Array) -> float:
    """Return F1 of right, found and true spans, [3]; 0 where there are none at all."""
    right, found, true = counts.tolist()
    return 2 * right / (found + true) if found + true else 0.0


def span_figures(
    found: Sequence[Sequence[ScoredSpan]], truth: Sequence[Sequence[Span]], labels: Sequence[str]
) -> dict[str, Any]:
    """Return every figure of found spans, JSON-ready; shares are in [0, 1].

    `precision`, `recall` and `f1` count exact spans over all labels together (micro), as the strict mode of seqeval
    (Nakayama 2018) does; `macro_f1` is the mean over labels that occur. `partial` counts a span right when it shares a
    character with a true one of its label. `borders` asks for exact borders and leaves the label aside. `errors` sorts
    what is not exact: a wrong label at exact borders, the right label at other borders, both wrong, nothing true there,
    and true spans that no found one touches. `confusion` counts labels of spans with exact borders, [true][found].
    `calibration_error` is the mean distance between a span's score and the share of exact ones among spans of like
    score, in ten bins.
    """
    by_label = {name: np.zeros(3, np.int64) for name in labels}
    for made, answer in zip(found, truth, strict=True):
        own, true = {_key(span) for span in made}, {_key(span) for span in answer}
        for place, spans in enumerate((own & true, own, true)):
            for label, many in Counter(span[2] for span in spans).items():
                by_label.setdefault(label, np.zeros(3, np.int64))[place] += many
    total = sum(by_label.values(), np.zeros(3, np.int64))
    per_class: list[dict[str, Any]] = [
        {"label": name, **_rates(counts), "support": int(counts[2])} for name, counts in by_label.items()
    ]
    present = [row["f1"] for row, counts in zip(per_class, by_label.values(), strict=True) if counts[1:].any()]
    return {
        "rows": len(truth),
        "spans": int(total[2]),
        "found": int(total[1]),
        **_rates(total),
        "macro_f1": float(np.mean(present)) if present else 0.0,
        "partial": _rates(*_partial(found, truth)),
        "borders": _rates(_border_counts(found, truth)),
        "calibration_error": _calibration_error(found, truth),
        "errors": _errors(found, truth),
        "labels": list(by_label),
        "per_class": per_class,
        "confusion": _confusion(found, truth, list(by_label)),
    }


def _key(span: Any) -> tuple[int, int, str]:
    return span[0], span[1], span[2]


def _rates(counts: Array, recalled: int | None = None) -> dict[str, float]:
    """Return precision, recall and F1 of [right, found, true]; `recalled` are true spans met, where that differs."""
    right, found, true = (int(count) for count in counts)
    met = right if recalled is None else recalled
    precision, recall = right / found if found else 0.0, met / true if true else 0.0
    total = precision + recall
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / total if total else 0.0}


def _touch(one: Any, other: Any) -> bool:
    return bool(one[0] < other[1] and other[0] < one[1])


def _partial(found: Sequence[Any], truth: Sequence[Any]) -> tuple[Array, int]:
    right = recalled = made_all = true_all = 0
    for made, answer in zip(found, truth, strict=True):
        own, true = {_key(span) for span in made}, {_key(span) for span in answer}
        right += sum(any(span[2] == other[2] and _touch(span, other) for other in true) for span in own)
        recalled += sum(any(span[2] == other[2] and _touch(span, other) for other in own) for span in true)
        made_all, true_all = made_all + len(own), true_all + len(true)
    return np.array([right, made_all, true_all]), recalled


def _border_counts(found: Sequence[Any], truth: Sequence[Any]) -> Array:
    counts = np.zeros(3, np.int64)
    for made, answer in zip(found, truth, strict=True):
        own, true = {_key(span)[:2] for span in made}, {_key(span)[:2] for span in answer}
        counts += np.array([len(own & true), len(own), len(true)])
    return counts


def _errors(found: Sequence[Any], truth: Sequence[Any]) -> dict[str, int]:
    errors = dict.fromkeys(ERRORS, 0)
    for made, answer in zip(found, truth, strict=True):
        own, true = {_key(span) for span in made}, {_key(span) for span in answer}
        for span in own - true:
            touching = [other for other in true if _touch(span, other)]
            if any(other[:2] == span[:2] for other in touching):
                errors["label"] += 1
            elif any(other[2] == span[2] for other in touching):
                errors["borders"] += 1
            else:
                errors["label_and_borders" if touching else "spurious"] += 1
        errors["missed"] += sum(not any(_touch(span, other) for other in own) for span in true)
    return errors


def _confusion(found: Sequence[Any], truth: Sequence[Any], labels: list[str]) -> list[list[int]]:
    place = {name: number for number, name in enumerate(labels)}
    matrix = np.zeros((len(labels), len(labels)), np.int64)
    for made, answer in zip(found, truth, strict=True):
        at: dict[tuple[int, int], list[str]] = defaultdict(list)
        for span in answer:
            at[span[:2]].append(span[2])
        for span in made:
            for label in at.get(_key(span)[:2], ()):
                matrix[place[label], place[span[2]]] += 1
    rows: list[list[int]] = matrix.tolist()
    return rows


def _calibration_error(found: Sequence[Any], truth: Sequence[Any]) -> float:
    rows = [
        (span.score, _key(span) in {_key(other) for other in answer})
        for made, answer in zip(found, truth, strict=True)
        for span in made
    ]
    if not rows:
        return 0.0
    scores, right = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], float)
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    parts = [(place == number) for number in range(BINS)]
    return float(sum(abs(scores[part].sum() - right[part].sum()) for part in parts) / len(rows))
