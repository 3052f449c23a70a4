"""Suspected label errors: given labels beside what a model that did not see them expects, most suspicious first."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as zlib_error

import numpy as np
from numpy.typing import NDArray

from curation.engine.label_quality import DEFAULT_MEASURE, MEASURES, strongest_rival

# How far the probabilities of a row may sum up beside 1: half-precision figures of a thousand labels do by 0.005.
SUM_TOLERANCE = 0.01
# What rounding may leave below 0, in figures of half precision too.
BELOW_ZERO = 1e-4
ARRAYS = ("pred_probs", "labels")
_HOW_TO_SAVE = "Save both as numbers, not as objects: numpy.savez(file, pred_probs=…, labels=…)."


class BadArrays(ValueError):
    """Arrays that cannot be ranked; the message says what is wrong, where, and how to mend it."""


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """The rows in the order in which somebody should look at them.

    Attributes:
        rows: Places of the rows, most suspicious first, int64 [n].
        scores: How far each of them can be believed, 0 to 1, lower is worse, float64 [n], rising.
        suggested: The likeliest label other than the given one, int64 [n].
        likelier: Whether the suggested label is likelier than the given one, bool [n].
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    suggested: NDArray[np.int64]
    likelier: NDArray[np.bool_]


def rank_label_errors(pred_probs: Any, labels: Any, *, measure: str = DEFAULT_MEASURE) -> LabelErrors:
    """Rank given labels by how little they can be believed; rows that are equally doubtful keep their order.

    Args:
        pred_probs: Probability of each of k labels for n rows, each from a model that did not see the row, [n, k].
        labels: The given labels, whole numbers from 0 to k - 1, [n].
        measure: A row of `curation.engine.label_quality.MEASURES`.

    Raises:
        BadArrays: The arrays do not fit that.
    """
    chances, given = check_arrays(np.asarray(pred_probs), np.asarray(labels))
    scores = MEASURES[measure](chances, given)
    order = np.argsort(scores, kind="stable")
    rivals, place = strongest_rival(chances, given), np.arange(len(given))
    likelier = chances[place, rivals] > chances[place, given]
    return LabelErrors(order, scores[order], rivals[order], likelier[order])


def check_arrays(pred_probs: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Return the arrays as the measures take them.

    Raises:
        BadArrays: Of a wrong shape or kind, not finite, no probabilities, a label out of range, or one class only.
    """
    _check_shapes(pred_probs, labels)
    if pred_probs.dtype.kind not in "fiu":
        raise BadArrays(f"pred_probs holds {pred_probs.dtype}; it must hold numbers, the probability of each label.")
    wide = pred_probs.dtype.itemsize > 4
    chances: NDArray[np.floating] = pred_probs.astype(np.float64 if wide else np.float32, copy=False)
    _check_chances(chances)
    if chances.min() < 0:
        chances = np.maximum(chances, 0)
    return chances, _whole_labels(labels, chances.shape[1])


def _check_shapes(pred_probs: NDArray[Any], labels: NDArray[Any]) -> None:
    if pred_probs.ndim != 2:
        shape = " x ".join(map(str, pred_probs.shape)) or "a single number"
        raise BadArrays(f"pred_probs must have two dimensions, rows by labels; it is {shape}.")
    if labels.ndim != 1:
        shape = " x ".join(map(str, labels.shape)) or "a single number"
        raise BadArrays(f"labels must have one dimension, one label for each row; it is {shape}.")
    if len(labels) != len(pred_probs):
        raise BadArrays(
            f"pred_probs has {len(pred_probs):,} rows and labels has {len(labels):,}; they must be of the same items."
        )
    if not len(labels):
        raise BadArrays("The arrays have no row.")
    if pred_probs.shape[1] < 2:
        raise BadArrays("pred_probs has one column: with a single label there is nothing that could be wrong.")


def _check_chances(chances: NDArray[np.floating]) -> None:
    sums = chances.sum(axis=1, dtype=np.float64)
    if not np.isfinite(sums).all():
        row = int(np.flatnonzero(~np.isfinite(sums))[0])
        column = int(np.flatnonzero(~np.isfinite(chances[row]))[0]) if not np.isfinite(chances[row]).all() else 0
        raise BadArrays(
            f"pred_probs[{row}, {column}] is {chances[row, column]}; every probability must be a number. "
            "Predict that row again, or leave it out of both arrays."
        )
    if chances.min() < -BELOW_ZERO:
        row, column = (int(place) for place in np.unravel_index(chances.argmin(), chances.shape))
        raise BadArrays(
            f"pred_probs[{row}, {column}] is {chances[row, column]:.6g}; a probability is from 0 to 1. "
            "Scores of a model need a softmax first."
        )
    off = np.abs(sums - 1)
    if off.max() > SUM_TOLERANCE:
        row = int(off.argmax())
        raise BadArrays(
            f"The probabilities of row {row} sum up to {sums[row]:.6g}, not 1. Divide each row by its sum, or apply a "
            "softmax to scores of a model."
        )


def _whole_labels(labels: NDArray[Any], count: int) -> NDArray[np.int64]:
    if labels.dtype.kind not in "iufb":
        raise BadArrays(
            f"labels holds {labels.dtype}; it must hold whole numbers from 0 to {count - 1}, the columns of pred_probs."
        )
    labels = labels.astype(np.uint8) if labels.dtype.kind == "b" else labels
    wrong = ~((labels >= 0) & (labels < count) & (labels == np.floor(labels)))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadArrays(
            f"labels[{row}] is {labels[row]}; with {count} columns in pred_probs labels are whole numbers from 0 to "
            f"{count - 1}. {int(wrong.sum()):,} of {len(labels):,} are not."
        )
    given = labels.astype(np.int64)
    if (given == given[0]).all():
        raise BadArrays(
            f"Every row has the label {given[0]}. Errors are found by comparing labels, so there must be at least two."
        )
    return given


def read_arrays(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return pred_probs and labels of an npz file; pickled objects are never read.

    Raises:
        BadArrays: It is no such file, or lacks one of them.
        OSError: It cannot be opened.
    """
    if path.is_dir():
        raise BadArrays(f"{path} is a folder; name an npz file.")
    try:
        with path.open("rb") as stream:
            return _two_arrays(path, np.load(stream, allow_pickle=False))
    except BadArrays:
        raise
    except (ValueError, EOFError, BadZipFile, zlib_error) as error:
        # NumPy advises to load pickled objects; whoever follows that runs whatever the file says.
        why = f" ({error})" if "pickle" not in str(error) else ": it holds objects, or is no archive of arrays"
        raise BadArrays(f"{path} cannot be read as an npz file of plain arrays{why}. {_HOW_TO_SAVE}") from None
    except MemoryError:
        raise BadArrays(f"{path} says that it holds more than fits into memory. Save a part of its rows.") from None


def _two_arrays(path: Path, archive: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the two arrays; what else the file holds is not looked at."""
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise BadArrays(f"{path} holds one array. {_HOW_TO_SAVE}")
    missing = [name for name in ARRAYS if name not in archive]
    if missing:
        absent, present = " and no array ".join(missing), ", ".join(archive) or "none"
        raise BadArrays(f"{path} has no array {absent}; it has {present}. {_HOW_TO_SAVE}")
    return archive["pred_probs"], archive["labels"]
