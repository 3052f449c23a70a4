"""Who answered what about which item, as codes: three arrays, never a table of items × people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Codes = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Ratings:
    """Answers to one question, one label each, at most one for each item and person.

    Attributes:
        item: Code of the item of each answer, rising; shape (answers,).
        person: Code of the person of each answer.
        label: Code of the label of each answer.
        items: Names of the items in the order of their first answer; `items[code]`.
        people: Names of the people, sorted.
        labels: Names of the labels, in the order that was given, or sorted.
        repeated: Earlier answers of a person to an item that a later one replaced.
        missing: Rows without an item, a person or a label, which are left out.
    """

    item: Codes
    person: Codes
    label: Codes
    items: tuple[str, ...]
    people: tuple[str, ...]
    labels: tuple[str, ...]
    repeated: int = 0
    missing: int = 0

    def __len__(self) -> int:
        return len(self.item)

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many items, people and labels there are."""
        return len(self.items), len(self.people), len(self.labels)

    def answers_of_items(self) -> Codes:
        """Return how many answers each item has; shape (items,)."""
        return np.bincount(self.item, minlength=len(self.items))

    def answers_of_people(self) -> Codes:
        """Return how many answers each person gave; shape (people,)."""
        return np.bincount(self.person, minlength=len(self.people))

    def only(self, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> "Ratings":
        """Return the chosen answers under the same codes."""
        item, person, label = self.item[chosen], self.person[chosen], self.label[chosen]
        return Ratings(item, person, label, self.items, self.people, self.labels)


def read_ratings(item: Any, person: Any, label: Any, labels: Sequence[str] = ()) -> Ratings:
    """Return answers as codes.

    A person who answers an item again has changed their mind: the last row counts. A row with an empty cell is a
    missing answer.

    Args:
        item: Items, one a row, as an Arrow array or a sequence of texts or numbers.
        person: Who answered, as long.
        label: What was answered, as long.
        labels: All labels in their order, of which some may never be used; when empty, those of the rows, sorted
            by their number where all are numbers, and else by their text.

    Raises:
        ValueError: The columns are not equally long, or a row has a label that `labels` does not know.
    """
    columns = [_texts(column) for column in (item, person, label)]
    if len({len(column) for column in columns}) > 1:
        sizes = ", ".join(str(len(column)) for column in columns)
        raise ValueError(f"Items, people and labels must be equally many; there are {sizes}.")
    whole = _filled(columns)
    kept = [pc.filter(column, whole) for column in columns]
    items, item_names = _coded(kept[0])
    people, people_names = _sorted_codes(*_coded(kept[1]), _plain_order)
    codes, names = _in_order(*_coded(kept[2]), labels)
    order = np.argsort(items, kind="stable")
    last = _last_of_each(items[order], people[order], len(people_names))
    order = order[last]
    return Ratings(
        items[order],
        people[order],
        codes[order],
        item_names,
        people_names,
        names,
        repeated=len(items) - len(order),
        missing=len(columns[0]) - len(items),
    )


def in_natural_order(names: Sequence[str]) -> list[int]:
    """Return the order of labels: by number where all of them are numbers, else by text."""
    numbers = as_numbers(names)
    if numbers is not None:
        return [int(place) for place in np.argsort(numbers, kind="stable")]
    return sorted(range(len(names)), key=names.__getitem__)


def as_numbers(names: Sequence[str]) -> Floats | None:
    """Return the labels as finite numbers; None when one is not a number."""
    # Python alone takes 1_0 for ten.
    if any("_" in name for name in names):
        return None
    try:
        numbers = np.array([float(name) for name in names], np.float64)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def sums(place: Codes, weights: Any, size: int) -> Floats:
    """Return the sum of the weights of each place; shape (size,)."""
    return np.asarray(np.bincount(place, weights=weights, minlength=size), np.float64)


def _texts(column: Any) -> pa.Array:
    array = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if pa.types.is_string(array.type) else pc.cast(array, pa.string())


def _filled(columns: Sequence[pa.Array]) -> pa.Array:
    filled = pa.array(np.ones(len(columns[0]), bool))
    for column in columns:
        filled = pc.and_(filled, pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(column), ""), False))
    return filled


def _coded(column: pa.Array) -> tuple[Codes, tuple[str, ...]]:
    coded = pc.dictionary_encode(column)
    return coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), tuple(coded.dictionary.to_pylist())


def _plain_order(names: Sequence[str]) -> list[int]:
    return in_natural_order(names)


def _sorted_codes(codes: Codes, names: tuple[str, ...], order: Any) -> tuple[Codes, tuple[str, ...]]:
    places = order(names)
    rank = np.empty(len(names), np.int64)
    rank[places] = np.arange(len(names))
    return rank[codes], tuple(names[place] for place in places)


def _in_order(codes: Codes, names: tuple[str, ...], labels: Sequence[str]) -> tuple[Codes, tuple[str, ...]]:
    if not labels:
        return _sorted_codes(codes, names, in_natural_order)
    known = {name: code for code, name in enumerate(labels)}
    strange = [name for name in names if name not in known]
    if strange:
        raise ValueError(f"The label {strange[0]!r} is not among the labels given: {', '.join(labels)}.")
    rank = np.array([known[name] for name in names], np.int64)
    return rank[codes] if len(rank) else codes, tuple(labels)


def _last_of_each(item: Codes, person: Codes, people: int) -> Codes:
    """Return the places of the last answer of each item and person; items rise, and their answers are in file order."""
    if not len(item):
        return np.zeros(0, np.int64)
    key = item * max(people, 1) + person
    order = np.argsort(key, kind="stable")
    ends = np.append(key[order][1:] != key[order][:-1], True)
    return np.sort(order[ends])
