# ruff: noqa: S608  (the statements are put together from constants of this file; values are parameters)
"""Tasks of a project that somebody looks for in the grid: a page of them, how many there are, and batches for a job.

Items come from the explorer, from the meaning of the version or from the tasks themselves, always in one order; of each
stretch of them one statement keeps the tasks that pass. So a look can stop after a given time and go on from there.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import DomainError
from core.number import whole_number
from curation.services.meaning import shows_pictures
from labeling.engine.grid import SUITED
from labeling.engine.schema import Schema
from labeling.engine.schema_change import values_of
from labeling.models import Project
from labeling.querysets.gold import may_know_gold
from labeling.services.grid_source import END, Source, source_of

# What one page or one count may take, however many tasks there are; then the page offers to look further.
PAGE_SECONDS = 0.2
COUNT_SECONDS = 0.4
COUNTED = 10_000
# Items that one statement looks at: few at first, so that a page that fills at once costs no more than it shows.
STRETCH = 200
LONGEST_STRETCH = 5_000
STATES = ("open", "answered", "todo", "skipped")
LONGEST_TEXT = 200
# Of a list of items: an address of more than about 4,000 characters is refused on its way (gunicorn: 4,094).
LONGEST_ITEMS = 3_000
# The names that an address, a request and a stored selection use.
FIELDS = ("q", "state", "label", "suggested", "least", "column", "value", "like", "cluster", "items")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for; what is empty does not matter.

    Attributes:
        text: Substring of the item's text, compared as the explorer does.
        state: ``open`` nobody answered, ``answered`` somebody did, ``todo`` this person did not and there is a
            place, ``skipped`` somebody skipped it (of people who only label: they did).
        label: Control and value of a label that somebody gave.
        suggested: Control and value of the newest suggestion.
        least: Least confidence of that suggestion, 0 to 1.
        column: A column of the version whose value must be `value`.
        value: What must stand in the column, as it is written.
        like: An item whose nearest items by meaning are looked for, nearest first; 0 for none.
        cluster: A cluster of the version's meaning; -1 for any.
        items: Item numbers and ranges, such as ``1-5,9``.
    """

    text: str = ""
    state: str = ""
    label: Pair | None = None
    suggested: Pair | None = None
    least: float = 0.0
    column: str = ""
    value: str = ""
    like: int = 0
    cluster: int = -1
    items: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether every task is looked for."""
        return self == Wish()

    @property
    def asks_tasks(self) -> bool:
        """Whether something is asked that the tasks, and not the items, must answer."""
        return bool(self.state or self.label or self.suggested)

    def to_json(self) -> dict[str, str]:
        """Return the filter as it stands in an address, without what does not matter."""
        found = {
            "q": self.text,
            "state": self.state,
            "label": "=".join(self.label or ()),
            "suggested": "=".join(self.suggested or ()),
            "least": f"{self.least:g}" if self.suggested and self.least else "",
            "column": self.column,
            "value": self.value if self.column else "",
            "like": str(self.like or ""),
            "cluster": "" if self.cluster < 0 else str(self.cluster),
            "items": self.items,
        }
        return {name: value for name, value in found.items() if value or (name == "value" and self.column)}


@dataclass(frozen=True, slots=True)
class Looker:
    """For whom tasks are looked up.

    Attributes:
        person: Their id.
        sees_all: Whether they see the answers of others and everything in the version.
        knows_gold: Whether they may know which tasks have a known answer.
    """

    person: int
    sees_all: bool
    knows_gold: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """Some tasks that pass.

    Attributes:
        tasks: (task, item), in the order of the source.
        after: Where to go on; `END` when nothing is behind.
        cut_short: Whether the time was up before there were as many as asked.
    """

    tasks: list[tuple[int, int]]
    after: int
    cut_short: bool = False


def looker_of(actor: Actor) -> Looker:
    """Return what this actor may see."""
    return Looker(
        actor.user_id,
        actor.can("data.read") or actor.can("review") or actor.can("project.write"),
        may_know_gold(actor),
    )


def searches_text(project: Project, schema: Schema, looker: Looker) -> bool:
    """Tell whether this person may search: those who only label must not learn of a text that they are not shown."""
    return looker.sees_all or project.version.manifest.get("roles", {}).get("text") in schema.texts


def sees_meaning(project: Project, schema: Schema, looker: Looker) -> bool:
    """Tell whether this person may look for what is alike: those who only label, when they see what was compared."""
    if looker.sees_all or not shows_pictures(project.version):
        return searches_text(project, schema, looker)
    return bool(schema.picture)


def wish_of(values: Mapping[str, Any], *, project: Project, schema: Schema, looker: Looker) -> Wish:
    """Read a filter from plain values, as they stand in an address.

    Raises:
        DomainError: ``filter_invalid``, naming what makes no sense and what would.
    """
    plain = {name: "" if values.get(name) is None else str(values[name]) for name in FIELDS}
    given = {name: value.replace("\0", "").strip() for name, value in plain.items()}
    if len(given["q"]) > LONGEST_TEXT or len(given["value"]) > LONGEST_TEXT:
        raise _invalid(_("Look for at most %(most)s characters.") % {"most": LONGEST_TEXT})
    if len(given["items"]) > LONGEST_ITEMS:
        raise _invalid(_("Name items with at most %(most)s characters, as 1-5,9.") % {"most": f"{LONGEST_ITEMS:,}"})
    if given["state"] and given["state"] not in STATES:
        raise _invalid(_("The state is one of %(states)s.") % {"states": ", ".join(STATES)})
    if given["q"] and not searches_text(project, schema, looker):
        raise _invalid(_("This project shows no text to search in."))
    if (given["cluster"] or given["like"]) and not sees_meaning(project, schema, looker):
        raise _invalid(_("This project does not show what is compared, so nothing that is alike can be looked for."))
    if given["column"] and not (looker.sees_all or given["column"] in schema.fields):
        raise _invalid(_("This project does not show the column %(name)s.") % {"name": given["column"][:80]})
    return Wish(
        text=given["q"],
        state=given["state"],
        label=_label(given["label"], schema),
        suggested=_label(given["suggested"], schema),
        least=_share(given["least"]),
        column=given["column"],
        value=given["value"] if given["column"] else "",
        like=_number(given["like"], 0),
        cluster=_number(given["cluster"], -1),
        items=given["items"],
    )


def _label(text: str, schema: Schema) -> Pair | None:
    if not text:
        return None
    control, _sign, value = text.partition("=")
    asked = schema.by_name.get(control)
    if asked is None or asked.type not in SUITED or value not in values_of(asked):
        detail = _("This project has no label %(label)s. Write control=label, such as label=spam.")
        raise _invalid(detail % {"label": text[:80]})
    return control, value


def _share(text: str) -> float:
    try:
        found = float(text or 0)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise _invalid(_("A confidence lies between 0 and 1."))
    return found


def _number(text: str, nothing: int) -> int:
    if not text:
        return nothing
    found = whole_number(text)
    if found is None:
        raise _invalid(_("%(text)s is not a whole number.") % {"text": text[:40]})
    return found


def _invalid(detail: str) -> DomainError:
    return DomainError("filter_invalid", detail, title=_("This filter does not fit"))


_PASSING = """
SELECT t.id, t.item_id FROM labeling_task t
WHERE t.project_id = %(project)s AND t.item_id = ANY(%(items)s::bigint[])
"""
# Scalar subqueries rather than EXISTS: each is a probe of an index for one of these tasks, and never a join with
# everything that was ever answered.
# Answers of others to a task with a known answer are told to nobody who only labels: they would give it away.
_OF_TASK = """(SELECT true FROM labeling_annotation a WHERE a.task_id = t.id
  AND (NOT t.is_gold OR %(sees_all)s OR a.annotator_id = %(person)s) LIMIT 1)"""
_BY_ME = "(SELECT true FROM labeling_annotation a WHERE a.task_id = t.id AND a.annotator_id = %(person)s)"
# Tasks of the training and the test are nobody's work. To people who only label they look like any that has all its
# answers, so that nothing tells which these are.
IS_LESSON = "(t.is_gold AND (SELECT g.use <> 'hidden' FROM labeling_gold g WHERE g.task_id = t.id))"
_CONDITIONS = {
    "open": f" AND {_OF_TASK} IS NULL AND (%(sees_all)s OR NOT {IS_LESSON})",
    "answered": f" AND ({_OF_TASK} OR NOT %(sees_all)s AND {IS_LESSON})",
    "todo": f""" AND {_BY_ME} IS NULL AND (t.open_slots > 0 OR t.is_gold AND NOT {IS_LESSON} OR (
  SELECT true FROM labeling_lease l WHERE l.task_id = t.id AND l.annotator_id = %(person)s))""",
    "skipped": """ AND (SELECT true FROM labeling_annotation a WHERE a.task_id = t.id AND a.skipped
  AND (%(sees_all)s OR a.annotator_id = %(person)s) LIMIT 1)""",
    "label": """ AND (SELECT true FROM labeling_annotation a WHERE a.task_id = t.id AND a.answer @> %(label)s::jsonb
  AND (%(sees_all)s OR a.annotator_id = %(person)s) LIMIT 1)""",
    "suggested": """ AND (SELECT s.answer @> %(suggested)s::jsonb AND coalesce(s.confidence, 0) >= %(least)s
  FROM labeling_suggestion s WHERE s.task_id = t.id ORDER BY s.id DESC LIMIT 1)""",
}


def _passing(project: Project, wish: Wish, looker: Looker, items: list[int]) -> dict[int, int]:
    """Return the tasks of these items that pass, by item."""
    asked = [wish.state, "label" if wish.label else "", "suggested" if wish.suggested else ""]
    sql = _PASSING + "".join(_CONDITIONS[name] for name in asked if name)
    values: dict[str, Any] = {
        "project": project.pk,
        "items": items,
        "person": looker.person,
        "sees_all": looker.sees_all,
        "label": _holding(wish.label),
        "suggested": _holding(wish.suggested),
        "least": wish.least,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {item: task for task, item in cursor.fetchall()}


def _holding(label: Pair | None) -> str:
    return orjson.dumps({label[0]: [label[1]]} if label else {}).decode()


def look(
    *, project: Project, wish: Wish, looker: Looker, after: int = 0, limit: int, seconds: float | None = PAGE_SECONDS
) -> Look:
    """Return the next tasks that pass.

    Args:
        project: The project, with its version.
        wish: What is looked for.
        looker: For whom.
        after: Where the look before this one ended; 0 at the beginning.
        limit: Tasks at most.
        seconds: When to stop looking; None for never.

    Raises:
        DomainError: ``filter_invalid``, ``meaning_missing``.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    source = source_of(project, wish)
    found: list[tuple[int, int]] = []
    stretch = limit if not wish.asks_tasks else max(limit, STRETCH)
    while after != END and len(found) < limit:
        if deadline is not None and time.monotonic() > deadline:
            return Look(found, after, cut_short=True)
        after = _take(source, project, wish, looker, after, min(stretch, LONGEST_STRETCH), limit, found)
        stretch *= 4
    return Look(found, after)


