"""Prompts with two answers as what a reward is made of, and the better one as answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from .answers import AnswerCutter, padded
from .counts import counted_features
from .model import Refused
from .texts import checked_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .model import Tensors

Array = np.ndarray[Any, Any]
PARTS = ("prompt", "first", "second")


class PairReading:
    """An object of `prompt`, `first` and `second` to `counts`, float32 [2, counts], of what is counted of both
    answers."""

    of_objects = True
    example = {"prompt": "What warms up?", "first": "This does.", "second": ""}

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        """Take nothing: counts need no table."""

    def read(self, given: Any) -> tuple[Tensors, None]:
        """Return the inputs."""
        self.check(given)
        prompts, answers = [given["prompt"]] * 2, [given["first"], given["second"]]
        counts = counted_features(prompts, answers).astype(np.float32)
        return {**self.pieces(given), "counts": counts}, None

    def pieces(self, given: Mapping[str, str]) -> Tensors:
        """Return what the texts are to an encoder: nothing, where there is none."""
        return {}

    def check(self, given: Any) -> None:
        """Refuse what is no pair.

        Raises:
            Refused: The sentence names the part.
        """
        if not isinstance(given, Mapping) or not all(part in given for part in PARTS):
            raise Refused("This is no object with prompt, first and second.", "not_a_pair")
        for part in PARTS:
            try:
                checked_text(given[part])
            except Refused as refused:
                raise Refused(f"{part}: {refused}", refused.code) from None


class VectorPairReading(PairReading):
    """Also `input_ids` and `attention_mask`, int64 [3, tokens]: prompt, first and second, each cut at the encoder's
    length by tokenizer.json. Settings: `pad`."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._tokenizer, self._pad = Tokenizer.from_str(member("tokenizer.json").decode("utf-8")), int(settings["pad"])

    def pieces(self, given: Mapping[str, str]) -> Tensors:
        """Return ids and mask."""
        texts = [checked_text(given[part]) for part in PARTS]
        ids, mask = padded([encoding.ids for encoding in self._tokenizer.encode_batch(texts)], self._pad)
        return {"input_ids": ids, "attention_mask": mask}


class RowPairReading(PairReading):
    """Also `input_ids` and `attention_mask`, int64 [2, tokens]: the prompt's end with each answer; and `is_answer`,
    float32 [2, tokens], which is 1 for pieces of the answer. Settings: `longest` of a row and `pad`."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        tokenizer = Tokenizer.from_str(member("tokenizer.json").decode("utf-8"))
        self._cutter, self._pad = AnswerCutter(tokenizer, int(settings["longest"])), int(settings["pad"])

    def pieces(self, given: Mapping[str, str]) -> Tensors:
        """Return ids, mask and which pieces are the answer's."""
        rows = self._cutter.cut([given["prompt"]] * 2, [given["first"], given["second"]])
        ids, mask = padded([row.ids for row in rows], self._pad)
        is_answer = np.zeros(ids.shape, np.float32)
        for place, row in enumerate(rows):
            is_answer[place, row.start : row.stop] = 1.0
        return {"input_ids": ids, "attention_mask": mask, "is_answer": is_answer}


class Better:
    """The probability that the first answer is better, [1]."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        """Take nothing."""

    def answer(self, outputs: Sequence[Array], known: Any) -> dict[str, Any]:
        """Return `better` and `first_is_better`."""
        chance = float(outputs[0][0])
        return {"better": "first" if chance >= 0.5 else "second", "first_is_better": chance}
