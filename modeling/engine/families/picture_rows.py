"""The pictures of a training's rows, without those that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.errors import BadData
from modeling.engine.pictures.loading import PictureStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext


@dataclass(frozen=True)
class Parts:
    """Training and validation rows whose pictures can be read; `left_out` names the others and says why."""

    train: PictureStore
    validation: PictureStore
    train_rows: Examples
    validation_rows: Examples
    left_out: list[dict[str, str]]

    @property
    def train_answers(self) -> tuple[Any, ...]:
        """Answers of the training rows."""
        return self.train_rows.answers

    @property
    def validation_answers(self) -> tuple[Any, ...]:
        """Answers of the validation rows."""
        return self.validation_rows.answers


def readable_parts(data: Examples, side: int, context: TrainingContext) -> Parts:
    """Read the pictures of training and validation rows and leave out, with a note, those that cannot be read.

    Raises:
        BadData: No picture of one of the two can be read.
        Cancelled: Asked before each picture.
    """
    stores: list[PictureStore] = []
    rows: list[Examples] = []
    left_out: list[dict[str, str]] = []
    for split in ("train", "validation"):
        part, store, told = readable(data.part(split), side, context)
        if not part.inputs:
            first = f" The first one: {told[0]['reason']}" if told else ""
            raise BadData(f"None of the {split} pictures can be read.{first}")
        stores.append(store)
        rows.append(part)
        left_out += told
    tell_left_out(left_out, context)
    return Parts(stores[0], stores[1], rows[0], rows[1], left_out)


def readable(
    part: Examples, side: int, context: TrainingContext
) -> tuple[Examples, PictureStore, list[dict[str, str]]]:
    """Return the rows whose pictures can be read, the pictures, and the id and reason of each other row."""
    store = PictureStore(part.inputs, side)
    broken = store.broken(context.progress, context.cancelled)
    if not broken:
        return part, store, []
    gone = {each.row for each in broken}
    kept = [row for row in range(len(part.inputs)) if row not in gone]
    return part.rows(kept), store.of(kept), [each.told(part.ids[each.row]) for each in broken]


def tell_left_out(left_out: Sequence[dict[str, str]], context: TrainingContext) -> None:
    """Note that pictures cannot be read, with the first of them."""
    if not left_out or context.on_note is None:
        return
    first = f"{left_out[0]['id']}: {left_out[0]['reason']}"
    if len(left_out) == 1:
        context.on_note(f"1 picture cannot be read and is left out: {first}")
    else:
        context.on_note(f"{len(left_out)} pictures cannot be read and are left out, such as {first}")
