"""Predictions from a bundle inside a long-lived process; one predictor serves many threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from modeling.engine.bundle.verify import verify_bundle
from modeling.engine.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_TEXTS = 256
MAX_CHARACTERS = 20_000


class Prediction(TypedDict):
    """The likeliest label and the calibrated probability of every label; they sum to 1."""

    label: str
    probabilities: dict[str, float]


class Predictor:
    """A verified bundle, loaded and warmed up.

    Each text is its own run of the graph: the int8 scale of activations spans a whole run, so alone a text always
    gets the same answer, and on two cores batches of short texts cost more CPU than they saved.
    """

    def __init__(self, bundle_path: Path, *, threads: int = 1) -> None:
        from tokenizers import Tokenizer

        from curation.engine.embedding.encode import open_session

        opened = verify_bundle(bundle_path)
        self.sha256, self.manifest, self.labels, self.metrics = (
            opened.sha256,
            opened.manifest,
            opened.labels,
            opened.metrics,
        )
        self._tokenizer = Tokenizer.from_str(opened.members["tokenizer.json"].decode("utf-8"))
        self._session = open_session(opened.members["model.onnx"], threads)
        # The first run allocates memory; without it the first request would take several times longer.
        self.predict(["warm-up"])

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return one prediction a text, in order.

        Raises:
            InputRefused: more than 256 texts, a text of more than 20,000 characters, or something that is not a string.
        """
        check_texts(texts)
        return [self._name(self._run(text)) for text in texts]

    def _run(self, text: str) -> np.ndarray[Any, Any]:
        # A lone surrogate cannot be written as UTF-8, which the tokenizer needs.
        ids = np.array([self._tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8")).ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        row: np.ndarray[Any, Any] = self._session.run(None, inputs)[0][0]
        return row

    def _name(self, row: np.ndarray[Any, Any]) -> Prediction:
        chances = [float(value) for value in row]
        return Prediction(
            label=self.labels[int(row.argmax())], probabilities=dict(zip(self.labels, chances, strict=True))
        )


def check_texts(texts: Sequence[str]) -> None:
    """Refuse input beyond the limits, naming the place of the first text that breaks one."""
    if len(texts) > MAX_TEXTS:
        raise InputRefused(
            f"{len(texts)} texts were sent; at most {MAX_TEXTS} are answered at once.", code="too_many_texts"
        )
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputRefused(f"Text {place} is not a string.", code="not_a_text", place=place)
        if len(text) > MAX_CHARACTERS:
            raise InputRefused(
                f"Text {place} has {len(text):,} characters; at most {MAX_CHARACTERS:,} are accepted.",
                code="text_too_long",
                place=place,
            )
