"""Selections: items chosen together, looked at in the explorer and made into versions by runs."""

from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.engine.item_lookup import items_by_id
from curation.engine.steps.select_items import parse_ranges, write_ranges
from curation.models import Run, Selection
from curation.services.plan import visible_version
from curation.services.run import start_run
from curation.services.version import open_version
from workers.models import Job

LARGEST = 5_000_000
KEPT = 50


@transaction.atomic
def create_selection(*, actor: Actor, version_id: int, items: str) -> Selection:
    """Keep chosen items; of a person's selections of a version the newest fifty stay.

    Args:
        actor: Who chose.
        version_id: The version.
        items: Item numbers and ranges, such as ``1-5,9``.

    Raises:
        DomainError: ``selection_invalid``.
    """
    version = visible_version(actor, version_id)
    try:
        firsts, lasts = parse_ranges(items)
    except ValueError as error:
        raise DomainError("selection_invalid", str(error)) from None
    count = int((lasts - firsts + 1).sum())
    if not 0 < count <= LARGEST:
        detail = _("Choose from 1 to %(most)s items.")
        raise DomainError("selection_invalid", detail % {"most": f"{LARGEST:,}"})
    written = write_ranges(np.concatenate([np.arange(a, b + 1) for a, b in zip(firsts, lasts, strict=True)]))
    selection = Selection.objects.create(
        organization_id=actor.organization_id,
        version=version,
        created_by_id=actor.user_id or None,
        items=written,
        count=count,
    )
    mine = Selection.objects.filter(version=version, created_by_id=actor.user_id or None)
    mine.filter(pk__in=list(mine.order_by("-pk").values_list("pk", flat=True)[KEPT:])).delete()
    return selection  # type: ignore[no-any-return]


def find_selection(*, actor: Actor, selection_id: int) -> Selection:
    """Return a selection whose dataset is not in the trash.

    Raises:
        NotFound: There is none, or it made room for newer ones.
    """
    rows = Selection.objects.visible_to(actor).filter(version__dataset__deleted_at=None)
    selection = rows.select_related("version").filter(pk=selection_id).first()
    if selection is None:
        raise NotFound(_("There is no such selection."))
    return selection  # type: ignore[no-any-return]


def items_of_selection(selection: Selection, *, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return a page of the chosen items, in the order of their numbers."""
    firsts, lasts = parse_ranges(selection.items)
    sizes = lasts - firsts + 1
    ends = np.cumsum(sizes)
    places = np.arange(offset, min(offset + limit, int(ends[-1])))
    piece = np.searchsorted(ends, places, side="right")
    wanted = (firsts[piece] + places - (ends[piece] - sizes[piece])).tolist()
    with open_version(selection.version) as reader:
        found = items_by_id(reader, wanted)
    return [found[item] for item in wanted if item in found]


def use_selection(*, actor: Actor, selection_id: int, action: str, word: str = "", rows: int = 0) -> tuple[Run, Job]:
    """Send the run that makes a version of a selection.

    Args:
        actor: Who runs it.
        selection_id: The chosen items.
        action: ``keep`` (only these), ``drop`` (all but these), ``mark`` (write `word` beside them in the column
            ``tag``) or ``sample`` (`rows` of these that cover them).
        word: What is written.
        rows: Size of the sample.

    Raises:
        DomainError: ``selection_action_invalid``, or what `start_run` raises.
    """
    selection = find_selection(actor=actor, selection_id=selection_id)
    chosen: dict[str, Any] = {"items": selection.items, "action": "keep" if action == "sample" else action}
    if action == "mark":
        chosen |= {"column": "tag", "word": word.strip()[:200]}
        if not word.strip():
            raise DomainError("selection_action_invalid", _("Write the word that is to stand beside these items."))
    elif action not in ("keep", "drop", "sample"):
        raise DomainError("selection_action_invalid", _("There is no such action."))
    steps: list[dict[str, Any]] = [{"name": "select_items", "params": chosen}]
    if action == "sample":
        if not 0 < rows <= selection.count:
            detail = _("A sample of these has from 1 to %(most)s items.")
            raise DomainError("selection_action_invalid", detail % {"most": selection.count})
        steps.append({"name": "sample", "params": {"rows": rows, "strategy": "diverse"}})
    return start_run(actor=actor, version_id=selection.version_id, steps={"steps": steps})
