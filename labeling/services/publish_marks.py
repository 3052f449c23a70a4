"""Spans, shapes and all other answers that are no labels of a classifier, as columns of a published version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from labeling.engine.agreed_answers import Said, agreed_answers
from labeling.engine.agreed_parts import Thing, things
from labeling.engine.answer_columns import SURE, cell
from labeling.engine.controls.shapes import Shapes
from labeling.engine.mark_change import parted
from labeling.engine.schema import Schema
from labeling.models import Project
from labeling.services.ratings import longer_side, marks_of
from workers.context import JobContext


@dataclass(frozen=True, slots=True)
class MarkModel:
    """What a model makes of the spans or shapes of a control.

    Attributes:
        things: By item what is there.
        sure: By item how probable it is that the least sure decision is right, 0 to 1.
        method: The model.
    """

    things: Mapping[int, list[Thing]]
    sure: Mapping[int, float]
    method: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the answers to a project become columns.

    Attributes:
        schema: What was asked.
        layout: Name and type of the column of each control.
        models: By the name of a control with marks what a model makes of them; nothing where people vote.
    """

    schema: Schema
    layout: Mapping[str, tuple[str, pa.DataType]]
    models: Mapping[str, MarkModel]


def model_marks(
    job: JobContext, project: Project, schema: Schema, *, only_reviewed: bool, seed: int
) -> dict[str, MarkModel]:
    """Return by the name of each control with marks what a model of the people makes of them."""
    found = {}
    for control in parted(schema):
        job.progress(0, 0, _("weighing answers"))
        items, answered = marks_of(project, control, only_reviewed=only_reviewed, check=job.check)
        there, sure, method = things(answered, seed=seed)
        by_item = dict(zip(items, sure.round(6).tolist(), strict=True))
        found[control.name] = MarkModel(dict(zip(items, there, strict=True)), by_item, method)
    return found


def add_agreed(
    agreement: Agreement, table: pa.Table, said: Sequence[Sequence[Said]], decided: Sequence[Mapping[str, Any] | None]
) -> pa.Table:
    """Add what people agree on.

    Args:
        agreement: How.
        table: Items of a version with ``item_id``.
        said: For each who answered what.
        decided: For each what somebody decided, which counts instead; None where nobody did.
    """
    items = table["item_id"].to_pylist()
    counted = [list(answers) if final is None else [("", final)] for answers, final in zip(said, decided, strict=True)]
    open_ = [item if final is None else None for item, final in zip(items, decided, strict=True)]
    known = {
        name: [None if item is None else model.things.get(item) for item in open_]
        for name, model in agreement.models.items()
    }
    values = agreed_answers(agreement.schema, counted, known, _sizes(agreement.schema, table))
    for name, (column, kind) in agreement.layout.items():
        table = with_column(table, column, pa.array([cell(row.get(name)) for row in values], kind))
        model = agreement.models.get(name)
        if model is not None:
            sure = [None if item is None else model.sure.get(item) for item in open_]
            table = with_column(table, column + SURE, pa.array(sure, pa.float64()))
    return table


def _sizes(schema: Schema, table: pa.Table) -> dict[str, list[float | None]]:
    """Return the longer side of each picture, by the name of the control that is about it."""
    found = {}
    for control in schema.controls:
        if isinstance(control, Shapes):
            sides = [table[name].to_pylist() for name in control.fields[1:] if name in table.schema.names]
            found[control.name] = [longer_side(pair) for pair in zip(*sides, strict=True)] if sides else None
    return {name: sizes for name, sizes in found.items() if sizes is not None}


def with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return the table with a column, in the place of one that is called the same."""
    place = table.schema.get_field_index(name)
    return table.append_column(name, values) if place < 0 else table.set_column(place, name, values)
