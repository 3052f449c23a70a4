"""Splits in which no two alike items stand on different sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeling.engine.data import SPLITS, split_by_key

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

# How others call the splits.
_NAMES = {
    "dev": "validation", "val": "validation", "valid": "validation", "eval": "test", "training": "train",
    "testing": "test",
}  # fmt: skip


def split_name(value: Any) -> str:
    """Return how this project calls a split: `dev` and `valid` are validation; unknown names stay as they are."""
    name = str(value or "").strip().lower()
    return _NAMES.get(name, name)


def split_groups(groups: Sequence[Hashable], keys: Sequence[Hashable], seed: int) -> list[str]:
    """Return a split for each row, the same for all rows of a group, and the same shares for every key of the groups'
    first rows; 70 % train, 10 % validation, 20 % test of the groups."""
    first: dict[Hashable, int] = {}
    for row, group in enumerate(groups):
        first.setdefault(group, row)
    made = split_by_key([keys[row] for row in first.values()], seed=seed)
    of_group = dict(zip(first, made, strict=True))
    return [of_group[group] for group in groups]


def kept_apart(groups: Sequence[Hashable], splits: Sequence[str]) -> list[int]:
    """Return the rows that may stay when each group stands in one split only: test before validation before train.

    A text that was trained on would make its test row worthless, so it is the training row that goes. Rows of unknown
    splits stay, for somebody else to refuse.
    """
    rank = {name: number for number, name in enumerate(SPLITS)}
    best: dict[Hashable, int] = {}
    for group, split in zip(groups, splits, strict=True):
        best[group] = max(best.get(group, 0), rank.get(split, 0))
    return [
        row
        for row, (group, split) in enumerate(zip(groups, splits, strict=True))
        if split not in rank or rank[split] == best[group]
    ]
