"""Uncertain spans on their way to a person and back: as the detail of a finding, and as replacements once decided."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.pii.scan import LABELS, scanner_of
from curation.engine.steps.base import Replaced

CODE = "pii_uncertain"
# A finding's detail holds 500 characters; what does not fit is replaced without asking.
LONGEST = 480


@dataclass(frozen=True, slots=True)
class Doubt:
    """A span that may be personal data, in the text as the step left it.

    Attributes:
        column: The column.
        start: First code point.
        end: Behind the last one.
        label: What it may be.
        score: How likely.
        action: What is to be done if it is.
    """

    column: str
    start: int
    end: int
    label: str
    score: float
    action: str


@dataclass(frozen=True, slots=True)
class Doubts:
    """All uncertain spans of an item, and the lengths of its texts, by which a changed text is known."""

    spans: tuple[Doubt, ...]
    lengths: dict[str, int]

    def to_detail(self) -> str:
        """Return JSON without a value of the text."""
        rows = [[one.column, one.start, one.end, one.label, one.score, one.action] for one in self.spans]
        return json.dumps({"spans": rows, "lengths": self.lengths}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_detail(cls, detail: str) -> "Doubts":
        """Read what `to_detail` wrote; anything else holds no spans."""
        try:
            data = json.loads(detail)
            return cls(tuple(Doubt(*row) for row in data["spans"]), dict(data["lengths"]))
        except (ValueError, TypeError, KeyError):
            return cls((), {})

    def fitting(self) -> int:
        """Return how many of the spans, from the first, fit into the detail of a finding."""
        count = len(self.spans)
        while count and len(Doubts(self.spans[:count], self.lengths).to_detail()) > LONGEST:
            count -= 1
        return count


def locate(doubt: Doubt, text: str, length: int | None) -> tuple[int, int] | None:
    """Return where a span lies in a text, or None when it is gone.

    A text of the same length is taken for the one that was seen. In another one the span is looked for again: the
    nearest of its type.
    """
    if len(text) == length:
        return (doubt.start, doubt.end) if doubt.end <= len(text) else None
    if doubt.label not in LABELS:
        return None
    found = scanner_of("auto", (doubt.label,)).text(text)
    size = doubt.end - doubt.start
    near = sorted((abs(one.start - doubt.start), one.start, one.end) for one in found if one.end - one.start == size)
    return near[0][1:] if near else None


def mask(label: str, _value: str) -> str:
    """Return what stands for a masked value."""
    return f"[{label}]"


def replace_doubts(
    text: str, doubts: Sequence[Doubt], length: int | None, stand_in: Callable[[str, str], str]
) -> tuple[str, list[tuple[Doubt, int, int, str]]]:
    """Replace spans of one column's text; return the text and each span with its place and what stands there now."""
    places = [(place, doubt) for doubt in doubts if (place := locate(doubt, text, length)) is not None]
    made: list[tuple[Doubt, int, int, str]] = []
    for (start, end), doubt in sorted(set(places), key=lambda row: row[0], reverse=True):
        if made and end > made[-1][1]:
            continue
        value = text[start:end]
        fresh = stand_in(doubt.label, value) if doubt.action == "pseudonym" else mask(doubt.label, value)
        text = text[:start] + fresh + text[end:]
        made.append((doubt, start, end, fresh))
    return text, made


def mask_spans(
    table: pa.Table,
    masks: dict[int, tuple[tuple[Doubt, ...], dict[str, int]]],
    stand_in: Callable[[str, str], str],
) -> tuple[pa.Table, list[Replaced]]:
    """Replace spans that people found to be personal data in one batch.

    Args:
        table: Rows of a version.
        masks: Spans and lengths of texts by item.
        stand_in: Returns the pseudonym of a type and value.

    Returns:
        The rows, and what was replaced.
    """
    if not masks:
        return table, []
    places = pc.indices_nonzero(pc.is_in(table["item_id"], value_set=pa.array(sorted(masks), pa.int64()))).to_pylist()
    fresh: dict[str, dict[int, str]] = defaultdict(dict)
    replaced: list[Replaced] = []
    for row in places:
        item = table["item_id"][row].as_py()
        spans, lengths = masks[item]
        for column in dict.fromkeys(one.column for one in spans):
            text = as_text(table[column].slice(row, 1))[0].as_py() if column in table.schema.names else None
            if text is None:
                continue
            mine = [one for one in spans if one.column == column]
            fresh[column][row], made = replace_doubts(text, mine, lengths.get(column), stand_in)
            for one, start, end, word in reversed(made):
                value = text[start:end] if one.action == "pseudonym" else ""
                facts = (item, column, start, end, one.label, one.action, one.score, "person")
                replaced.append(Replaced(*facts, value, word if value else ""))
    for column, rows in fresh.items():
        values = as_text(table[column]).to_pylist()
        for row, text in rows.items():
            values[row] = text
        place = table.schema.get_field_index(column)
        table = table.set_column(place, column, pa.array(values, table.schema.field(place).type))
    return table, replaced
