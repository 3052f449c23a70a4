from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from curation.engine.text_diff import diff_texts
from curation.models import Diff, Version
from curation.pages.explorer import paging, whole_number
from curation.pages.picture import thumb
from curation.pages.version import version_of
from curation.sentences import in_words
from curation.services.diff import find_diff, page_of_diff, request_diff, request_diff_download
from curation.services.download import FORMATS
from curation.wording import REASONS, STEP_TEXTS

PAGE_ROWS = 50
# Longer values are compared and shown up to here; the file of the diff and the item's page have the whole.
VALUE = 2_000
VERSION_ROWS = 100
# Labels beyond these are left to the list under the matrix.
MATRIX = 12


class ComparePage(ScopedPage):
    """Chooses what to compare a version with, and starts the comparison."""

    scopes = {"GET": "data.read", "POST": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        others = Version.objects.filter(dataset=version.dataset, purged_at=None).exclude(pk=pk).defer("manifest")
        others = others.prefetch_related("tags").order_by("-number")[:VERSION_ROWS]
        context = {"version": version, "dataset": version.dataset, "others": list(others)}
        return render(request, "curation/compare.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        other = version_of(request, whole_number(request.POST.get("with")))
        older, newer = sorted((version, other), key=lambda one: one.number)
        try:
            diff, _job = request_diff(actor=request.actor, older_id=older.pk, newer_id=newer.pk)
        except DomainError as error:
            messages.error(request, str(error.detail))
            return redirect("curation:compare", pk)
        return redirect("curation:diff", diff.pk)


class DiffPage(ScopedPage):
    """What differs between two versions, row by row, with filters."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        diff = find_diff(actor=request.actor, diff_id=pk)
        context: dict[str, Any] = {"diff": diff, "dataset": diff.older.dataset, "job": diff.job}
        if diff.summary is None:
            return render(request, "curation/diff.html", context)
        kind, facet = request.GET.get("kind", ""), request.GET.get("facet", "")
        facet_number = whole_number(facet) if facet else None
        offset = whole_number(request.GET.get("offset"))
        page = page_of_diff(
            actor=request.actor, diff_id=pk, kind=kind, facet=facet_number, offset=offset, limit=PAGE_ROWS
        )
        rows, names = page["results"], people(request, page["results"])
        pictures = has_pictures(diff)
        context |= {
            "summary": diff.summary,
            "tabs": tabs(diff, kind),
            "kind": kind,
            "facet": facet_number,
            "chips": chips(diff, kind) if kind in ("dropped", "changed") else [],
            "matrix": matrix(diff.summary["facets"]) if kind == "label" else None,
            "rows": [shown(row, names, pictures=pictures) for row in rows],
            "paging": paging(offset, PAGE_ROWS, page["total"], len(rows)),
            "formats": sorted(FORMATS),
            "retyped": diff.summary["columns_retyped"],
        }
        return render(request, "curation/diff.html", context)


def facets_of(diff: Diff) -> list[dict[str, Any]]:
    return list((diff.summary or {}).get("facets", []))


def tabs(diff: Diff, kind: str) -> list[dict[str, Any]]:
    facets = facets_of(diff)
    titles = [
        ("", _("All")),
        ("added", _("Added")),
        ("dropped", _("Dropped")),
        ("changed", _("Fields")),
        ("label", _("Labels")),
    ]
    return [
        {
            "name": name,
            "title": title,
            "count": sum(facet["rows"] for facet in facets if name in ("", facet["kind"])),
            "active": name == kind,
        }
        for name, title in titles
    ]


def chips(diff: Diff, kind: str) -> list[dict[str, Any]]:
    """Return the reasons of drops, or the columns of changes, most frequent first."""
    found = [{"number": number, **facet} for number, facet in enumerate(facets_of(diff)) if facet["kind"] == kind]
    for facet in found:
        facet["title"] = facet["column"] if kind == "changed" else reason_title(facet)
    return sorted(found, key=lambda facet: (-facet["rows"], facet["number"]))


def reason_title(row: dict[str, Any]) -> str:
    if not row["reason"]:
        return _("No run says why")
    step = STEP_TEXTS.get(row["step"], (row["step"],))[0]
    return f"{step}: {REASONS.get(row['reason'], row['reason'])}"


def matrix(facets: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return label changes as a small table, from in rows and to in columns, the most frequent labels first."""
    pairs = [(number, facet) for number, facet in enumerate(facets) if facet["kind"] == "label" and not facet["other"]]
    if not pairs:
        return None
    heads = [frequent(pairs, side) for side in ("before", "after")]
    cells = {(facet["before"], facet["after"]): {"number": number, "rows": facet["rows"]} for number, facet in pairs}
    most = max(facet["rows"] for _number, facet in pairs)
    for cell in cells.values():
        cell["strength"] = 1 + 3 * cell["rows"] // most
    rows = [{"label": one, "cells": [(other, cells.get((one, other))) for other in heads[1]]} for one in heads[0]]
    drawn = [pair for pair in cells if pair[0] in heads[0] and pair[1] in heads[1]]
    left_out = len(pairs) - len(drawn)
    return {"columns": heads[1], "rows": rows, "left_out": left_out}


def frequent(pairs: list[tuple[int, dict[str, Any]]], side: str) -> list[str | None]:
    """Return the labels of one side that most rows have, at most twelve."""
    weights: dict[str | None, int] = {}
    for _number, facet in pairs:
        weights[facet[side]] = weights.get(facet[side], 0) + facet["rows"]
    return sorted(weights, key=lambda label: (-weights[label], label or ""))[:MATRIX]


def people(request: PageRequest, rows: list[dict[str, Any]]) -> dict[int, str]:
    """Return the names of those who decided labels, in one query; numbers for those who may not see members."""
    ids = {person for row in rows for person in row["by"] or []}
    names = {person: _("person %(number)s") % {"number": person} for person in ids}
    if ids and (request.actor.can("member.read") or request.actor.can("review")):
        known = User.objects.filter(pk__in=ids, memberships__organization_id=request.actor.organization_id)
        names |= {user.pk: user.name or user.email for user in known}
    return names


def has_pictures(diff: Diff) -> bool:
    return Version.objects.filter(pk=diff.newer_id, manifest__roles__image__isnull=False).exists()


def shown(row: dict[str, Any], names: dict[int, str], *, pictures: bool = False) -> dict[str, Any]:
    """Return a row as the page shows it; in place of a text there may be the hash of a picture."""
    entry = {**row, "people": [names[person] for person in row["by"] or []]}
    entry["thumb"] = thumb(row["text"] or "") if pictures else ""
    if row["kind"] == "dropped":
        entry["why"] = reason_title({name: row[name] or "" for name in ("step", "reason")})
        entry["detail"] = in_words(row["detail"] or "")
    if row["kind"] == "changed":
        before, after = row["before"] or "", row["after"] or ""
        entry["pieces"] = diff_texts(before[:VALUE], after[:VALUE])
        entry["cut"] = max(len(before), len(after)) > VALUE
    return entry


class DiffDownloadPage(ScopedPage):
    """Downloads a diff as one file, or shows the job that writes it first."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        diff = find_diff(actor=request.actor, diff_id=pk)
        file_format = request.GET.get("format", "parquet")
        url, job = request_diff_download(actor=request.actor, diff_id=pk, file_format=file_format)
        if url:
            return redirect(url)
        context = {"diff": diff, "dataset": diff.older.dataset, "job": job, "format": file_format}
        return render(request, "curation/diff_download.html", context)
