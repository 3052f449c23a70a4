"""Items that a step has added, shown beside those that they were made from, with their spans and shapes."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.augment.marks import marked_columns, read_marks
from curation.engine.augment.text import SpansError
from curation.engine.media import Media
from curation.engine.steps.base import Outcome

FROM, BY = "augmented_from", "augmented_by"
# Code points of a text, shapes on a picture.
MOST_TEXT, MOST_SHAPES = 600, 200
# Spans as start, end and label; shapes as people draw them.
Marks = list[list[Any]]


@dataclass(slots=True)
class Side:
    """An item before or after a change.

    Attributes:
        text: Its text, cut at 600 code points.
        spans: Start, end and label of each span in what is left of the text, by start.
        picture: A small copy of the picture as a data address; empty where there is none.
        size: Width and height of the picture in pixels, in which the shapes are.
        shapes: At most 200.
    """

    text: str = ""
    spans: Marks = field(default_factory=list)
    picture: str = ""
    size: tuple[int, int] = (0, 0)
    shapes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class CopyExample:
    """An added item.

    Attributes:
        item_id: The item that it was made from.
        by: What changed it.
        before: That item.
        after: The added one.
        lost: How many shapes went.
    """

    item_id: int
    by: str
    before: Side
    after: Side
    lost: int = 0

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "CopyExample":
        """Read what `dataclasses.asdict` made of one."""
        return cls(**{**row, "before": Side(**row["before"]), "after": Side(**row["after"])})


@dataclass(slots=True)
class TriedMedia:
    """Pictures of a preview: some files, and what a step makes of them, which nothing keeps.

    Attributes:
        files: By hash.
        made: Small copies of new pictures by hash.
    """

    files: dict[str, Path] = field(default_factory=dict)
    made: dict[str, bytes] = field(default_factory=dict)

    def path(self, sha256: str) -> Path | None:
        """Return the file of a picture that is at hand, or None."""
        return self.files.get(sha256)

    def add(self, pictures: Sequence[Any]) -> None:
        """Take new pictures."""
        self.made |= {one.sha256: one.thumb or one.view for one in pictures}

    def small(self, sha256: str) -> bytes:
        """Return a small copy of a picture; empty when it is not at hand or cannot be read."""
        from curation.engine.pictures.decode import PictureError
        from curation.engine.pictures.taking import take

        if sha256 not in self.made and sha256 in self.files:
            try:
                self.add([take(self.files[sha256].read_bytes())])
            except PictureError:
                return b""
        return self.made.get(sha256, b"")


def copy_examples(
    batch: pa.Table, outcome: Outcome, roles: dict[str, str], media: Media, most: int
) -> list[CopyExample]:
    """Return the first items that a step has added to a batch, of different parents.

    Args:
        batch: What the step got.
        outcome: What it made of it.
        roles: Which column is ``text`` or ``image``.
        media: The pictures at hand.
        most: Examples at most.
    """
    kept = outcome.kept
    added = kept.filter(pc.and_(pc.is_valid(kept[FROM]), pc.invert(pc.is_in(kept["item_id"], value_set=_ids(batch)))))
    marks = marked_columns(added, {roles.get("text", ""), FROM, BY})
    found: dict[int, CopyExample] = {}
    for row in added.to_pylist():
        parent = row[FROM]
        if len(found) == most:
            break
        if parent not in found:
            (before,) = batch.filter(pc.equal(batch["item_id"], parent)).to_pylist()
            old, new = (_side(each, roles, marks, media) for each in (before, row))
            lost = max(0, len(old.shapes) - len(new.shapes))
            found[parent] = CopyExample(parent, row[BY] or "", old, new, lost)
    return list(found.values())


def _ids(batch: pa.Table) -> pa.Array:
    return batch["item_id"].combine_chunks()


def _side(row: dict[str, Any], roles: dict[str, str], marks: dict[str, str], media: Media) -> Side:
    text = str(row.get(roles.get("text", "")) or "")
    side = Side(text[:MOST_TEXT])
    for name, kind in marks.items():
        try:
            listed = read_marks(row.get(name))
        except SpansError:
            continue
        if kind == "shape":
            side.shapes += listed[:MOST_SHAPES]
        else:
            spans = [[one["start"], one["end"], str(one.get("label", ""))] for one in listed]
            side.spans += [span for span in spans if 0 <= span[0] < span[1] <= len(side.text)]
    side.spans.sort()
    sha256 = row.get(roles.get("image", ""))
    if sha256 and isinstance(media, TriedMedia) and (small := media.small(sha256)):
        kind = "png" if small.startswith(b"\x89PNG") else "jpeg"
        side.picture = f"data:image/{kind};base64,{base64.b64encode(small).decode()}"
        side.size = (row.get("image_width") or 0, row.get("image_height") or 0)
    return side
