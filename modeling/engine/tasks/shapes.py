"""Boxes or polygons around things in pictures: found by a model, judged as COCO judges them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from modeling.engine.errors import BadData
from modeling.engine.pictures.coco_judge import box_overlaps, judge, mask_overlaps
from modeling.engine.pictures.matching import RECALLS, ClassMatches, curve, gather, match_all
from modeling.engine.tasks.task import Array, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples

# Found shapes below this score do not count in a picture's loss, nor are they shown.
SHOWN = 0.05
# Points of a curve of precision over recall: every fifth of COCO's 101 recalls.
_EVERY = 5


class ScoredShape(NamedTuple):
    """A shape that a model found: as `Shape`, with a score in [0, 1]."""

    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    score: float


class ShapeTask(Task):
    """Predictions are lists of `ScoredShape`; models are chosen by average precision over overlaps of .5 to .95."""

    input = "picture"
    primary = "map"
    masks: ClassVar[bool]

    def check(self, examples: Examples) -> None:
        """Refuse training rows without any shape, and labels of validation or test that training rows lack.

        A picture without a shape is a valid row: it says that there is nothing.
        """
        known = {shape.label for answer in examples.part("train").answers for shape in answer}
        if not known:
            raise BadData("No training picture has a shape; draw some, or choose another task.")
        for split in ("validation", "test"):
            missing = sorted({shape.label for answer in examples.part(split).answers for shape in answer} - known)
            if missing:
                raise BadData(f"Label {missing[0]!r} occurs in the {split} rows but never in the training rows.")

    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels that occur."""
        return tuple(sorted({shape.label for answer in answers for shape in answer}))

    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return figures of pycocotools, all in [0, 1].

        `map` is average precision over overlaps (intersection over union) of .5 to .95 and over the classes that the
        pictures show, `map50` and `map75` that at one overlap, `ar100` average recall with at most 100 shapes of a
        class in a picture. `per_class` has them for each class, with the number of drawn shapes and the curve of
        precision over recall at an overlap of 0.5, whose points have the score from which on they are reached.
        """
        found = judge(classes, predictions, examples.answers, masks=self.masks)
        drawn = Counter(shape.label for answer in examples.answers for shape in answer)
        curves = [_points(own) for own in self._matches(predictions, examples.answers, classes)]
        return {
            "rows": len(examples.inputs),
            "map": found.map,
            "map50": found.map50,
            "map75": found.map75,
            "ar100": found.recall,
            "labels": list(classes),
            "per_class": [
                {"label": label, "ap": own[0], "ap50": own[1], "support": drawn[label], "curve": points}
                for label, own, points in zip(classes, found.per_class, curves, strict=True)
            ],
        }

    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return 1 - F of each picture, in [0, 1], 0 where a picture has nothing and nothing was found.

        F is 2 * (sum of the scores of found shapes that match a drawn one of their label at an overlap of 0.5) over
        (sum of the scores of all found shapes + number of drawn shapes): the F1 of found shapes that count as much as
        the model believes in them. Found shapes below a score of 0.05 do not count.
        """
        losses = np.zeros(len(examples.inputs))
        shown = [[shape for shape in found if shape.score >= SHOWN] for found in predictions]
        whole = match_all(classes, shown, examples.answers, self._overlap)
        for row in range(len(losses)):
            own = [each[row] for each in whole]
            total = sum(float(each.scores.sum()) + each.drawn for each in own)
            right = sum(float(each.scores[each.hits[0]].sum()) for each in own)
            losses[row] = 1 - 2 * right / total if total else 0.0
        return losses

    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return average precision over row numbers, from matches that are made once; over all rows it is `map`."""
        whole = self._matches(predictions, examples.answers, classes)
        count = len(examples.inputs)
        return lambda rows: _precision(whole, np.bincount(rows, minlength=count))[0]

    def precisions(self, predictions: Any, answers: Sequence[Any], classes: Sequence[str]) -> tuple[float, float]:
        """Return average precision over overlaps of .5 to .95 and that at .5, as `figures` has them, but sooner."""
        return _precision(self._matches(predictions, answers, classes), None)

    def row_answer(self, answer: Any) -> Any:
        """Return the shapes as mappings."""
        return [_told(shape) for shape in answer]

    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return the shapes with a score of 0.05 or more; the confidence is of the least certain one from 0.5 on.

        A picture where nothing reaches 0.5 has the confidence that there is nothing: 1 - the best score.
        """
        sure = [shape.score for shape in prediction if shape.score >= 0.5]
        best = max((shape.score for shape in prediction), default=0.0)
        answer = [{**_told(shape), "score": shape.score} for shape in prediction if shape.score >= SHOWN]
        return {"answer": answer, "confidence": float(min(sure)) if sure else 1.0 - float(best)}

    def _overlap(self, first: Sequence[Any], second: Sequence[Any]) -> Array:
        return mask_overlaps(first, second) if self.masks else box_overlaps(first, second)

    def _matches(self, predictions: Any, answers: Sequence[Any], classes: Sequence[str]) -> list[ClassMatches]:
        return [gather(own) for own in match_all(classes, predictions, answers, self._overlap)]


class Detection(ShapeTask):
    """Boxes; polygons count as the boxes around them."""

    name, title, masks = "detection", "Boxes around things in a picture", False


class Segmentation(ShapeTask):
    """Polygons; boxes count as rectangles."""

    name, title, masks = "segmentation", "Outlines of things in a picture", True


def _precision(whole: Sequence[ClassMatches], counts: Array | None) -> tuple[float, float]:
    """Return the mean average precision and that at an overlap of 0.5; 0 where the pictures show nothing."""
    curves = [found for found in (curve(own, counts) for own in whole) if found is not None]
    if not curves:
        return 0.0, 0.0
    mean = float(np.mean([each.precisions.mean() for each in curves]))
    return mean, float(np.mean([each.precisions[0].mean() for each in curves]))


def _points(own: ClassMatches) -> list[dict[str, float]]:
    """Return points of one class's precision over recall at an overlap of 0.5, as far as recall goes."""
    found = curve(own)
    if found is None:
        return []
    return [
        {"recall": float(RECALLS[i]), "precision": float(found.precisions[0, i]), "score": float(found.scores[i])}
        for i in range(0, len(RECALLS), _EVERY)
        if found.precisions[0, i] > 0
    ]


def _told(shape: Any) -> dict[str, Any]:
    return {"label": shape.label, "kind": shape.kind, "points": [list(point) for point in shape.points]}
