from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import NotFound
from curation.models import Version
from curation.services.download import FORMATS, request_download
from curation.services.item import find_item, page_of_items
from curation.services.provenance import provenance_of_item

PAGE_ROWS = 50
BARS = 40
# Cells of the explorer are cut here; the item page shows the whole.
CELL = 280


def version_of(request: PageRequest, pk: int) -> Version:
    rows = Version.objects.visible_to(request.actor).filter(dataset__deleted_at=None)
    rows = rows.select_related("dataset", "parent", "created_by", "made_by")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


def whole_number(text: str | None) -> int:
    """Read a number of the address, 0 when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 13 else 0


class VersionPage(ScopedPage):
    """The explorer: items page by page, filtered by label, with the figures of the version beside them."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        label = request.GET.get("label") or None
        offset = whole_number(request.GET.get("offset"))
        page = page_of_items(actor=request.actor, version_id=pk, offset=offset, limit=PAGE_ROWS, label=label)
        stats = version.manifest.get("stats", {})
        labels = stats.get("labels", [])
        context = {
            "version": version,
            "dataset": version.dataset,
            "roles": version.manifest.get("roles", {}),
            "labels": labels,
            "label": label,
            "bars": [{"label": name, "value": rows} for name, rows in labels[:BARS]],
            "lengths": trimmed(stats.get("text_length")),
            "nulls": {name: rows for name, rows in stats.get("nulls", {}).items() if rows},
            "table": as_table(page["results"]),
            "paging": paging(offset, PAGE_ROWS, page["total"], len(page["results"])),
            "formats": sorted(FORMATS),
            "may_write": request.actor.can("data.write"),
            "next_steps": next_steps(request, version),
        }
        return render(request, "curation/version.html", context)


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


def as_table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return column names and rows of short cells, in the same order."""
    columns = [name for name in (rows[0] if rows else {}) if name != "item_id"]
    cells = [{"item_id": row["item_id"], "cells": [(name, short(row[name])) for name in columns]} for row in rows]
    return {"columns": columns, "rows": cells}


def short(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text if len(text) <= CELL else text[:CELL] + "…"


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


def next_steps(request: PageRequest, version: Version) -> list[dict[str, str]]:
    """Offer what can be done with a version by apps above this one, as far as their pages are there."""
    split = any(name == "split" for name, _kind in version.manifest.get("columns", []))
    offers = [("labeling:project-new", "project.write", "label"), ("modeling:training-new", "model.write", "train")]
    found = []
    for name, scope, kind in offers:
        if not request.actor.can(scope) or (kind == "train" and not split):
            continue
        try:
            found.append({"kind": kind, "url": f"{reverse(name)}?version={version.pk}"})
        except NoReverseMatch:
            continue
    return found


class ItemPage(ScopedPage):
    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int, item_id: int) -> HttpResponse:
        version = version_of(request, pk)
        item = find_item(actor=request.actor, version_id=pk, item_id=item_id)
        try:
            provenance = provenance_of_item(actor=request.actor, dataset_id=version.dataset_id, item_id=item_id)
        except NotFound:
            provenance = None
        try:
            lineage = reverse("modeling:item-lineage", args=[version.dataset_id, item_id])
        except NoReverseMatch:
            lineage = ""
        context = {
            "version": version,
            "dataset": version.dataset,
            "item_id": item_id,
            "roles": version.manifest.get("roles", {}),
            "text": item.get(version.manifest.get("roles", {}).get("text", ""), ""),
            "fields": [(name, value) for name, value in item.items() if name != "item_id"],
            "lineage": lineage,
            "provenance": provenance,
        }
        return render(request, "curation/item.html", context)


class DownloadPage(ScopedPage):
    """Downloads a version as one file, or shows the job that writes it first."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        file_format = request.GET.get("format", "parquet")
        url, job = request_download(actor=request.actor, version_id=pk, file_format=file_format)
        if url:
            return redirect(url)
        context = {"version": version, "dataset": version.dataset, "job": job, "format": file_format}
        return render(request, "curation/download.html", context)
