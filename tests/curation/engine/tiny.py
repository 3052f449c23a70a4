"""One step on a few texts, without a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from curation.engine.steps.base import Context, Step


@dataclass
class Result:
    """What came out: texts by item id (from 1), drops and findings as tuples, rows changed, and the table itself."""

    kept: dict[int, str | None]
    drops: list[tuple[int, str, str]]
    found: list[tuple[int, str, str]]
    changed: int
    table: pa.Table


def apply(step: Step, texts: Sequence[str | None], batch: int = 1000) -> Result:
    """Run a step over texts, `batch` of them at a time."""
    ids = pa.array(range(1, len(texts) + 1), pa.int64())
    whole = pa.table({"item_id": ids, "text": pa.array(texts, pa.string())})
    parts = [whole.slice(start, batch) for start in range(0, max(1, len(texts)), batch)]
    context = Context({"text": "text"})
    state = step.prepare(lambda: iter(parts), context)
    outcomes = [step.apply(part, state, context) for part in parts]
    table = pa.concat_tables(outcome.kept for outcome in outcomes)
    return Result(
        dict(zip(table["item_id"].to_pylist(), table["text"].to_pylist(), strict=True)),
        [(drop.item_id, drop.reason, drop.detail) for outcome in outcomes for drop in outcome.drops],
        [(found.item_id, found.code, found.detail) for outcome in outcomes for found in outcome.found],
        sum(outcome.changed for outcome in outcomes),
        table,
    )
