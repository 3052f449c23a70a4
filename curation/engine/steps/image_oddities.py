"""What was odd about the files of pictures when they came, as findings."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.pictures.decode import ODDITIES
from curation.engine.steps.base import Context, Drop, Found, Outcome, Step, StepError
from curation.engine.steps.pictures import ACTIONS, check_action

COLUMN = "image_oddities"


@dataclass(frozen=True, slots=True)
class ImageOddities(Step):
    """Finds or drops pictures whose files the import had to mend: one finding a picture, naming what was done.

    Attributes:
        codes: Which oddities; those that may have cost something when empty: animated, transparent, icc_broken,
            exif_broken, wrong_extension, bad_checksum, cmyk, sixteen_bit.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "image_oddities"
    title: ClassVar[str] = "Odd picture files"
    reasons: ClassVar[dict[str, str]] = {"image_odd_file": "The picture's file is odd, and was mended at the import."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS, "codes": tuple(ODDITIES)}
    codes: tuple[str, ...] = (
        "cmyk", "sixteen_bit", "animated", "transparent", "icc_broken", "exif_broken", "wrong_extension",
        "bad_checksum",
    )  # fmt: skip
    action: str = "find"

    def __post_init__(self) -> None:
        check_action(self.action)
        unknown = sorted(set(self.codes) - set(ODDITIES))
        if unknown:
            raise ValueError(f"codes holds {unknown[0]!r}; choose among {', '.join(ODDITIES)}")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """List or drop the pictures with one of the oddities."""
        context.column("image")
        if COLUMN not in table.schema.names:
            raise StepError(f"There is no column {COLUMN}. Put the step measure_images before this one.")
        wanted, ids = set(self.codes), table["item_id"].to_numpy()
        keep, notes = np.ones(table.num_rows, bool), []
        for row, said in enumerate(table[COLUMN].to_pylist()):
            codes = [code for code in (said or "").split() if code in wanted]
            if codes:
                keep[row] = False
                detail = " ".join(f"{code}: {ODDITIES[code]}" for code in codes)
                notes.append((int(ids[row]), "image_odd_file", detail))
        if self.action == "find" or not notes:
            return Outcome(table, found=[Found(*note) for note in notes])
        return Outcome(table.filter(pa.array(keep)), [Drop(*note) for note in notes])
