"""Values in the texts of rows: found in the database, counted, and replaced by a mark."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Cast, Replace

from curation.engine.erasure.matching import Matcher
from modeling.services.erasure_places import TABLES, Table

BATCH = 500


def rows_with(
    name: str, table: Table, fields: tuple[str, ...], organization_id: int, matcher: Matcher
) -> Iterator[Any]:
    """Give the rows of an organization whose fields hold a value; PostgreSQL looks, with the same expression."""
    if not matcher.needles or not fields or not table.owner:
        return
    model = apps.get_model(name)
    rows = model._base_manager.filter(**{table.owner: organization_id})
    wanted = Q()
    for field in fields:
        text: Any = Cast(F(field), TextField())
        if isinstance(model._meta.get_field(field), models.JSONField):
            # Within JSON a line break is two characters.
            for code, plain in (("\\n", "\n"), ("\\t", " "), ("\\r", " ")):
                text = Replace(text, Value(code), Value(plain), output_field=TextField())
        rows = rows.annotate(**{f"text_of_{field}": text})
        wanted |= Q(**{f"text_of_{field}__iregex": matcher.pattern})
    for row in rows.filter(wanted).order_by("pk").distinct().iterator(chunk_size=BATCH):
        if any(blanked(getattr(row, field), matcher) != getattr(row, field) for field in fields):
            yield row


def blanked(value: Any, matcher: Matcher) -> Any:
    """Return a field's value with a mark in place of values of the person."""
    return value if value is None else matcher.blank_json(value)


def count_rows(organization_id: int, matcher: Matcher) -> dict[str, dict[str, int]]:
    """Return how many rows of each table hold a value: in fields that will be blanked, and in those only reported."""
    found: dict[str, dict[str, int]] = {}
    for name, table in TABLES.items():
        counts = {
            "blanked": sum(1 for _row in rows_with(name, table, table.blanked, organization_id, matcher)),
            "reported": sum(1 for _row in rows_with(name, table, table.reported, organization_id, matcher)),
        }
        if any(counts.values()):
            found[name] = counts
    return found


def blank_rows(organization_id: int, matcher: Matcher) -> Counter[str]:
    """Replace values in the texts of all rows of an organization; return how many rows of each table changed."""
    changed: Counter[str] = Counter()
    for name, table in TABLES.items():
        for row in rows_with(name, table, table.blanked, organization_id, matcher):
            changed[name] += _blank(row, table.blanked, matcher)
    return changed


@transaction.atomic
def _blank(seen: Any, fields: tuple[str, ...], matcher: Matcher) -> int:
    """Blank one row as it is now: it may have changed since it was found."""
    row = type(seen)._base_manager.select_for_update(of=("self",)).filter(pk=seen.pk).first()
    if row is None:
        return 0
    fresh: dict[str, Any] = {}
    for name in fields:
        before = getattr(row, name)
        after = blanked(before, matcher)
        if after != before:
            limit = getattr(row._meta.get_field(name), "max_length", None)
            fresh[name] = after[:limit] if isinstance(after, str) else after
    if fresh:
        type(row)._base_manager.filter(pk=row.pk).update(**fresh)
    return 1 if fresh else 0
