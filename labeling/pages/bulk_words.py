"""What became of bulk answers, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labeling.models import Bulk
from labeling.services.bulk_store import OUTCOMES
from labeling.services.bulk_undo import ENDINGS
from labeling.services.grid_source import named_items

# Characters of a list of items.
LONGEST = 40

STATES = (
    ("", gettext_lazy("all")),
    ("todo", gettext_lazy("open for you")),
    ("open", gettext_lazy("nobody has answered")),
    ("answered", gettext_lazy("answered")),
    ("skipped", gettext_lazy("skipped by somebody")),
)


def sentences(bulk: Bulk) -> list[str]:
    """Return one short sentence for each thing that became of items, those that were answered first."""
    return _said(bulk.counts, OUTCOMES)


def endings(bulk: Bulk) -> list[str]:
    """Return one short sentence for each thing that became of answers that were undone."""
    return _said(bulk.undone, ENDINGS)


def _said(counts: Mapping[str, int], names: tuple[str, ...]) -> list[str]:
    return [said(name, counts[name]) for name in names if counts.get(name)]


def said(name: str, count: int) -> str:
    """Return what became of so many items."""
    words = {
        "stored": ngettext("{count} item answered", "{count} items answered", count),
        "changed": ngettext("{count} earlier answer changed", "{count} earlier answers changed", count),
        "same": ngettext("{count} had this answer already", "{count} had this answer already", count),
        "answered": ngettext("{count} answered by you before", "{count} answered by you before", count),
        "earlier": ngettext("{count} still answers earlier questions", "{count} still answer earlier questions", count),
        "full": ngettext("{count} has all its answers", "{count} have all their answers", count),
        "leased": ngettext("{count} is with somebody else now", "{count} are with somebody else now", count),
        "unknown": ngettext("{count} is not in this project", "{count} are not in this project", count),
        "taken_back": ngettext("{count} answer taken back", "{count} answers taken back", count),
        "restored": ngettext("{count} earlier answer brought back", "{count} earlier answers brought back", count),
        "kept": ngettext("{count} stays, changed since", "{count} stay, changed since", count),
    }
    return words[name].format(count=f"{count:,}")


def chosen_by(bulk: Bulk) -> list[str]:
    """Return what was chosen, one word or two for each condition."""
    kept: dict[str, Any] = bulk.selection
    words = [_named(kept["items"])] if kept.get("items") else []
    titles = dict(STATES)
    found = {
        "q": "“{}”",
        "label": _("label {}"),
        "suggested": _("suggested {}"),
        "least": _("confidence from {}"),
        "column": _("column {}"),
        "value": "= {}",
        "like": _("like item {}"),
        "cluster": _("cluster {}"),
    }
    words += [shape.format(str(kept[name]).split("=", 1)[-1]) for name, shape in found.items() if kept.get(name)]
    if kept.get("state"):
        words.append(str(titles[kept["state"]]))
    return words or [_("all items")]


def _named(items: str) -> str:
    named = items[:LONGEST].replace(",", ", ") + ("…" if len(items) > LONGEST else "")
    count = len(named_items(items))
    return ngettext("{count} item: {items}", "{count} items: {items}", count).format(count=count, items=named)
