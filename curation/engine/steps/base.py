"""What every step is: a frozen configuration that looks at batches and says what it keeps, drops, changes and finds."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from curation.engine.benchmarks import Benchmarks, OpenedBenchmarks
from curation.engine.media import Media, NoMedia
from curation.engine.near.space import Space

# Gives all batches of the step's input from the start; a step may call it more than once.
Batches = Callable[[], Iterator[pa.Table]]


@dataclass(frozen=True, slots=True)
class Context:
    """What a step may know of its input.

    Attributes:
        roles: Which column is ``text``, ``label``, ``id``, ``image``.
        check: Raises when the run was cancelled; called once a batch.
        media: The pictures that the column of the role ``image`` names by their SHA-256.
        key: Secret bytes of the dataset, for pseudonyms; empty when there are none.
        benchmarks: The versions that steps name by their content hash.
        space: Where a step may go on when memory is short; a folder of the step's own.
        folder: Of the run, for what a step keeps so that a resumed run is quick; None where nothing is kept.
        vectors: Folder of the vectors of earlier runs; None for the folder of `curation.engine.embedding`.
        first_new_id: First of the ids that are set aside for items that the step adds; see `Step.adds`.
        trying: Whether this is a preview, in which a slow step looks at the first rows alone.
    """

    roles: dict[str, str]
    check: Callable[[], None] = lambda: None
    media: Media = field(default_factory=NoMedia)
    key: bytes = field(default=b"", repr=False)
    benchmarks: Benchmarks = field(default_factory=OpenedBenchmarks)
    space: Space | None = None
    folder: Path | None = None
    vectors: Path | None = None
    first_new_id: int = 0
    trying: bool = False

    def column(self, role: str) -> str:
        """Return the column that plays a role.

        Raises:
            StepError: No column does.
        """
        if role not in self.roles:
            raise StepError(f"No column has the role {role}. Choose one when you import, or leave this step out.")
        return self.roles[role]


class StepError(Exception):
    """A step that cannot run on this input, in a sentence for the person who made the plan."""


@dataclass(slots=True)
class Drop:
    """An item that a step leaves out, and why."""

    item_id: int
    reason: str
    detail: str = ""


@dataclass(slots=True)
class Found:
    """An item that a person should look at; `group` ties items of one question together."""

    item_id: int
    code: str
    detail: str = ""
    group: int = 0


@dataclass(slots=True)
class Replaced:
    """A value that a step took out of an item; `value` and `stand_in` never leave the process in clear.

    Attributes:
        item_id: The item.
        column: Its column.
        start: First code point of the value in the text that the step got.
        end: Behind the last one.
        label: What it was, such as ``EMAIL``.
        action: What was done, such as ``mask``.
        score: How sure the step was.
        why: What it rested on.
        value: What was there, for the sealed mapping; empty when it is not to be kept.
        stand_in: What is there now.
    """

    item_id: int
    column: str
    start: int
    end: int
    label: str
    action: str
    score: float
    why: str
    value: str = field(default="", repr=False)
    stand_in: str = field(default="", repr=False)


@dataclass(slots=True)
class Outcome:
    """What a step made of one batch: the rows it keeps, with those that it adds, and its notes on the others."""

    kept: pa.Table
    drops: list[Drop] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    changed: int = 0
    replaced: list[Replaced] = field(default_factory=list)
    added: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Base of all steps: parameters are dataclass fields, and nothing else decides what a step does.

    Attributes:
        name: The row in `steps.table.STEPS`.
        version: Raised whenever the same parameters would give another result.
        title: What people call it.
        reasons: Drop reasons and finding codes with their meaning.
        choices: What a parameter may be, for those that are one of a few words.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    title: ClassVar[str] = ""
    reasons: ClassVar[dict[str, str]] = {}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}

    def params(self) -> dict[str, Any]:
        """Return the parameters as JSON-able values."""
        return asdict(self)

    def fingerprint(self) -> str:
        """Return a hash of name, version and parameters."""
        text = json.dumps([self.name, self.version, self.params()], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def untried(self) -> str:
        """Return why a preview leaves this step out, in a sentence; empty when it tries it."""
        return ""

    def adds(self) -> int:
        """Return how many items at most it adds for one that no step has added; they follow all others in a version.

        Their ids are those from `Context.first_new_id` on, as many as it adds for each item of the run's input.
        """
        return 0

    def prepare(self, batches: Batches, context: Context) -> Any:
        """Look at all rows before the first is decided; return what `apply` needs. Most steps need nothing."""
        return None

    def notes(self, state: Any) -> dict[str, Any]:
        """Return what the report says beside the counts, JSON-able, given what `prepare` returned.

        An entry ``encoders`` is stored with the version: see `curation.engine.encoders`.
        """
        return {}

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Decide the rows of one batch.

        It must not change `state` nor depend on which rows the batch holds beside a row: a run that goes on applies the
        step to the batches that are left alone, several at once perhaps, and parts of a batch when one item fails.
        """
        raise NotImplementedError


def replace(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return the table with one column's values replaced, or the column added at the end."""
    place = table.schema.get_field_index(name)
    if place < 0:
        return table.append_column(name, values)
    return table.set_column(place, name, values.cast(table.schema.field(place).type))


def drop_where(table: pa.Table, bad: pa.Array, reason: str, detail: Callable[[int], str] = lambda _row: "") -> Outcome:
    """Keep the rows where `bad` (boolean, no nulls) is false and note the others."""
    import pyarrow.compute as pc

    rows = pc.indices_nonzero(bad).to_pylist()
    ids = table["item_id"].take(pa.array(rows, pa.int64())).to_pylist() if rows else []
    drops = [Drop(item, reason, detail(row)) for item, row in zip(ids, rows, strict=True)]
    return Outcome(table.filter(pc.invert(bad)) if rows else table, drops)
