"""What holds a version: rows of any app that the database would not let outlive it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import PROTECT, RESTRICT, Model, Q
from django.urls import NoReverseMatch, reverse

from curation.models import Version

# Relations that protect the row of a version and need none of its content: a child has its own copy of what it kept,
# and a run does not need what it made.
NOT_HOLDING = {("curation.version", "parent"), ("curation.run", "output")}
# A run needs its input as long as its output is there to be explained or made again.
RELEASED = {("curation.run", "input"): Q(output__purged_at__isnull=False)}
NAMED = 20


@dataclass(frozen=True, slots=True)
class Holder:
    """A row that needs a version.

    Attributes:
        version_id: The version.
        model: Its model as ``app.model``.
        pk: Its primary key.
        title: What people call it.
        url: Its page, empty when it has none.
    """

    version_id: int
    model: str
    pk: int
    title: str
    url: str


def holding_relations() -> list[Any]:
    """Return the relations that point at versions and hold them.

    They are read from Django's registry: a foreign key with ``on_delete=PROTECT`` or ``RESTRICT``, or a many-to-many
    field, of any app holds by itself. A key with ``CASCADE`` or ``SET_NULL`` says that its row can do without.
    """
    return [relation for relation in Version._meta.related_objects if _holds(relation)]


def _holds(relation: Any) -> bool:
    key = (relation.related_model._meta.label_lower, relation.field.name)
    strict = relation.many_to_many or relation.on_delete in (PROTECT, RESTRICT)
    return strict and key not in NOT_HOLDING


def holders_of(version_ids: Iterable[int], *, each: int = NAMED) -> list[Holder]:
    """Return rows that hold these versions, at most `each` of a relation; the queries are as many as the relations."""
    wanted, found = list(version_ids), []
    for relation in holding_relations():
        name = relation.field.name
        released = RELEASED.get((relation.related_model._meta.label_lower, name))
        rows = relation.related_model._base_manager.filter(**{f"{name}__in": wanted})
        if released is not None:
            rows = rows.exclude(released)
        for row in rows.order_by("pk")[:each]:
            ids = row_versions(row, relation, wanted)
            found += [Holder(pk, row._meta.label_lower, row.pk, title_of(row), page_of_row(row)) for pk in ids]
    return found


def held_among(version_ids: Iterable[int]) -> set[int]:
    """Return those versions that anything holds."""
    wanted, held = list(version_ids), set()
    for relation in holding_relations():
        name = relation.field.name
        rows = relation.related_model._base_manager.filter(**{f"{name}__in": wanted})
        released = RELEASED.get((relation.related_model._meta.label_lower, name))
        if released is not None:
            rows = rows.exclude(released)
        held |= set(rows.values_list(name, flat=True).distinct())
    return held & set(wanted)


def row_versions(row: Model, relation: Any, wanted: list[int]) -> list[int]:
    """Return which of the wanted versions a row points at."""
    if relation.many_to_many:
        related = getattr(row, relation.field.name)
        return list(related.filter(pk__in=wanted).values_list("pk", flat=True))
    return [getattr(row, relation.field.attname)]


def title_of(row: Model) -> str:
    """Return what people call a row."""
    return str(getattr(row, "name", "") or row)


def page_of_row(row: Model) -> str:
    """Return the page of a row, by the rule that ``app:model`` names it; empty when there is none."""
    try:
        return reverse(f"{row._meta.app_label}:{row._meta.model_name}", args=[row.pk])
    except NoReverseMatch:
        return ""
