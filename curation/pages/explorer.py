"""What the explorer shows of a version: a page of items, found by search and filters, and figures of its columns."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError, NotFound
from curation.models import Version
from curation.services.explorer import INDEX_FROM, column_figures, find_items, has_index, question_of, request_index
from curation.services.item import page_of_items
from curation.services.selection import find_selection, items_of_selection

PAGE_ROWS = 50
# The names that an address may carry; whatever else it says is ignored.
FIELDS = ("q", "label", "split", "longer", "shorter", "column", "op", "value")
OPERATORS = [
    ("equals", _("is")),
    ("missing", _("is missing")),
    ("present", _("is there")),
    ("at_least", _("is at least")),
    ("at_most", _("is at most")),
]
SPLITS = ("train", "validation", "test")
# Values of a column that its card lists; the others are counted.
VALUES = 12


def whole_number(text: str | None) -> int:
    """Read a number of the address, 0 when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 13 else 0


def explored(request: PageRequest, version: Version) -> dict[str, Any]:
    """Return the items that the address asks for, with what the page needs to show the question again."""
    values = {name: request.GET.get(name, "")[:500] for name in FIELDS}
    names = [name for name, _kind in version.manifest.get("columns", []) if name != "item_id"]
    context: dict[str, Any] = {
        "asked": values,
        "columns": names,
        "operators": OPERATORS,
        "splits": SPLITS if "split" in names else (),
        "has_label": bool(version.manifest.get("roles", {}).get("label")),
        "more": bool(values["column"] or values["longer"] or values["shorter"]),
    }
    if whole_number(request.GET.get("selection")):
        return context | selected(request, version)
    try:
        question = question_of(values, label=version.manifest.get("roles", {}).get("label"))
        if question.empty:
            return context | everything(request, version)
        return context | answers(request, version, question)
    except DomainError as error:
        if error.code != "filter_invalid":
            raise
        return context | {"refused": error, "found": [], "filtered": True, "status": error.status}


def selected(request: PageRequest, version: Version) -> dict[str, Any]:
    """Return a page of the items that somebody chose on the map, and what may be done with all of them."""
    number = whole_number(request.GET.get("selection"))
    selection = find_selection(actor=request.actor, selection_id=number)
    if selection.version_id != version.pk:
        raise NotFound(str(_("There is no such selection.")))
    offset = whole_number(request.GET.get("offset"))
    rows = items_of_selection(selection, offset=offset, limit=PAGE_ROWS)
    return {
        "found": rows,
        "selection": selection,
        "paging": paging(offset, PAGE_ROWS, selection.count, len(rows)),
        "sample_rows": min(100, selection.count),
    }


def everything(request: PageRequest, version: Version) -> dict[str, Any]:
    """Return a page of all items, by row number."""
    offset = whole_number(request.GET.get("offset"))
    page = page_of_items(actor=request.actor, version_id=version.pk, offset=offset, limit=PAGE_ROWS)
    return {"found": page["results"], "paging": paging(offset, PAGE_ROWS, page["total"], len(page["results"]))}


def answers(request: PageRequest, version: Version, question: Any) -> dict[str, Any]:
    """Return a page of the items that answer, and the job that builds the index when there is none yet."""
    backward = "before" in request.GET
    start = whole_number(request.GET.get("before" if backward else "after"))
    answer = find_items(
        actor=request.actor, version_id=version.pk, question=question, start=start, backward=backward, limit=PAGE_ROWS
    )
    wanting = version.row_count > INDEX_FROM and not has_index(version)
    job = request_index(actor=request.actor, version_id=version.pk) if wanting else None
    return {"found": answer.rows, "answer": answer, "filtered": True, "index_job": job, "start": start}


def paging(offset: int, limit: int, total: int | None, shown: int) -> dict[str, Any]:
    """Say which rows are shown and where the neighbouring pages begin."""
    more = offset + shown < total if total is not None else shown == limit
    return {
        "first": offset + 1 if shown else 0,
        "last": offset + shown,
        "total": total,
        "previous": max(0, offset - limit) if offset else None,
        "next": offset + limit if more and shown else None,
    }


def trimmed(histogram: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave out the empty buckets behind the last full one."""
    if not histogram or not any(histogram["counts"]):
        return None
    counts = list(histogram["counts"])
    while counts and counts[-1] == 0:
        counts.pop()
    edges = list(histogram["edges"])
    end = edges[len(counts)] if len(counts) < len(edges) else edges[-1] * 10
    return {"edges": [*edges[: len(counts)], end], "counts": counts}


class ColumnsPage(ScopedPage):
    """The figures of each column, counted once by the job that builds the index."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = Version.objects.visible_to(request.actor).filter(dataset__deleted_at=None).select_related("dataset")
        version = get_object_or_404(rows, pk=pk)
        figures = column_figures(version)
        job = None
        if figures is None and version.purged_at is None:
            job = request_index(actor=request.actor, version_id=pk)
        context = {
            "version": version,
            "dataset": version.dataset,
            "cards": [card(number, entry, version.row_count) for number, entry in enumerate(figures or [])],
            "job": job,
        }
        return render(request, "curation/columns.html", context)


def card(number: int, entry: dict[str, Any], total: int) -> dict[str, Any]:
    """Return what the card of one column shows."""
    shown: dict[str, Any] = {**entry, "id": f"column-{number}", "filled": total - entry["missing"], "share": 0}
    if total:
        shown["share"] = round(100 * entry["missing"] / total, 1)
    if entry["kind"] == "values":
        values = sorted(entry["values"], key=lambda pair: (-pair[1], pair[0]))
        shown["bars"] = [{"label": name or "∅", "value": rows} for name, rows in values[:VALUES]]
        shown["links"] = values[:VALUES]
        shown["others"] = max(0, len(values) - VALUES)
    shown["histogram"] = entry.get("histogram") or trimmed(entry.get("lengths"))
    return shown
