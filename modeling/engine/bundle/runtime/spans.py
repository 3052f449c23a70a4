"""Texts as windows of words, and scores of tags of words as spans."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from .decoding import Steps, TagReader, log_chances
from .looks import traits
from .scheme import TagScheme
from .texts import checked_text
from .windows import WindowCutter, window_arrays
from .word_features import Vocabulary, feature_codes
from .words import Words, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .model import Tensors

Array = np.ndarray[Any, Any]


class WindowReading:
    """A text to rows of an encoder with its words, their places and looks: `window_arrays` names the inputs.

    A text without words gives no inputs, and so no run. Settings: `longest`, the pieces of a row, and `pad`.
    """

    example = "This warms up."

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        tokenizer = Tokenizer.from_str(member("tokenizer.json").decode("utf-8"))
        self._cutter, self._pad = WindowCutter(tokenizer, int(settings["longest"])), int(settings["pad"])

    def read(self, given: Any) -> tuple[Tensors, tuple[Words, list[int]]]:
        """Return the inputs, and the words with how many of them each row holds."""
        checked_text(given)
        # As it was given: the cutter replaces lone surrogates itself, as it did in training.
        words = cut([given])
        windows = self._cutter.cut([given], words)
        counts = [window.high - window.low for window in windows]
        if not windows:
            return {}, (words, counts)
        arrays = window_arrays(windows, words.form, traits(words), self._pad)
        del arrays["is_word"]
        return arrays, (words, counts)


class FeatureReading:
    """A text to `features`, int64 [1, words, features]: the numbers of what is known of each word and its neighbours.

    assets/codes.npy has the codes that training saw, ascending; all others share the number after the last.
    """

    example = "This warms up."

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._vocabulary = Vocabulary(np.load(io.BytesIO(member("assets/codes.npy")), allow_pickle=False))

    def read(self, given: Any) -> tuple[Tensors, tuple[Words, list[int]]]:
        """Return the input, and the words."""
        checked_text(given)
        words = cut([given])
        if not len(words):
            return {}, (words, [])
        numbers = self._vocabulary.numbers(feature_codes(words)).astype(np.int64)
        return {"features": np.where(numbers < 0, len(self._vocabulary.codes), numbers)[None]}, (words, [len(words)])


class Spans:
    """Scores of tags of words, [rows, words, tags], to spans in code points with their probabilities.

    Settings: `scheme`, `bias`, `temperature`; `shares`, whether scores become log probabilities; `steps`, whether
    assets/steps.npy holds learned scores of tags that begin, end (its first two rows) and follow one another.
    """

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._labels: list[str] = settings["labels"]
        scheme = TagScheme(len(self._labels), str(settings["scheme"]))
        steps = Steps.legal(scheme)
        if settings["steps"]:
            learned = np.load(io.BytesIO(member("assets/steps.npy")), allow_pickle=False)
            steps = steps.plus(learned[0], learned[1], learned[2:])
        self._reader = TagReader(scheme, steps, float(settings["bias"]), float(settings["temperature"]))
        self._shares = bool(settings["shares"])

    def answer(self, outputs: Sequence[Array], known: tuple[Words, list[int]]) -> dict[str, Any]:
        """Return `spans`."""
        words, counts = known
        if not counts:
            return {"spans": []}
        parts = [row[:count] for row, count in zip(outputs[0], counts, strict=True)]
        scores = np.concatenate(parts).astype(np.float64)
        found = self._reader.read(log_chances(scores) if self._shares else scores)
        return {
            "spans": [
                {
                    "start": int(words.start[first]),
                    "end": int(words.end[stop - 1]),
                    "label": self._labels[label],
                    "score": chance,
                }
                for (first, stop, label), chance in found
            ]
        }
