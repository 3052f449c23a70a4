"""The baseline family: TF-IDF with logistic regression, which every trained model is compared with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.choose import letter_shares
from modeling.engine.callbacks import stop_if
from modeling.engine.metrics import macro_f1
from modeling.engine.training.family import Family, FamilyResult, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sklearn.feature_extraction.text import TfidfVectorizer

    from modeling.engine.data import LabeledTexts
    from modeling.engine.training.settings import TrainingSettings

# Strengths tried on the validation rows, so that the baseline is a fair one.
STRENGTHS = (1.0, 10.0, 100.0)
MOST_FEATURES = 300_000
_SCRIPTS_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "THAI")


class TfidfLinear(Family):
    """Word 1-2-grams, or character 1-3-grams for scripts without spaces; logistic regression."""

    name = "tfidf-linear"
    title = "TF-IDF and logistic regression (baseline)"
    exportable = False

    def defaults(self) -> dict[str, Any]:
        """Return nothing of weight: the only choice, the strength, is made on the validation rows."""
        return {"epochs": 1, "batch_size": 1, "learning_rate": 1.0, "patience": 1, "dropout": 0.0}

    def train(
        self, data: LabeledTexts, settings: TrainingSettings, encoder: str, folder: Path, context: TrainingContext
    ) -> FamilyResult:
        """Fit the vocabulary on the training rows and choose the strength on the validation rows."""
        from sklearn.linear_model import LogisticRegression

        context.stage("training")
        train, validation = data.part("train"), data.part("validation")
        analyzer = choose_analyzer(train.texts)
        vectorizer = _vectorizer(analyzer)
        known, held_out = vectorizer.fit_transform(train.texts), vectorizer.transform(validation.texts)
        best: tuple[float, float, Any] | None = None
        for strength in STRENGTHS:
            stop_if(context.cancelled, "Training the baseline")
            model = LogisticRegression(C=strength, max_iter=1000).fit(known, train.targets(data.classes))
            score = macro_f1(validation.targets(data.classes), model.predict(held_out), len(data.classes))
            if best is None or score > best[0]:
                best = (score, strength, model)
        assert best is not None
        weights, bias = best[2].coef_, best[2].intercept_
        if len(data.classes) == 2:
            weights, bias = np.vstack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
        np.savez_compressed(folder / "tfidf.npz", weights=weights.astype(np.float32), bias=bias, idf=vectorizer.idf_)
        terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
        (folder / "vocabulary.json").write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        return FamilyResult(
            {"analyzer": analyzer, "strength": best[1], "best_macro_f1": best[0], "features": len(terms)}
        )

    def logits(
        self, folder: Path, facts: dict[str, Any], texts: Sequence[str], context: TrainingContext
    ) -> np.ndarray[Any, Any]:
        """Return the regression's logits."""
        vectorizer = _vectorizer(
            facts["analyzer"], json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        )
        with np.load(folder / "tfidf.npz", allow_pickle=False) as arrays:
            vectorizer.idf_ = arrays["idf"]
            out: np.ndarray[Any, Any] = (
                vectorizer.transform(texts) @ arrays["weights"].T.astype(np.float64) + arrays["bias"]
            )
        return out


def choose_analyzer(texts: Sequence[str]) -> str:
    """Return `char` when most letters are of a script written without spaces, else `word`."""
    shares = letter_shares(texts)
    return "char" if sum(shares.get(script, 0.0) for script in _SCRIPTS_WITHOUT_SPACES) > 0.3 else "word"


def _vectorizer(analyzer: str, vocabulary: list[str] | None = None) -> TfidfVectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    grams = (1, 3) if analyzer == "char" else (1, 2)
    # \w\w+ of the library drops one-letter words and digits, which tell spam from ham.
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=grams,
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b" if analyzer == "word" else None,
        max_features=None if vocabulary else MOST_FEATURES,
        vocabulary=vocabulary,
    )
