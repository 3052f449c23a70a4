"""Near-duplicate pictures: every pair verified on its pixels, and one of each cluster kept."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step
from curation.engine.steps.columns import TRAIN, require

if TYPE_CHECKING:
    from curation.engine.near_pictures.result import NearPictures

ACTIONS = ("drop", "find")
KEEP = ("largest", "first", "labeled_first", "held_out_first")
HELD_OUT = ("validation", "test")
CODE, LEAKED = "near_duplicate_image", "image_in_held_out"
FOLDER = "near-duplicate-images"


@dataclass(frozen=True, slots=True)
class NearDuplicateImages(Step):
    """Keeps one picture of each cluster of near-duplicates, verified pair by pair on their pixels.

    A copy may be scaled, compressed, brighter, grey, marked, cropped by up to about a third or slanted by up to 30
    degrees
    (`curation.engine.near_pictures`). Pictures that cannot be read, and items without one, are like nothing and are
    kept;
    the notes of the report list the first of them. Features lie in the run's folder by the hash of each picture, so
    that a
    resumed run does not compute them again. Memory: about 800 MB for 100,000 pictures, and no more above.

    Attributes:
        threshold: Least score, 0.3 to 1: the share of the contrast of both pictures that agrees.
        flips: Whether mirrored pictures (left to right, upside down) are duplicates.
        turns: Whether pictures turned by quarters are.
        parts: Whether cropped and slanted copies are looked for too, which takes twice as long.
        keep: Which picture stays: ``largest`` (most pixels), ``first``, ``labeled_first`` (one with a label before one
            without, then the largest) or ``held_out_first`` (one of validation or test before one of training, then the
            largest, so that what is dropped does not leak). Ties go to the first.
        action: ``drop``, or ``find`` to keep all and list each cluster as findings.
        split_column: With ``find``: a column of ``train``, ``validation``, ``test``; of clusters on both sides the
        training
            items get a finding of their own. Needed for ``held_out_first`` too.
    """

    name: ClassVar[str] = "near_duplicate_images"
    title: ClassVar[str] = "Drop near-duplicate images"
    reasons: ClassVar[dict[str, str]] = {
        CODE: "Another item has nearly the same picture.",
        LEAKED: "An item of the validation or test part has nearly the same picture.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"keep": KEEP, "action": ACTIONS}
    threshold: float = 0.5
    flips: bool = False
    turns: bool = False
    parts: bool = True
    keep: str = "largest"
    action: str = "drop"
    split_column: str = ""

    def __post_init__(self) -> None:
        if not 0.3 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}; it must be from 0.3 to 1")
        for name, value in (("keep", self.keep), ("action", self.action)):
            if value not in self.choices[name]:
                raise ValueError(f"{name} is {value!r}; choose one of {', '.join(self.choices[name])}")
        if self.keep == "held_out_first" and not self.split_column:
            raise ValueError("keep: held_out_first needs split_column, the column that says train, validation or test")

    def prepare(self, batches: Batches, context: Context) -> "_Decided":
        """Describe all pictures, search, and decide about each item."""
        # The compiler and the decoder are slow to import, and the web process reads plans without running them.
        from curation.engine.near_pictures.search import PictureSearch
        from curation.engine.near_pictures.store import Store

        rows = _Rows(self, context)
        for table in batches():
            context.check()
            rows.add(table)
        search = PictureSearch(self.threshold, flips=self.flips, turns=self.turns, parts=self.parts)
        with _folder(context.folder) as folder:
            result = search.run(rows.pictures, context.media.path, Store(folder), _checked(context))
        return self._decided(result, rows)

    def notes(self, state: "_Decided") -> dict[str, Any]:
        """Return how many pictures could not be read or compared, and the first of those that could not be read."""
        return state.notes

    def apply(self, table: pa.Table, state: "_Decided", context: Context) -> Outcome:
        """Drop or list the rows of one batch as decided."""
        items = table["item_id"].to_numpy()
        chosen = np.isin(items, np.fromiter(state.details, np.int64, len(state.details)))
        here = items[chosen].tolist()
        if self.action == "find":
            found = [Found(item, *state.details[item], state.groups[item]) for item in here]
            return Outcome(table, found=found)
        drops = [Drop(item, *state.details[item]) for item in here]
        return Outcome(table.filter(pa.array(~chosen)) if drops else table, drops)

    def _decided(self, result: "NearPictures", rows: "_Rows") -> "_Decided":
        items = np.array(rows.items, np.int64)
        clusters = result.clusters()
        stays = clusters.keep(*rows.scores(result.areas()))
        likeness = _Likeness(result)
        decided = _Decided(notes=_notes(result, items))
        sizes = clusters.sizes()
        held_out = np.array(rows.held_out, bool) if rows.held_out else np.zeros(len(items), bool)
        crossed = np.isin(clusters.label, clusters.label[held_out & (clusters.label >= 0)])
        training = np.array(rows.training, bool) if rows.training else np.zeros(len(items), bool)
        for row in clusters.members().tolist():
            item, kept = int(items[row]), int(stays[row])
            if kept != row:
                detail = likeness.words(row, kept, int(items[kept]))
            elif self.action == "find":
                detail = f"first choice of {sizes[clusters.label[row]]} similar pictures"
            else:
                continue
            leaked = self.action == "find" and crossed[row] and training[row]
            decided.details[item] = (LEAKED if leaked else CODE, detail)
            decided.groups[item] = int(clusters.label[row]) + 1
        return decided


@dataclass(slots=True)
class _Decided:
    """What `apply` does: reason or code with a detail, and the group, by item."""

    details: dict[int, tuple[str, str]] = field(default_factory=dict)
    groups: dict[int, int] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


class _Rows:
    """What the search and the keep rule need of each row."""

    def __init__(self, step: NearDuplicateImages, context: Context) -> None:
        self._step, self._image = step, context.column("image")
        self._label = context.column("label") if step.keep == "labeled_first" else ""
        self.items: list[int] = []
        self.pictures: list[str | None] = []
        self.held_out: list[bool] = []
        self.training: list[bool] = []
        self._labeled: list[bool] = []

    def add(self, table: pa.Table) -> None:
        """Take the rows of a batch."""
        require(table, [self._image, *([self._step.split_column] if self._step.split_column else [])])
        self.items += table["item_id"].to_pylist()
        names = pc.utf8_trim_whitespace(as_text(table[self._image]))
        self.pictures += [name or None for name in names.to_pylist()]
        if self._step.split_column:
            side = pc.fill_null(as_text(table[self._step.split_column]), "")
            self.held_out += pc.is_in(side, value_set=pa.array(HELD_OUT, pa.large_string())).to_pylist()
            self.training += pc.equal(side, TRAIN).to_pylist()
        if self._label:
            labels = pc.utf8_trim_whitespace(pc.fill_null(as_text(table[self._label]), ""))
            self._labeled += pc.not_equal(labels, "").to_pylist()

    def scores(self, areas: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the scores of the keep rule, most important first, [n] each."""
        if self._step.keep == "first":
            return []
        if self._step.keep == "labeled_first":
            return [np.array(self._labeled, bool), areas]
        if self._step.keep == "held_out_first":
            return [np.array(self.held_out, bool), areas]
        return [areas]


class _Likeness:
    """Scores of pairs of items, for the words that people read."""

    def __init__(self, result: "NearPictures") -> None:
        self._group = result.group
        pairs = zip(result.left.tolist(), result.right.tolist(), strict=True)
        self._score = dict(zip(pairs, result.score.tolist(), strict=True))

    def words(self, row: int, kept: int, kept_item: int) -> str:
        one, two = sorted((int(self._group[row]), int(self._group[kept])))
        if one == two:
            return f"the same file as item {kept_item}"
        score = self._score.get((one, two))
        if score is None:
            return f"like item {kept_item} through pictures in between"
        return f"{score:.2f} like item {kept_item}"


def _notes(result: "NearPictures", items: NDArray[np.int64]) -> dict[str, Any]:
    first = [{"item_id": int(items[row]), "reason": result.broken[row]} for row in sorted(result.broken)[:20]]
    return {"pictures": len(result.sizes), "plain": result.plain, "broken": len(result.broken), "first_broken": first}


def _checked(context: Context) -> Callable[[str, int, int], None]:
    def told(_stage: str, _done: int, _total: int) -> None:
        context.check()

    return told


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder / FOLDER
        return
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}-") as temporary:
        yield Path(temporary)
