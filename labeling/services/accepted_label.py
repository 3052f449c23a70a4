"""The answers of models that a publication takes: accepted, not refuted, not audited, and of the present questions."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from labeling.engine.consensus import canonical
from labeling.engine.schema import parse_schema
from labeling.models import ModelLabel, Project

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Of the hash that tells one model from every other: enough for as many models as a project ever has.
HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Accepted:
    """A model's label.

    Attributes:
        label: As a publication writes it; several labels are joined with ``|``.
        confidence: Calibrated, 0 to 1.
        at: When it was accepted.
        model: Its name and the beginning of its hash.
    """

    label: str
    confidence: float
    at: datetime
    model: str


def has_accepted(project: Project) -> bool:
    """Tell whether there is any."""
    return _rows(project).exists()


def accepted_labels(project: Project, items: list[int]) -> dict[int, Accepted]:
    """Return the labels of models for these items, by item."""
    choice = parse_schema(project.schema).choice
    if choice is None:
        return {}
    fields = ("task__item_id", "answer", "confidence", "created_at", "round__source", "round__fingerprint")
    rows = _rows(project).filter(task__item_id__in=items).values_list(*fields)
    return {
        item: Accepted(label, confidence, at, f"{source} {fingerprint[:HASH_DIGITS]}")
        for item, answer, confidence, at, source, fingerprint in rows
        if (label := canonical(answer.get(choice.name) or []))
    }


def _rows(project: Project) -> "QuerySet[ModelLabel]":
    rows: QuerySet[ModelLabel] = ModelLabel.objects.filter(
        project=project, audited=False, round__refuted=False, schema_revision=project.schema_revision
    )
    return rows
