"""Changed copies of training items."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.augment.pictures.table import PICTURES
from curation.engine.augment.policy import PICTURE, Policy, PolicyError, read_policy
from curation.engine.folding import as_text, fold, hash64
from curation.engine.meaning.texts import UNTRIED
from curation.engine.steps.base import Batches, Context, Found, Outcome, Step, StepError, replace
from curation.engine.steps.columns import TRAIN, require

if TYPE_CHECKING:
    from curation.engine.augment.text_copies import Copy, Refused

FROM, BY = "augmented_from", "augmented_by"
# What people said about the item itself; nobody has seen the copy.
ANSWERS = "annotations"
SPANS_UNFIT, TOO_LONG, UNREADABLE = "spans_unfit", "text_too_long_to_augment", "picture_unreadable"
JOINING = tuple(name for name, row in PICTURES.items() if row.partners)
# A preview looks at so many training items.
TRIED = 20
TRIED_PICTURES = 6
# Items between two looks at whether the run was cancelled, which asks the database: a second of the slowest change.
CHECKED = 100
EXAMPLE = """\
version: 1
copies: 1
seed: 0
steps:
- use: keyboard
  share: 0.1
- use: swap_words
  share: 0.1
  chance: 0.5
"""


class Maker(Protocol):
    """Makes the copies of one item."""

    def of(self, item: int, row: Mapping[str, Any]) -> "list[Copy] | Refused":
        """Return the copies, or why there are none."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the step knows of all rows.

    Attributes:
        ids: Of the items that no step has added, rising.
        texts: Hashes of all folded texts (or pictures' names), rising; no copy may be one of them.
        maker: Makes the copies.
        columns: The cells that it needs.
    """

    ids: NDArray[np.int64]
    texts: NDArray[np.uint64]
    maker: Maker
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Augment(Step):
    """Adds changed copies of training items, whose labels stay true; see `curation.engine.augment`.

    Only rows whose `split_column` says ``train`` get copies, and no copy has the text of any item of the input, so that
    nothing of validation or test is trained on. A copy has the columns of its parent but for the text or picture, the
    spans or shapes, which are moved with it, ``augmented_from`` (the parent's item_id), ``augmented_by`` (what changed
    it) and ``annotations``, which is empty. An item in which nothing could be changed has no copy; copies have none.
    Equal plans on equal versions give equal copies. Memory: 16 bytes an item, for pictures 1 kB a copy.

    Attributes:
        policy: YAML, read by `curation.engine.augment.read_policy`.
        split_column: Column that says which items are trained on; empty when all are.
        marks: Columns of spans or shapes, JSON; all that look like them when empty.
    """

    name: ClassVar[str] = "augment"
    title: ClassVar[str] = "Add changed copies"
    reasons: ClassVar[dict[str, str]] = {
        SPANS_UNFIT: "The labeled spans or shapes do not fit the item, so it has no copies.",
        TOO_LONG: "The text is too long to be changed, so it has no copies.",
        UNREADABLE: "The picture cannot be read, so it has no copies.",
    }
    policy: str = EXAMPLE
    split_column: str = "split"
    marks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            policy = read_policy(self.policy)
        except PolicyError as error:
            raise ValueError(f"policy has a mistake. {str(error).rstrip('.')}") from None
        joining = [step.use for step in policy.steps if step.use in JOINING]
        if joining:
            raise ValueError(
                f"policy uses {joining[0]}, which makes one picture of several: a copy in a version has one parent, "
                "whose licence and erasure it follows. Use it on the fly in a training"
            )

    def read(self) -> Policy:
        """Return the policy."""
        return read_policy(self.policy)

    def adds(self) -> int:
        """Return the copies of each item."""
        return self.read().copies

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return UNTRIED if any(step.use == "contextual" for step in self.read().steps) else ""

    def prepare(self, batches: Batches, context: Context) -> Prepared:
        """Look at all items and learn what the policy's steps need to know of the training texts.

        Raises:
            StepError: There is no split, no text or picture, or a named column is missing.
        """
        policy = self.read()
        role = "image" if policy.kind == PICTURE else "text"
        column = context.column(role)
        seen = _Seen()
        for table in batches():
            context.check()
            self._check(table)
            seen.add(table, column, self._training(table), self.marks)
        wanted = "shape" if policy.kind == PICTURE else "span"
        marks = tuple(name for name, kind in seen.marks.items() if kind == wanted)
        maker = self._maker(policy, column, marks, batches, context)
        ids, texts = np.sort(np.concatenate(seen.ids)), np.unique(np.concatenate(seen.texts))
        return Prepared(ids, texts, maker, (column, *marks))

    def _maker(self, policy: Policy, column: str, marks: tuple[str, ...], batches: Batches, context: Context) -> Maker:
        # The libraries are slow to load, and the web process reads plans without running them.
        from curation.engine.augment.learnt import learn
        from curation.engine.augment.neighbours import NothingLearnt
        from curation.engine.augment.picture_copies import picture_copies
        from curation.engine.augment.text_copies import TextCopies

        if policy.kind == PICTURE:
            rows = self._training_rows(["item_id", column, *marks], batches, context)
            return picture_copies(policy, column, marks, rows, context.media, context.check)
        texts = (row[column] for row in self._training_rows([column], batches, context))
        try:
            learnt = learn(policy, texts, vectors=context.vectors, check=context.check)
        except NothingLearnt as error:
            raise StepError(str(error)) from None
        return TextCopies(policy, column, marks, learnt)

    def _training_rows(self, columns: list[str], batches: Batches, context: Context) -> Iterator[dict[str, Any]]:
        """Give some columns of the rows that are trained on; in a preview the first few whose pictures are at hand."""
        trying = context.trying and "item_id" in columns
        left = TRIED_PICTURES
        for table in batches():
            context.check()
            rows = table.filter(self._training(table)).select(columns).to_pylist()
            if trying:
                rows = [row for row in rows if row[columns[1]] and context.media.path(row[columns[1]])][:left]
                left -= len(rows)
            yield from rows

    def apply(self, table: pa.Table, state: Prepared, context: Context) -> Outcome:
        """Return the rows of the batch and the copies of those that are trained on."""
        rows = np.flatnonzero(self._training(table).to_numpy(zero_copy_only=False))
        if context.trying:
            rows = rows[:TRIED]
        made, found = self._made(table, rows, state, context)
        whole = _with_origin(table)
        if not made:
            return Outcome(whole, found=found)
        added = _copies(whole, made, state, context.first_new_id, self.adds())
        fresh = ~np.isin(hash64(fold(as_text(added[state.columns[0]]))), state.texts)
        added = added.filter(pa.array(fresh))
        # Behind its parent, so that the order depends on no batch; the run writes what was added behind all others.
        behind = np.array([row for row, _copy in made], np.int64)[fresh]
        order = np.argsort(np.concatenate([np.arange(whole.num_rows), behind]), kind="stable")
        return Outcome(pa.concat_tables([whole, added]).take(pa.array(order)), found=found, added=added.num_rows)

    def _made(
        self, table: pa.Table, rows: NDArray[np.int64], state: Prepared, context: Context
    ) -> tuple[list[tuple[int, "Copy"]], list[Found]]:
        cells = table.select(["item_id", *state.columns]).take(pa.array(rows)).to_pylist()
        made: list[tuple[int, Copy]] = []
        found: list[Found] = []
        for place, (row, given) in enumerate(zip(rows.tolist(), cells, strict=True)):
            if place % CHECKED == 0:
                context.check()
            copies = state.maker.of(given["item_id"], given)
            if isinstance(copies, list):
                made += [(row, copy) for copy in copies]
            else:
                found.append(Found(given["item_id"], copies.code, copies.detail))
        return made, found

    def _training(self, table: pa.Table) -> pa.Array:
        """Return which rows get copies: those that are trained on and that no step has added."""
        own = pc.invert(pc.is_valid(table[FROM])) if FROM in table.schema.names else pa.array([True] * table.num_rows)
        if self.split_column:
            own = pc.and_(own, pc.fill_null(pc.equal(as_text(table[self.split_column]), TRAIN), False))
        return own.combine_chunks() if isinstance(own, pa.ChunkedArray) else own

    def _check(self, table: pa.Table) -> None:
        if self.split_column and self.split_column not in table.schema.names:
            raise StepError(
                f"There is no column {self.split_column}. Put the step split before this one: only what is trained on "
                "may have copies."
            )
        require(table, self.marks)
        if FROM in table.schema.names and table.schema.field(FROM).type != pa.int64():
            raise StepError(f"There is a column {FROM} that is no item_id. Rename it.")


@dataclass(slots=True)
class _Seen:
    """What all batches tell."""

    ids: list[NDArray[np.int64]] = field(default_factory=list)
    texts: list[NDArray[np.uint64]] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)

    def add(self, table: pa.Table, column: str, training: pa.Array, named: tuple[str, ...]) -> None:
        from curation.engine.augment.marks import marked_columns

        own = table.filter(pc.invert(pc.is_valid(table[FROM]))) if FROM in table.schema.names else table
        self.ids.append(own["item_id"].to_numpy())
        self.texts.append(hash64(fold(as_text(table[column]))))
        rows = table.filter(training)
        if named:
            rows = rows.select(named)
        self.marks |= marked_columns(rows, {column, FROM, BY, ANSWERS, *self.marks})


def _with_origin(table: pa.Table) -> pa.Table:
    """Return the table with the columns that say where a copy comes from."""
    for name, kind in ((FROM, pa.int64()), (BY, pa.string())):
        if name not in table.schema.names:
            table = table.append_column(name, pa.nulls(table.num_rows, kind))
    return table


def _copies(table: pa.Table, made: "list[tuple[int, Copy]]", state: Prepared, first: int, count: int) -> pa.Table:
    """Return the copies as rows of the table's columns."""
    parents = pa.array([row for row, _copy in made], pa.int64())
    rows = table.take(parents)
    origin = rows["item_id"].to_numpy()
    numbers = np.array([copy.number for _row, copy in made], np.int64)
    ids = first + np.searchsorted(state.ids, origin) * count + numbers
    for name in sorted({name for _row, copy in made for name in copy.cells if name in rows.schema.names}):
        old = rows[name].to_pylist()
        new = [copy.cells.get(name, cell) for (_row, copy), cell in zip(made, old, strict=True)]
        rows = replace(rows, name, pa.array(new, rows.schema.field(name).type))
    rows = replace(rows, FROM, pa.array(origin))
    rows = replace(rows, BY, pa.array([", ".join(copy.used) for _row, copy in made]))
    if ANSWERS in rows.schema.names:
        rows = replace(rows, ANSWERS, pa.nulls(rows.num_rows, rows.schema.field(ANSWERS).type))
    return replace(rows, "item_id", pa.array(ids))
