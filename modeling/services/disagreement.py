"""Copies of items on which a model changed its mind, beside the items as the version has them now."""

from typing import Any

from django.utils.translation import gettext as _

from core.errors import NotFound
from curation.engine.item_lookup import items_by_id
from curation.services.version import open_version
from modeling.models import Check


def disagreements_of(*, check: Check, step: int) -> list[dict[str, Any]]:
    """Return what is kept of a step of a check of label safety: at most 50 items, in the order of the version.

    Args:
        check: With its version.
        step: Number of the step, from 1.

    Returns:
        For each ``item_id``, ``expected`` (what the model says of the item), ``found`` (what it says of the copy),
        ``before`` (the text, or the picture's SHA-256; None where the version has the item no longer) and ``after``
        (the copy's text, or a small picture as a data address).

    Raises:
        NotFound: The check has no such step, or is none of label safety.
    """
    return all_disagreements(check=check, steps=[step])[step]


def all_disagreements(*, check: Check, steps: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the same of several steps, by number; the version is read once.

    Raises:
        NotFound: As `disagreements_of`.
    """
    found = (check.report or {}).get("steps", []) if check.kind == "safety" else []
    if not all(1 <= step <= len(found) for step in steps):
        raise NotFound(_("This check has no such step with answers that were not kept."))
    rows = {step: found[step - 1]["disagreements"] for step in steps}
    roles = check.version.manifest["roles"]
    column = roles.get("image" if check.task.startswith("image-") else "text", "")
    with open_version(check.version) as reader:
        items = items_by_id(reader, [row["item_id"] for kept in rows.values() for row in kept])
    return {
        step: [{**row, "before": items.get(row["item_id"], {}).get(column)} for row in kept]
        for step, kept in rows.items()
    }
