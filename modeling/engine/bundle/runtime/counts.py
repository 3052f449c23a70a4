"""What can be counted of an answer to a prompt: length, overlap, repetition and form."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .words import WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
NAMES = (
    "characters", "words", "lines", "sentences", "length_beside_prompt", "shorter_than_prompt", "word_length",
    "from_prompt", "of_prompt", "copies_prompt", "different_words", "different_pairs", "most_frequent",
    "repeated_lines", "ends", "capital", "digits", "signs", "list_lines", "question", "foreign_letters", "code",
    "empty",
)  # fmt: skip
_SENTENCE_END = re.compile(r"[.!?。！？…]+")
_LIST_LINE = re.compile(r"\s*(?:[-*•]|\d+[.)、])\s*\S")


def counted_features(prompts: Sequence[str], answers: Sequence[str]) -> Array:
    """Return one row of numbers for each answer, float64 [n, len(NAMES)]; lengths are logarithms, others shares."""
    rows = [_of_one(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
    return np.array(rows, float).reshape(-1, len(NAMES))


def _of_one(prompt: str, answer: str) -> list[float]:
    asked, said = _words(prompt), _words(answer)
    pairs = list(pairwise(said))
    lines = [line for line in answer.splitlines() if line.strip()]
    many, length = max(1, len(said)), max(1, len(answer))
    stripped = answer.strip()
    known = set(asked)
    return [
        math.log1p(len(answer)),
        math.log1p(len(said)),
        math.log1p(len(lines)),
        math.log1p(len(_SENTENCE_END.findall(answer))),
        math.log1p(len(said)) - math.log1p(len(asked)),
        float(len(said) < len(asked) / 4),
        sum(map(len, said)) / many,
        sum(word in known for word in said) / many,
        len(known & set(said)) / max(1, len(known)),
        float(bool(stripped) and stripped in prompt),
        len(set(said)) / many,
        len(set(pairs)) / max(1, len(pairs)),
        max(Counter(said).values(), default=0) / many,
        1 - len(set(lines)) / max(1, len(lines)),
        float(bool(_SENTENCE_END.search(stripped[-1:]))),
        float(stripped[:1].isupper()),
        sum(map(str.isdigit, answer)) / length,
        sum(not letter.isalnum() and not letter.isspace() for letter in answer) / length,
        sum(bool(_LIST_LINE.match(line)) for line in lines) / max(1, len(lines)),
        float("?" in answer or "？" in answer),
        sum(letter > "\u024f" for letter in answer) / length,
        float(any(mark in answer for mark in ("```", "{", "</", "();", "def "))),
        float(not stripped),
    ]


def _words(text: str) -> list[str]:
    return [found.group().lower() for found in WORD.finditer(text) if found.group()[0].isalnum()]
