"""Examples to learn from: inputs with answers and a split, of any task, checked once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.tasks.task import Task

SPLITS = ("train", "validation", "test")
# Of the training rows, for examples that come without validation rows.
VALIDATION_SHARE = 0.2


class Span(NamedTuple):
    """A labeled stretch of a text, in code points, end exclusive."""

    start: int
    end: int
    label: str


class Shape(NamedTuple):
    """A labeled shape in pixels of the upright picture: a `box` is two corners, a `polygon` its vertices in order."""

    label: str
    kind: str
    points: tuple[tuple[float, float], ...]


class Pair(NamedTuple):
    """A prompt and two answers to it, of which one is better."""

    prompt: str
    first: str
    second: str


def text_of(one: Any) -> str:
    """Return the text of an input, of a pair all three; encoders are chosen by it."""
    return "\n".join(one) if isinstance(one, Pair) else str(one)


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows of one task, all columns equally long.

    Attributes:
        task: A name of `modeling.engine.tasks.TASKS`; it says what an input and an answer is.
        inputs: A text, the path of a picture, the values of a row by column, or a `Pair`.
        answers: A label; labels; spans; shapes; or which of a pair is better.
        splits: `train`, `validation` or `test`.
        ids: What each row is called in what it came from.
        soft: How likely each class is for each row, [n, k] in the order of `classes`, where people disagree; else None.
    """

    task: str
    inputs: tuple[Any, ...]
    answers: tuple[Any, ...]
    splits: tuple[str, ...]
    ids: tuple[str, ...] = ()
    soft: np.ndarray[Any, Any] | None = None

    @staticmethod
    def of(
        task: str,
        inputs: Sequence[Any],
        answers: Sequence[Any],
        splits: Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        soft: np.ndarray[Any, Any] | None = None,
    ) -> Examples:
        """Check columns and return them as one value; without validation rows some training rows become such.

        Raises:
            BadData: unequal lengths, an unknown split, no test rows, or what the task cannot learn from.
        """
        if not len(inputs) == len(answers) == len(splits):
            raise BadData(
                f"Columns differ in length: {len(inputs)} inputs, {len(answers)} answers, {len(splits)} splits."
            )
        unknown = sorted(set(splits) - set(SPLITS))
        if unknown:
            raise BadData(f"The split column holds {unknown[0]!r}; only train, validation and test are known.")
        data = Examples(
            task,
            tuple(inputs),
            tuple(answers),
            tuple(splits),
            tuple(ids) if ids is not None else tuple(str(row) for row in range(len(inputs))),
            soft,
        )
        data = data if "validation" in data.splits else _with_validation(data)
        for split in SPLITS:
            if split not in data.splits:
                raise BadData(f"There are no {split} rows; split the version into train, validation and test first.")
        data.kind.check(data)
        return data

    @property
    def kind(self) -> Task:
        """The row of the task table."""
        from modeling.engine.tasks import get_task

        return get_task(self.task)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels in code point order; a class index everywhere in the engine is a place in this tuple."""
        return self.kind.classes(self.answers)

    def part(self, split: str) -> Examples:
        """Return the rows of one split, in order."""
        return self.rows([i for i, name in enumerate(self.splits) if name == split])

    def rows(self, places: Sequence[int]) -> Examples:
        """Return these rows, in this order."""

        def take(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[i] for i in places)

        return Examples(
            self.task,
            take(self.inputs),
            take(self.answers),
            take(self.splits),
            take(self.ids),
            None if self.soft is None else self.soft[list(places)],
        )

    def targets(self, classes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return class indices, int64 [n], of answers that are one label each."""
        place = {name: i for i, name in enumerate(classes)}
        return np.array([place[answer] for answer in self.answers], dtype=np.int64)

    def shares(self, classes: Sequence[str]) -> np.ndarray[Any, Any]:
        """Return what a classifier should say of each row, float32 [n, k]: one class, several, or shares of people."""
        if self.soft is not None:
            return self.soft.astype(np.float32)
        place = {name: i for i, name in enumerate(classes)}
        out = np.zeros((len(self.answers), len(classes)), np.float32)
        for row, answer in enumerate(self.answers):
            for label in (answer,) if isinstance(answer, str) else answer:
                out[row, place[label]] = 1.0
        return out

    def content_hash(self) -> str:
        """Return a SHA-256 over the rows in order; of pictures, over their bytes, which are read once."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        digest = hashlib.sha256(self.task.encode())
        for row in zip(self.inputs, self.answers, self.splits, strict=True):
            for value in row:
                content = _bytes_of(value)
                digest.update(len(content).to_bytes(8, "little") + content)
        if self.soft is not None:
            digest.update(np.ascontiguousarray(self.soft, np.float64).tobytes())
        return digest.hexdigest()


def joined(first: Examples, second: Examples) -> Examples:
    """Return the rows of both, one after the other."""
    soft = None
    if first.soft is not None and second.soft is not None:
        soft = np.concatenate([first.soft, second.soft])
    return Examples(
        first.task,
        first.inputs + second.inputs,
        first.answers + second.answers,
        first.splits + second.splits,
        first.ids + second.ids,
        soft,
    )


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, Path):
        with value.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    return json.dumps(value, sort_keys=True, default=str).encode("utf-8")


def _with_validation(data: Examples) -> Examples:
    """Make a fifth of the training rows validation rows, by class where an answer is one label; seeded by nothing but
    the rows' order."""
    splits = list(data.splits)
    train = [i for i, split in enumerate(splits) if split == "train"]
    keys = [data.answers[i] if isinstance(data.answers[i], str) else "" for i in train]
    for number in _held_out(keys, VALIDATION_SHARE, np.random.default_rng(0)):
        splits[train[number]] = "validation"
    return replace(data, splits=tuple(splits))


def _held_out(keys: Sequence[Any], share: float, generator: np.random.Generator) -> list[int]:
    """Return places of about this share of each key's rows; a key of one row gives none."""
    out: list[int] = []
    for key, count in sorted(Counter(keys).items()):
        members = generator.permutation([i for i, other in enumerate(keys) if other == key])
        if count > 1:
            out.extend(int(i) for i in members[: max(1, round(count * share))])
    return out


def split_rows(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    seed: int = 0,
    validation: float = 0.1,
    test: float = 0.2,
    task: str = "text-classification",
) -> Examples:
    """Drop repeated texts (the first stays), then split by class with a seed; classes of under 3 rows go to train.

    A text that carries different labels is dropped whole, since no split of it would be fair.
    """
    seen: dict[str, set[Any]] = {}
    for text, label in zip(texts, labels, strict=True):
        seen.setdefault(text, set()).add(label)
    rows = [(text, next(iter(found))) for text, found in seen.items() if len(found) == 1]
    splits = split_by_key([label for _, label in rows], seed=seed, validation=validation, test=test)
    return Examples.of(task, [text for text, _ in rows], [label for _, label in rows], splits)


def split_by_key(keys: Sequence[Any], *, seed: int = 0, validation: float = 0.1, test: float = 0.2) -> list[str]:
    """Return a split for each row, the same shares of every key; keys of under 3 rows go to train."""
    splits = ["train"] * len(keys)
    generator = np.random.default_rng(seed)
    for key, count in sorted(Counter(keys).items()):
        members = generator.permutation([i for i, other in enumerate(keys) if other == key])
        if count < 3:
            continue
        tests, validations = max(1, round(count * test)), max(1, round(count * validation))
        for i in members[:tests]:
            splits[i] = "test"
        for i in members[tests : tests + validations]:
            splits[i] = "validation"
    return splits
