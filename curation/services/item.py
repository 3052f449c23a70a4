"""Items read out of versions: a page, one item, what a run dropped."""

from typing import Any

import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import objects
from core.errors import DomainError, NotFound
from curation.models import Run, Version
from curation.services.version import open_version

PAGE_LIMIT = 200


def page_of_items(
    *, actor: Actor, version_id: int, offset: int = 0, limit: int = 50, label: str | None = None
) -> dict[str, Any]:
    """Return rows `offset` to `offset + limit` of a version, in its order.

    Only the row groups that hold the page are read, so the cost does not depend on the size of the version.

    Args:
        actor: Who looks.
        version_id: The version.
        offset: First row, from 0.
        limit: Rows, 1 to 200.
        label: Keep only rows with exactly this label; needs a label column.
    """
    version = Version.objects.visible_to(actor).filter(pk=version_id).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    limit = max(1, min(limit, PAGE_LIMIT))
    with open_version(version) as reader:
        table, total = reader.page(max(0, offset), limit, label=label)
    return {"results": table.to_pylist(), "offset": offset, "limit": limit, "total": total, "label": label}


def find_item(*, actor: Actor, version_id: int, item_id: int) -> dict[str, Any]:
    """Return one item of a version with all its columns."""
    version = Version.objects.visible_to(actor).filter(pk=version_id).first()
    if version is not None:
        with open_version(version) as reader:
            item = reader.item(item_id)
        if item is not None:
            return item
    raise NotFound(_("There is no such item in this version."))


def page_of_drops(
    *, actor: Actor, run_id: int, step: str | None = None, reason: str | None = None, offset: int = 0, limit: int = 50
) -> dict[str, Any]:
    """Return dropped items of a run with step, reason and detail, filtered by step and reason."""
    run = Run.objects.visible_to(actor).filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("There is no such run."))
    if not run.drops_key:
        return {"results": [], "offset": offset, "limit": limit, "total": 0}
    if offset < 0:
        raise DomainError("offset_negative", _("The offset counts from 0."))
    filters = [("step", "=", step)] if step else []
    filters += [("reason", "=", reason)] if reason else []
    with objects.local_path(run.drops_key) as path:
        table = pq.read_table(path, filters=filters or None)
    limit = max(1, min(limit, PAGE_LIMIT))
    rows = table.slice(offset, limit).to_pylist()
    return {"results": rows, "offset": offset, "limit": limit, "total": table.num_rows}
