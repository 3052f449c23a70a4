"""The cheap family for spans: counted features of words under an averaged structured perceptron. Seconds to train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modeling.engine.augmentation.fitting import COPIES
from modeling.engine.augmentation.texts import text_changes
from modeling.engine.bundle.runtime.scheme import TagScheme
from modeling.engine.bundle.runtime.word_features import Vocabulary, feature_codes
from modeling.engine.bundle.runtime.words import Words, cut
from modeling.engine.callbacks import stop_if
from modeling.engine.data import joined
from modeling.engine.families.family import Family, FamilyResult
from modeling.engine.families.vectors import copies_fact
from modeling.engine.tagging.alignment import align
from modeling.engine.tagging.choosing import Reading, choose_reading, found_spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.tagging.perceptron import LinearTagger
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

FILE = "perceptron.npz"
# A feature of one word alone is learned by heart: with those that occur once the dev rows of WNUT-17 had .337 instead
# of .346.
LEAST = 2


class TaggerLinear(Family):
    """Averaged structured perceptron over tags of words."""

    name = "tagger-linear"
    title = "Structured perceptron over words (baseline)"
    tasks: ClassVar[tuple[str, ...]] = ("ner",)
    augments = COPIES
    exportable = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return the most epochs, and how many without a gain end the training."""
        return {"epochs": 30, "batch_size": 1, "learning_rate": 1.0, "patience": 6, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Learn tags of the training texts; keep the epoch of the best F1 on the validation texts."""
        from modeling.engine.tagging.perceptron import PerceptronTraining

        context.stage("training")
        train, validation = data.part("train"), data.part("validation")
        changes = text_changes(train, settings, context)
        made, parents = (None, np.zeros(0, np.int64)) if changes is None else changes.copies()
        train = train if made is None else joined(train, made)
        scheme = TagScheme(len(data.classes))
        known = align(train.inputs, train.answers, data.classes)
        held_out = cut(validation.inputs)
        codes = feature_codes(known.words)
        vocabulary = Vocabulary.of(codes, LEAST)
        tags = [
            scheme.encode(spans, int(high - low))
            for spans, low, high in zip(known.spans, known.words.first[:-1], known.words.first[1:], strict=True)
        ]
        training = PerceptronTraining(
            vocabulary.numbers(codes), known.words.first, np.concatenate([np.zeros(0, np.int64), *tags]), scheme,
            len(vocabulary.codes), settings.seed,
        )  # fmt: skip
        seen = vocabulary.numbers(feature_codes(held_out))
        best, history = _best_epoch(
            training, scheme, seen, held_out, validation.answers, data.classes, settings, context
        )
        score, epoch, model = best
        reading = choose_reading(
            model.scores(seen), held_out, scheme, model.steps(scheme), validation.answers, data.classes
        )
        _save(folder / FILE, model, vocabulary)
        return FamilyResult(
            {"best_score": score, "best_epoch": epoch, "epochs": len(history), "history": history, "device": "cpu",
             "scheme": scheme.kind, "bias": reading.bias, "temperature": reading.temperature,
             "features": len(vocabulary.codes), "span_fit": known.fit.to_dict(), **copies_fact(settings, parents)}
        )  # fmt: skip

    def predict(self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext) -> Any:
        """Return scored spans of each text."""
        model, vocabulary = load_linear(folder / FILE)
        scheme, words = TagScheme(len(facts["labels"]), facts["scheme"]), cut(inputs)
        scores = model.scores(vocabulary.numbers(feature_codes(words)))
        reading = Reading(facts["bias"], facts["temperature"])
        return found_spans(scores, words, scheme, model.steps(scheme), facts["labels"], reading)

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of features and weights."""
        from modeling.engine.bundle.word_plan import feature_plan

        return feature_plan(model)


def _best_epoch(
    training: Any, scheme: TagScheme, seen: Any, words: Words, truth: Any, labels: Sequence[str],
    settings: TrainingSettings, context: TrainingContext,
) -> tuple[tuple[float, int, LinearTagger], list[dict[str, Any]]]:  # fmt: skip
    """Train until the validation F1 stands still; return the best score, its epoch and its model, and all epochs."""
    from modeling.engine.tasks.span_figures import f1_of_triples, span_counts

    assert settings.epochs is not None
    assert settings.patience is not None
    texts = max(1, len(training.first) - 1)
    best: tuple[float, int, LinearTagger] | None = None
    history: list[dict[str, Any]] = []
    for epoch in range(1, settings.epochs + 1):
        stop_if(context.cancelled, "Training")
        wrong, model = training.epoch(), training.average()
        found = found_spans(model.scores(seen), words, scheme, model.steps(scheme), labels, Reading())
        score = f1_of_triples(span_counts(found, truth).sum(axis=0))
        # The perceptron's loss: the share of training texts with a wrong tag.
        history.append({"epoch": epoch, "loss": wrong / texts, "validation_f1": score, "score": score})
        if best is None or score > best[0]:
            best = (score, epoch, model)
        if context.on_epoch:
            context.on_epoch({**history[-1], "epochs": settings.epochs, "best_epoch": best[1]})
        if not wrong or epoch - best[1] >= settings.patience:
            break
    assert best is not None
    return best, history


def _save(path: Path, model: LinearTagger, vocabulary: Vocabulary) -> None:
    """Write the features that have any weight, and their weights."""
    kept = model.weights.any(axis=1)
    np.savez_compressed(
        path, codes=vocabulary.codes[kept], weights=model.weights[kept].astype(np.float16), begin=model.begin,
        end=model.end, follow=model.follow,
    )  # fmt: skip


def load_linear(path: Path) -> tuple[LinearTagger, Vocabulary]:
    """Read the weights of a model and the codes of its features."""
    from modeling.engine.tagging.perceptron import LinearTagger

    with np.load(path, allow_pickle=False) as arrays:
        model = LinearTagger(arrays["weights"].astype(np.float32), arrays["begin"], arrays["end"], arrays["follow"])
        return model, Vocabulary(arrays["codes"])
