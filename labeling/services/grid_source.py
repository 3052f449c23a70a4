"""Where the items of a grid come from, each source in one order that never changes, so that a place in it stays one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.errors import DomainError
from curation.engine.steps.select_items import parse_ranges
from curation.models import Version
from curation.services.explorer import question_of, search
from curation.services.meaning import open_meaning
from labeling.models import Project, Task

if TYPE_CHECKING:
    from labeling.services.grid import Wish

# There is nothing behind.
END = -1
# How many of the items nearest to one are shown: further ones are hardly like it (docs/explanation/meaning.md).
NEAREST = 200
# One search stops after this, as the explorer's own do; whoever needs more takes again.
SEARCH_SECONDS = 0.1
MOST_ITEMS = 1_000_000


class Source(Protocol):
    """Items in an order."""

    def take(self, after: int, count: int) -> tuple[list[int], list[int], int]:
        """Return up to `count` items from a place on, the place behind each, and where to go on, `END` at the end."""


class Tasks:
    """The items of all tasks, by number; a place is the number of the item before."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def take(self, after: int, count: int) -> tuple[list[int], list[int], int]:
        """As `Source.take`."""
        rows = Task.objects.filter(project=self._project, item_id__gt=after).order_by("item_id")
        items = list(rows.values_list("item_id", flat=True)[: count + 1])
        more = len(items) > count
        items = items[:count]
        return items, items, items[-1] if more else END


class Listed:
    """Items that are known at once; a place is how many lie before."""

    def __init__(self, items: NDArray[np.int64]) -> None:
        self._items = items

    def take(self, after: int, count: int) -> tuple[list[int], list[int], int]:
        """As `Source.take`."""
        items = self._items[after : after + count].tolist()
        end = after + len(items)
        return items, list(range(after + 1, end + 1)), end if end < len(self._items) else END


class Searched:
    """What the explorer finds, of `among` where given; a place is the number of the row that comes next."""

    def __init__(self, version: Version, asked: Mapping[str, str], among: NDArray[np.int64] | None) -> None:
        label = version.manifest.get("roles", {}).get("label")
        self._version = version
        self._question = question_of(dict(asked), label=label)
        self._among = among

    def take(self, after: int, count: int) -> tuple[list[int], list[int], int]:
        """As `Source.take`."""
        answer = search(self._version, self._question, start=after, limit=count, budget=SEARCH_SECONDS)
        items = [int(row["item_id"]) for row in answer.rows]
        places = [number + 1 for number in answer.numbers]
        if self._among is not None and items:
            kept = np.isin(items, self._among).tolist()
            items = [item for item, keep in zip(items, kept, strict=True) if keep]
            places = [place for place, keep in zip(places, kept, strict=True) if keep]
        return items, places, END if answer.after is None else answer.after


def source_of(project: Project, wish: "Wish") -> Source:
    """Return where the items for a wish come from.

    Raises:
        DomainError: ``filter_invalid``; ``meaning_missing`` when likeness or a cluster is asked before it is known.
    """
    among = _among(project.version, wish)
    if wish.text or wish.column:
        asked: dict[str, Any] = {"q": wish.text, "column": wish.column, "value": wish.value}
        if wish.column and not wish.value:
            asked["op"] = "missing"
        return Searched(project.version, asked, among)
    return Tasks(project) if among is None else Listed(among)


def _among(version: Version, wish: "Wish") -> NDArray[np.int64] | None:
    """Return the items that are named, alike or of one cluster, in the order in which they are shown; None for all."""
    lists = []
    if wish.items:
        lists.append(named_items(wish.items))
    if wish.like:
        with open_meaning(version) as meaning:
            near = [item for item, _cosine in meaning.similar(wish.like, NEAREST)]
        lists.append(np.array([wish.like, *near], np.int64))
    if wish.cluster >= 0:
        with open_meaning(version) as meaning:
            lists.append(np.sort(meaning.items[meaning.cluster == wish.cluster]))
    if not lists:
        return None
    first, *others = lists
    for other in others:
        first = first[np.isin(first, other)]
    return first


def named_items(text: str) -> NDArray[np.int64]:
    """Return the items of ``1-5,9``, rising.

    Raises:
        DomainError: ``filter_invalid``.
    """
    try:
        firsts, lasts = parse_ranges(text)
    except ValueError as error:
        raise DomainError("filter_invalid", str(error), title=_("This filter does not fit")) from None
    if int((lasts - firsts + 1).sum()) > MOST_ITEMS:
        detail = _("Name at most %(most)s items.") % {"most": f"{MOST_ITEMS:,}"}
        raise DomainError("filter_invalid", detail, title=_("This filter does not fit"))
    ranges = [np.arange(a, b + 1) for a, b in zip(firsts, lasts, strict=True)]
    return np.concatenate(ranges) if ranges else np.empty(0, np.int64)
