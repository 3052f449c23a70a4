"""Texts with labels and a split, checked once, and the seeded stratified split that the command line uses."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Sequence

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class LabeledTexts:
    """Texts, their labels and their split (`train`, `validation` or `test`), equally long."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]

    @staticmethod
    def of(texts: Sequence[str], labels: Sequence[str], splits: Sequence[str]) -> LabeledTexts:
        """Check columns and return them as one value.

        Raises:
            BadData: unequal lengths, an unknown split, fewer than two classes, or a class of validation or test that
            the
                training rows lack.
        """
        if not len(texts) == len(labels) == len(splits):
            raise BadData(f"Columns differ in length: {len(texts)} texts, {len(labels)} labels, {len(splits)} splits.")
        unknown = sorted(set(splits) - set(SPLITS))
        if unknown:
            raise BadData(f"The split column holds {unknown[0]!r}; only train, validation and test are known.")
        data = LabeledTexts(tuple(texts), tuple(labels), tuple(splits))
        known = set(data.part("train").labels)
        if len(known) < 2:
            raise BadData("Training needs at least two different labels among the training rows.")
        for split in SPLITS[1:]:
            part = data.part(split)
            if not part.texts:
                raise BadData(f"There are no {split} rows; split the version into train, validation and test first.")
            missing = sorted(set(part.labels) - known)
            if missing:
                raise BadData(f"Label {missing[0]!r} occurs in the {split} rows but never in the training rows.")
        return data

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels in code point order; a class index everywhere in the engine is a place in this tuple."""
        return tuple(sorted(set(self.labels)))

    def part(self, split: str) -> LabeledTexts:
        """Return the rows of one split, in order."""
        rows = [i for i, name in enumerate(self.splits) if name == split]
        return LabeledTexts(
            tuple(self.texts[i] for i in rows), tuple(self.labels[i] for i in rows), tuple(self.splits[i] for i in rows)
        )

    def targets(self, classes: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Return class indices, int64 [n]."""
        place = {name: i for i, name in enumerate(classes)}
        return np.array([place[label] for label in self.labels], dtype=np.int64)

    def content_hash(self) -> str:
        """Return a SHA-256 over the rows in order."""
        digest = hashlib.sha256()
        for row in zip(self.texts, self.labels, self.splits, strict=True):
            for value in row:
                content = value.encode("utf-8", "surrogatepass")
                digest.update(len(content).to_bytes(8, "little") + content)
        return digest.hexdigest()


def split_rows(
    texts: Sequence[str], labels: Sequence[str], *, seed: int = 0, validation: float = 0.1, test: float = 0.2
) -> LabeledTexts:
    """Drop repeated texts (the first stays), then split by class with a seed; classes of under 3 rows go to train.

    A text that carries different labels is dropped whole, since no split of it would be fair.
    """
    seen: dict[str, set[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        seen.setdefault(text, set()).add(label)
    rows = [(text, next(iter(found))) for text, found in seen.items() if len(found) == 1]
    splits = ["train"] * len(rows)
    generator = np.random.default_rng(seed)
    for name, count in sorted(Counter(label for _, label in rows).items()):
        members = generator.permutation([i for i, (_, label) in enumerate(rows) if label == name])
        if count < 3:
            continue
        tests, validations = max(1, round(count * test)), max(1, round(count * validation))
        for i in members[:tests]:
            splits[i] = "test"
        for i in members[tests : tests + validations]:
            splits[i] = "validation"
    return LabeledTexts.of([text for text, _ in rows], [label for _, label in rows], splits)
