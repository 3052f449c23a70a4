"""The baseline family: TF-IDF with logistic regression, which every trained text model is compared with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.choose import letter_shares
from modeling.engine.augmentation.fitting import COPIES
from modeling.engine.augmentation.texts import text_changes
from modeling.engine.bundle.runtime.vocabulary import GRAMS, TERM
from modeling.engine.callbacks import stop_if
from modeling.engine.data import joined
from modeling.engine.families.family import Family, FamilyResult, TrainingContext
from modeling.engine.families.vectors import copies_fact
from modeling.engine.heads.linear import STRENGTHS, fit_linear

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sklearn.feature_extraction.text import TfidfVectorizer

    from modeling.engine.bundle.plan import Plan
    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings
    from modeling.engine.training.train import TrainedModel

MOST_FEATURES = 300_000
TABLE_FILE, VOCABULARY_FILE = "tfidf.npz", "vocabulary.json"
_SCRIPTS_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "THAI")


class TfidfLinear(Family):
    """Word 1-2-grams, or character 1-3-grams for scripts without spaces; logistic regression."""

    name = "tfidf-linear"
    title = "TF-IDF and logistic regression (baseline)"
    tasks = ("text-classification", "text-multilabel")
    augments = COPIES
    exportable = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return nothing of weight: the only choice, the strength, is made on the validation rows."""
        return {"epochs": 1, "batch_size": 1, "learning_rate": 1.0, "patience": 1, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Fit the vocabulary on the training rows and choose the strength on the validation rows."""
        context.stage("training")
        train, validation = data.part("train"), data.part("validation")
        analyzer = choose_analyzer(train.inputs)
        vectorizer = vectorizer_of(analyzer)
        changes = text_changes(train, settings, context)
        made, parents = (None, np.zeros(0, np.int64)) if changes is None else changes.copies()
        every = train if made is None else joined(train, made)
        known, held_out = vectorizer.fit_transform(every.inputs), vectorizer.transform(validation.inputs)
        shares = every.shares(data.classes)
        best: tuple[float, float, Any, Any] | None = None
        for strength in STRENGTHS:
            stop_if(context.cancelled, "Training the baseline")
            weights, bias = fit_linear(known, shares, strength, task=data.task)
            logits = np.asarray(held_out @ weights.T) + bias
            facts = data.kind.calibrate(logits, validation, data.classes)
            score = _score(data, validation, data.kind.finish(logits, facts))
            if best is None or score > best[0]:
                best = (score, strength, weights, bias)
        assert best is not None
        score, strength, weights, bias = best
        np.savez_compressed(folder / TABLE_FILE, weights=weights.astype(np.float32), bias=bias, idf=vectorizer.idf_)
        terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
        (folder / VOCABULARY_FILE).write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        facts = {"analyzer": analyzer, "strength": strength, "best_score": score, "features": len(terms)}
        return FamilyResult({**facts, **copies_fact(settings, parents)})

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return the regression's logits."""
        vectorizer = vectorizer_of(
            facts["analyzer"], json.loads((folder / VOCABULARY_FILE).read_text(encoding="utf-8"))
        )
        with np.load(folder / TABLE_FILE, allow_pickle=False) as arrays:
            vectorizer.idf_ = arrays["idf"]
            out: np.ndarray[Any, Any] = (
                vectorizer.transform(inputs) @ arrays["weights"].T.astype(np.float64) + arrays["bias"]
            )
        return out

    def plan(self, model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
        """Return the plan of terms and weights."""
        from modeling.engine.bundle.term_plan import term_plan

        return term_plan(model)


def _score(data: Examples, validation: Examples, predictions: Any) -> float:
    return data.kind.scorer(predictions, validation, data.classes)(np.arange(len(validation.inputs)))


def choose_analyzer(texts: Sequence[str]) -> str:
    """Return `char` when most letters are of a script written without spaces, else `word`."""
    shares = letter_shares(texts)
    return "char" if sum(shares.get(script, 0.0) for script in _SCRIPTS_WITHOUT_SPACES) > 0.3 else "word"


def vectorizer_of(analyzer: str, vocabulary: list[str] | None = None) -> TfidfVectorizer:
    """Return scikit-learn's vectorizer of an analyzer, for a vocabulary that is there or to be learned."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    # \w\w+ of the library drops one-letter words and digits, which tell spam from ham.
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=GRAMS[analyzer],
        sublinear_tf=True,
        token_pattern=TERM if analyzer == "word" else None,
        max_features=None if vocabulary else MOST_FEATURES,
        vocabulary=vocabulary,
    )
