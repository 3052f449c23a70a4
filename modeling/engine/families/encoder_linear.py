"""Logistic regression on a frozen encoder's vectors: the first choice while labels are few."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.fitting import COPIES
from modeling.engine.callbacks import stop_if
from modeling.engine.data import joined
from modeling.engine.families.family import FamilyResult, TextFamily, TrainingContext
from modeling.engine.families.vectors import PRECISION, copies_fact, encoded, encoded_copies
from modeling.engine.heads.linear import fit_linear

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from curation.engine.embedding.source import EncoderSource
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

Array = np.ndarray[Any, Any]
HEAD_FILE = "linear.npz"
# Halves of a layered vector have length 1, so weights must be large to be sure of anything.
STRENGTHS = (1.0, 10.0, 100.0)
# How much the mean of the words counts beside the sentence vector. With 8 labels a class, none was best for banking77
# and Chinese reviews by 1 and 7 points, all of it for SMS spam by 7.
WORD_SHARES = (0.0, 0.5, 1.0)
# From this many rows on one held-out tenth tells settings apart as well as folds, for a fifth of the time.
FOLDS_BELOW, HELD_OUT_SHARE = 1500, 0.1
# Settings are compared on at most this many rows; more tell the same in more time.
MOST_KNOWN = 3000
FOLDS = 5
# A few dozen rows are held out several times over, as one division of them is luck.
REPEATS, REPEATS_BELOW = 5, 200


class EncoderLinear(TextFamily):
    """Frozen encoder, logistic regression on its vectors; nothing of the labels is kept back in the end."""

    name = "encoder-linear"
    title = "Frozen sentence encoder with logistic regression"
    tasks = ("text-classification", "text-multilabel")
    augments = COPIES
    learns_validation = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return nothing of weight: the strength is chosen by held-out rows."""
        return {"epochs": 1, "batch_size": 1, "learning_rate": 1.0, "patience": 1, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Encode, choose strength and share of the words by held-out rows, fit on all rows that are not of the test."""
        context.stage("encoding")
        train, validation = data.part("train"), data.part("validation")
        vectors = encoded(train.inputs + validation.inputs, settings.encoder, settings.threads, context)
        more, parents, made = encoded_copies(train, settings, context)
        count = len(train.inputs)
        context.stage("training")
        every = joined(train, validation)
        # The training rows are the first ones of `every`, so that the row of a copy has the same place in both.
        copies = None if made is None else Copies(more, made.shares(data.classes), parents)
        choice = choose(vectors, every, data.classes, settings.seed, context, copies)
        known = with_copies(vectors[:count], train.shares(data.classes), copies)
        weights, bias = fit_chosen(*known, choice, task=data.task)
        held_out = vectors[count:] @ weights.T + bias
        # Held-out logits are known now, so the model that is kept may learn from all of these rows.
        known = with_copies(vectors, every.shares(data.classes), copies)
        weights, bias = fit_chosen(*known, choice, task=data.task)
        np.savez(folder / HEAD_FILE, weights=weights.astype(np.float32), bias=bias.astype(np.float32))
        facts = {"strength": choice.strength, "words": choice.words, "width": vectors.shape[1], "precision": PRECISION}
        facts |= copies_fact(settings, parents)
        judged = every.rows(choice.rows.tolist())
        return FamilyResult({**facts, **data.kind.calibrate(choice.logits, judged, data.classes)}, held_out)

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Array:
        """Return logits from cached vectors."""
        weights, bias = _stored(folder)
        vectors = encoded(inputs, facts["encoder"], facts["settings"]["threads"], context)
        out: Array = vectors.astype(np.float64) @ weights.T.astype(np.float64) + bias
        return out

    def module(self, folder: Path, facts: dict[str, Any], source: EncoderSource, pieces: list[int] | None) -> Any:
        """Return the encoder with the regression on its pooled vector."""
        from curation.engine.embedding.graph import load_encoder
        from modeling.engine.heads.classifier import TextClassifier
        from modeling.engine.heads.mlp import linear_head

        head = linear_head(*_stored(folder))
        return TextClassifier(load_encoder(source, pieces), head).eval()


def _stored(folder: Path) -> tuple[Array, Array]:
    with np.load(folder / HEAD_FILE, allow_pickle=False) as arrays:
        return arrays["weights"], arrays["bias"]


@dataclass(frozen=True)
class Choice:
    """Settings of a regression that held-out rows chose: its strength, and how much the mean of the words counts beside
    the sentence vector. `logits` are those of the held-out rows, `rows` their places."""

    strength: float
    words: float
    logits: Array
    rows: Array


@dataclass(frozen=True)
class Copies:
    """Augmented copies of rows that a regression learns from, and never is judged on: layered vectors [m, 2 * width],
    what should be said of each [m, k], and the place of each one's row, int64 [m]."""

    vectors: Any
    shares: Array
    parents: Array


def with_copies(
    vectors: Array, shares: Array, copies: Copies | None, known: Array | None = None
) -> tuple[Array, Array]:
    """Return rows to learn from with the copies of these rows behind them; of all rows when `known` is None."""
    if copies is None:
        return vectors, shares
    mine = slice(None) if known is None else np.isin(copies.parents, known)
    return np.concatenate([vectors, copies.vectors[mine]]), np.concatenate([shares, copies.shares[mine]])


def choose(
    vectors: Array,
    examples: Examples,
    classes: Sequence[str],
    seed: int,
    context: TrainingContext | None = None,
    copies: Copies | None = None,
) -> Choice:
    """Return what has the least calibrated loss on rows held out: folds while rows are few, else a tenth of them.

    Args:
        vectors: Layered vectors of the examples, [n, 2 * width].
        examples: All rows that may be learned from.
        classes: Of all rows, those of other splits too.
        seed: Of the folds.
        context: Asked whether to stop.
        copies: Augmented copies of the examples; those of rows that are held out are not learned from.
    """
    best: tuple[float, Choice] | None = None
    cuts = held_out_rows(examples, seed)
    rows = np.concatenate([held for _, held in cuts])
    for words in WORD_SHARES:
        scaled = weigh_words(vectors, words)
        more = None if copies is None else replace(copies, vectors=weigh_words(copies.vectors, words))
        for strength in STRENGTHS:
            logits = []
            for known, held in cuts:
                stop_if(context.cancelled if context else None, "Training")
                shares = examples.rows(known.tolist()).shares(classes)
                weights, bias = fit_linear(
                    *with_copies(scaled[known], shares, more, known), strength, task=examples.task
                )
                logits.append(scaled[held] @ weights.T + bias)
            raw, judged = np.concatenate(logits), examples.rows(rows.tolist())
            facts = examples.kind.calibrate(raw, judged, classes)
            loss = float(examples.kind.losses(examples.kind.finish(raw, facts), judged, classes).mean())
            if best is None or loss < best[0]:
                best = (loss, Choice(strength, words, raw, rows))
    assert best is not None
    return best[1]


def held_out_rows(examples: Examples, seed: int) -> list[tuple[Array, Array]]:
    """Return rows to learn from and rows to hold out, several times: stratified folds, more of them while rows are
    few; a tenth of the rows where there are many; classes of one row are never held out."""
    from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

    keys = np.array([str(answer) for answer in examples.answers])
    counts = Counter(keys.tolist())
    single = np.flatnonzero([counts[key] == 1 for key in keys.tolist()])
    rest = np.flatnonzero([counts[key] > 1 for key in keys.tolist()])
    if not len(rest):
        # Not one class has two rows: what each row is called by all the others is all there is to know.
        return [(np.delete(np.arange(len(keys)), row), np.array([row])) for row in range(len(keys))][:FOLDS]
    if len(rest) >= FOLDS_BELOW:
        held = max(HELD_OUT_SHARE, len(set(keys[rest].tolist())) / len(rest))
        known = min(1 - held, MOST_KNOWN / len(rest))
        cut = StratifiedShuffleSplit(1, test_size=held, train_size=known, random_state=seed)
        splits = list(cut.split(rest, keys[rest]))
    else:
        folds = min(FOLDS, *(counts[key] for key in set(keys[rest].tolist())))
        splits = []
        for repeat in range(REPEATS if len(rest) < REPEATS_BELOW else 1):
            cut = StratifiedKFold(folds, shuffle=True, random_state=seed + repeat)
            splits += list(cut.split(rest, keys[rest]))
    return [(np.sort(np.concatenate([rest[known], single])), rest[held]) for known, held in splits]


def weigh_words(vectors: Array, share: float) -> Array:
    """Return layered vectors whose second half, the mean of the words, counts this much."""
    half = vectors.shape[1] // 2
    return np.concatenate([vectors[:, :half], vectors[:, half:] * share], axis=1)


def fit_chosen(vectors: Array, shares: Array, choice: Choice, *, task: str) -> tuple[Array, Array]:
    """Return weights [k, 2 * width] and bias [k] for layered vectors as they are."""
    weights, bias = fit_linear(weigh_words(vectors, choice.words), shares, choice.strength, task=task)
    return weigh_words(weights, choice.words), bias
