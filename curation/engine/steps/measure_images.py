"""Measures pictures that no import has measured."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.pictures.decode import PictureError
from curation.engine.pictures.facts import FACTS, facts_of
from curation.engine.steps.base import Batches, Context, Found, Outcome, Step, replace

WORKERS = max(2, min(8, os.cpu_count() or 2))
Facts = dict[str, Any]


@dataclass(slots=True)
class _Known:
    """What was measured so far, by hash: a picture that several items name is decoded once."""

    facts: dict[str, Facts | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasureImages(Step):
    """Adds width, height, format, mode, size, oddities and the figures that the filters of pictures compare.

    Imports have measured their pictures already; those rows stay as they are unless `again`. A picture that is missing
    or cannot be decoded becomes a finding, and its figures stay empty. Memory: about a kilobyte a picture.
    """

    name: ClassVar[str] = "measure_images"
    title: ClassVar[str] = "Measure pictures"
    reasons: ClassVar[dict[str, str]] = {"image_unreadable": "The picture is missing, or cannot be decoded."}
    again: bool = False

    def prepare(self, batches: Batches, context: Context) -> _Known:
        """Return an empty memory."""
        context.column("image")
        return _Known()

    def apply(self, table: pa.Table, state: _Known, context: Context) -> Outcome:
        """Measure what is not measured yet."""
        hashes = table[context.column("image")].to_pylist()
        wanted = self._wanted(table, hashes)
        self._measure([sha256 for sha256 in dict.fromkeys(hashes) if sha256], wanted, hashes, state, context)
        found, values = [], {name: _column(table, name) for name in FACTS}
        ids = table["item_id"].to_numpy()
        for row in np.flatnonzero(wanted).tolist():
            facts = state.facts[hashes[row]]
            if isinstance(facts, str):
                found.append(Found(int(ids[row]), "image_unreadable", facts))
            for name in FACTS:
                values[name][row] = None if isinstance(facts, str) else facts[name]
        kept = table
        for name, kind in FACTS.items():
            kept = replace(kept, name, pa.array(values[name], kind))
        return Outcome(kept, found=found, changed=int(wanted.sum()))

    def _wanted(self, table: pa.Table, hashes: list[str | None]) -> np.ndarray:
        there = np.array([sha256 is not None for sha256 in hashes], bool)
        if self.again or not set(FACTS) <= set(table.schema.names):
            return there
        known: np.ndarray = np.asarray(pc.is_valid(table["image_sharpness"]).to_pylist(), bool)
        unknown: np.ndarray = there & ~known
        return unknown

    @staticmethod
    def _measure(
        unique: list[str], wanted: np.ndarray, hashes: list[str | None], state: _Known, context: Context
    ) -> None:
        asked = {sha256 for sha256, ask in zip(hashes, wanted, strict=True) if ask}
        new = [sha256 for sha256 in unique if sha256 in asked and sha256 not in state.facts]

        def one(sha256: str) -> Facts | str:
            context.check()
            path = context.media.path(sha256)
            if path is None:
                return "There is no file of this picture."
            try:
                return facts_of(path.read_bytes())
            except PictureError as error:
                return error.message

        with ThreadPoolExecutor(WORKERS, thread_name_prefix="measures") as pool:
            state.facts.update(zip(new, pool.map(one, new), strict=True))


def _column(table: pa.Table, name: str) -> list[Any]:
    return table[name].to_pylist() if name in table.schema.names else [None] * table.num_rows
