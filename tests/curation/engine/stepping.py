"""Steps run over small tables, in batches of three rows so that nothing depends on where one ends."""

from typing import Any

import pyarrow as pa

from curation.engine.media import Media, NoMedia
from curation.engine.plan import Plan
from curation.engine.steps.base import Context, Step


def step(name: str, **params: Any) -> Step:
    """Return a step as a plan reads it, so that its parameters pass the plan's checks."""
    return Plan.from_json({"steps": [{"name": name, "params": params}]}).steps[0]


class Result:
    """What a step made of a table."""

    def __init__(
        self, table: pa.Table, chosen: Step, roles: dict[str, str] | None = None, media: Media | None = None
    ) -> None:
        starts = range(0, max(1, table.num_rows), 3)
        context = Context(roles or {}, media=media or NoMedia())
        state = chosen.prepare(lambda: iter([table.slice(start, 3) for start in starts]), context)
        outcomes = [chosen.apply(table.slice(start, 3), state, context) for start in starts]
        self.table = pa.concat_tables([outcome.kept for outcome in outcomes])
        self.rows = self.table.drop_columns(["item_id"]).to_pylist()
        self.ids = self.table["item_id"].to_pylist()
        self.drops = [(drop.item_id, drop.reason, drop.detail) for part in outcomes for drop in part.drops]
        self.found = [(one.item_id, one.code, one.detail) for part in outcomes for one in part.found]
        self.groups = [one.group for part in outcomes for one in part.found]
        self.changed = sum(part.changed for part in outcomes)
        self.notes = chosen.notes(state)


def table(**columns: Any) -> pa.Table:
    """Return a table with items 1, 2, 3, …"""
    whole = pa.table(columns)
    return whole.add_column(0, "item_id", pa.array(range(1, whole.num_rows + 1), pa.int64()))


def texts(*values: str | None) -> pa.Array:
    """Return a column of text, also when there is no value in it."""
    return pa.array(values, pa.string())
