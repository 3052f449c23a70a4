"""Questions answered from a version's index, within a time that does not grow with the version."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.explorer.build import FORMAT, UNIT, value_hashes
from curation.engine.explorer.conditions import Answer, Condition, ConditionError, Question
from curation.engine.explorer.grams import candidates
from curation.engine.explorer.sections import SectionFile
from curation.engine.folding import fold

# A request stops looking after this; the page then offers to go on from there. Drawing a page takes as long again,
# and the whole is to stay under 100 ms (bench/explorer.py).
BUDGET_SECONDS = 0.04
# Rows whose conditions are compared at once: 65,536 codes take 0.02 ms.
STRIDE = 1 << 16
Mask = Callable[[int, int], NDArray[np.bool_]]


class VersionIndex:
    """Reads what `build_index` wrote.

    Raises:
        ValueError: The file is no index, or one of another format.
    """

    def __init__(self, path: Path) -> None:
        self._file = SectionFile(path)
        self.meta: dict[str, Any] = self._file.meta
        if self.meta.get("format") != FORMAT:
            raise ValueError("This index was written by another release. Build it again.")
        self._schema = pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(self.meta["schema"])))
        self._columns: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in self.meta["columns"]}

    @property
    def row_count(self) -> int:
        """Rows in the version."""
        return int(self.meta["rows"])

    def find(
        self,
        question: Question,
        *,
        start: int = 0,
        limit: int = 50,
        backward: bool = False,
        budget: float = BUDGET_SECONDS,
    ) -> Answer:
        """Return the next items that answer a question.

        Args:
            question: What must hold.
            start: Forward, the first row looked at; backward, the row before which to look.
            limit: Items at most.
            backward: Look towards the first row; the items still come in the version's order.
            budget: Seconds after which looking stops.

        Raises:
            ConditionError: A condition makes no sense on this version.
        """
        deadline = time.perf_counter() + budget
        start = max(0, min(start, self.row_count))
        masks = [self._mask(condition) for condition in question.conditions]
        found: list[int] = []
        scanned, complete = start, True
        for rows, reached in self._candidates(question, masks, start, backward):
            scanned = reached
            numbers = rows.tolist()
            found = [*numbers, *found] if backward else [*found, *numbers]
            if len(found) >= limit:
                break
            if time.perf_counter() > deadline:
                complete = False
                break
        else:
            scanned = 0 if backward else self.row_count
        answer = self._answer(found, limit, scanned, start, backward=backward)
        answer.complete = complete or len(answer.rows) == limit
        answer.total = self._total(question)
        return answer

    def rows(self, numbers: list[int]) -> list[dict[str, Any]]:
        """Return rows by their numbers; each costs the unpacking of 256 rows."""
        firsts, places = self._file.array("rows_first", np.int64), self._file.array("rows_at", np.int64)
        held, batch, found = -1, None, []
        for number in numbers:
            message = int(np.searchsorted(firsts, number, side="right")) - 1
            if message != held:
                data = self._file.slice("rows", int(places[message]), int(places[message + 1]))
                batch, held = pa.ipc.read_record_batch(pa.py_buffer(data), self._schema), message
            assert batch is not None
            found += batch.slice(number - int(firsts[message]), 1).to_pylist()
        return found

    def _answer(self, found: list[int], limit: int, scanned: int, start: int, *, backward: bool) -> Answer:
        over = len(found) > limit
        kept = (found[-limit:] if backward else found[:limit]) if over else found
        if backward:
            first = kept[0] if over or (kept and len(kept) == limit) else scanned
            before, after = (first if first > 0 else None), (start if start < self.row_count else None)
        else:
            last = kept[-1] + 1 if over or (kept and len(kept) == limit) else scanned
            before, after = (start if start > 0 else None), (last if last < self.row_count else None)
        return Answer(self.rows(kept), kept, after, before, scanned=scanned)

    def _total(self, question: Question) -> int | None:
        """Return the count of one condition on the value of a column, which the index knows."""
        if question.empty:
            return self.row_count
        if question.text.strip() or len(question.conditions) != 1:
            return None
        condition = question.conditions[0]
        entry = self._columns.get(condition.column, {})
        if condition.kind == "missing":
            return int(entry["missing"])
        if condition.kind == "present":
            return self.row_count - int(entry["missing"])
        if condition.kind == "equals" and entry.get("kind") == "values":
            return int(dict(entry["values"]).get(condition.value, 0))
        return None

    def _candidates(
        self, question: Question, masks: list[Mask], start: int, backward: bool
    ) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Give ascending rows that answer, and the row up to which (backward: from which) was looked."""
        text = folded_query(question.text)
        if text:
            yield from self._search(text, masks, start, backward)
            return
        if backward:
            spans = ((max(0, end - STRIDE), end) for end in range(start, 0, -STRIDE))
        else:
            spans = ((first, min(first + STRIDE, self.row_count)) for first in range(start, self.row_count, STRIDE))
        for first, last in spans:
            yield np.flatnonzero(_all(masks, first, last)) + first, first if backward else last

    def _search(
        self, text: str, masks: list[Mask], start: int, backward: bool
    ) -> Iterator[tuple[NDArray[np.int64], int]]:
        blocks = self._file.array("blocks", np.int64)
        if len(blocks) < 2 or (backward and start == 0):
            return
        block = int(np.searchsorted(blocks, start - 1 if backward else start, side="right")) - 1
        slabs, needle = self._file.array("grams", np.uint8), text.encode()
        for found in candidates(slabs, len(blocks) - 1, text, block, backward=backward):
            for number in found[::-1] if backward else found:
                first, last = int(blocks[number]), int(blocks[number + 1])
                first, last = (first, min(last, start)) if backward else (max(first, start), last)
                keep = _all(masks, first, last)
                rows = self._holding(needle, first, last) if keep.any() else np.empty(0, np.int64)
                yield rows[keep[rows - first]], first if backward else last

    def _holding(self, needle: bytes, first: int, last: int) -> NDArray[np.int64]:
        """Return the rows of a stretch whose text holds `needle`."""
        at = self._file.array("text_at", np.int64)[first : last + 1]
        data = self._file.slice("text", int(at[0]), int(at[-1]))
        offsets, found = at - at[0], []
        place = data.find(needle)
        while place >= 0:
            row = int(np.searchsorted(offsets, place, side="right")) - 1
            found.append(first + row)
            place = data.find(needle, int(offsets[row + 1]))
        return np.array(found, np.int64)

    def _mask(self, condition: Condition) -> Mask:
        if condition.kind in ("longer", "shorter"):
            return self._length_mask(condition)
        entry = self._columns.get(condition.column)
        if entry is None:
            raise ConditionError(f"This version has no column {condition.column[:80]!r}.")
        if condition.kind in ("at_least", "at_most") and entry["kind"] != "number":
            raise ConditionError(f"Column {condition.column!r} holds no numbers, so there is no least and most.")
        kind = {"number": np.float64, "values": np.uint16, "text": np.uint64}[entry["kind"]]
        values = self._file.array(entry["section"], kind)
        if condition.kind in ("missing", "present"):
            wanted = condition.kind == "missing"
            if entry["kind"] == "number":
                return lambda first, last: np.isnan(values[first:last]) == wanted
            return lambda first, last: (values[first:last] == 0) == wanted
        if condition.kind == "equals":
            sought = _sought(entry, condition)
            return lambda first, last: values[first:last] == sought
        bound = condition.number()
        if condition.kind == "at_least":
            return lambda first, last: values[first:last] >= bound
        return lambda first, last: values[first:last] <= bound

    def _length_mask(self, condition: Condition) -> Mask:
        lengths, bound = self._file.array("length", np.int32), condition.number()
        if not self.meta["text"]:
            raise ConditionError("This version has no text.")
        if condition.kind == "longer":
            return lambda first, last: lengths[first:last] >= bound
        return lambda first, last: lengths[first:last] <= bound


def folded_query(text: str) -> str:
    """Return a query as the index sees texts; line ends and separators of columns are in none."""
    found: str = fold(pa.array([text.replace(UNIT, " ")], pa.large_string()))[0].as_py()
    return found


def _sought(entry: dict[str, Any], condition: Condition) -> Any:
    """Return what stands in the section for a value; what no row can have when the column has no such value."""
    if entry["kind"] == "number":
        return condition.number()
    if entry["kind"] == "values":
        codes = {value: code for code, (value, _rows) in enumerate(entry["values"], 1)}
        return np.uint16(codes.get(condition.value, np.iinfo(np.uint16).max))
    return value_hashes(pa.array([condition.value], pa.large_string()))[0]


def _all(masks: list[Mask], first: int, last: int) -> NDArray[np.bool_]:
    keep = np.ones(last - first, np.bool_)
    for mask in masks:
        keep &= mask(first, last)
    return keep