def _take(
    source: Source, project: Project, wish: Wish, looker: Looker, after: int, stretch: int, limit: int,
    found: list[tuple[int, int]],
) -> int:  # fmt: skip
    """Add what passes of one stretch of items, and return where to go on."""
    items, places, end = source.take(after, stretch)
    tasks = _passing(project, wish, looker, items) if items else {}
    for item, place in zip(items, places, strict=True):
        if item in tasks:
            found.append((tasks[item], item))
            if len(found) == limit:
                # The last of a stretch knows whether anything is behind it.
                return end if item == items[-1] else place
    return end


def count_matching(*, project: Project, wish: Wish, looker: Looker) -> tuple[int, bool]:
    """Return how many tasks pass, 10,000 at most, and whether these are all.

    Raises:
        DomainError: ``filter_invalid``, ``meaning_missing``.
    """
    if wish.is_empty:
        return min(project.task_count, COUNTED), project.task_count <= COUNTED
    seen = look(project=project, wish=wish, looker=looker, limit=COUNTED + 1, seconds=COUNT_SECONDS)
    return min(len(seen.tasks), COUNTED), not seen.cut_short and len(seen.tasks) <= COUNTED


def chosen(items: str) -> Wish:
    """Return the wish for items that somebody named."""
    return replace(Wish(), items=items)
