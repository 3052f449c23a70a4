from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, refused
from core.errors import DomainError, NotFound
from curation.models import Version
from curation.pages.explorer import explored, trimmed
from curation.pages.picture import (
    FILE,
    as_grid,
    facts_of,
    filters_of,
    hash_in,
    histograms_of,
    notes_of,
    shown_size,
    thumb,
    view,
    without_facts,
)
from curation.services.download import formats_of, request_download
from curation.services.item import find_item
from curation.services.meaning import has_meaning, similar_items
from curation.services.picture_export import ARCHIVES
from curation.services.provenance import provenance_in_version
from curation.services.version import annotate_version, restore_version, trash_version

BARS = 40
# Cells of the explorer are cut here; the item page shows the whole.
CELL = 280
SIMILAR = 8


def version_of(request: PageRequest, pk: int) -> Version:
    rows = Version.objects.visible_to(request.actor).filter(dataset__deleted_at=None)
    rows = rows.select_related("dataset", "parent", "created_by", "made_by")
    return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]


class VersionPage(ScopedPage):
    """The explorer: items page by page, filtered and searched, with the figures of the version beside them."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        stats = version.manifest.get("stats", {})
        labels = stats.get("labels", [])
        may_write, figures = request.actor.can("data.write"), histograms_of(version)
        context = {
            "version": version,
            "dataset": version.dataset,
            "tags": list(version.tags.order_by("name")),
            "roles": version.manifest.get("roles", {}),
            "labels": labels,
            "bars": [{"label": name, "value": rows} for name, rows in labels[:BARS]],
            "lengths": trimmed(stats.get("text_length")),
            "histograms": figures,
            "first_histogram": next((one for one in figures if one["id"] == "picture-image_sharpness"), None),
            "nulls": {name: rows for name, rows in stats.get("nulls", {}).items() if rows},
            "formats": [name for name in formats_of(version) if not ARCHIVES.get(name) or may_write],
            "may_write": may_write,
            "next_steps": next_steps(request, version) if version.trashed_at is None else [],
        }
        if version.purged_at is None:
            context |= explored(request, version)
            context |= as_items(request, version, context.pop("found"))
            context["picture_filters"] = filters_of(version, context["asked"])
        return render(request, "curation/version.html", context, status=context.pop("status", 200))


class NotesForm(forms.Form):
    notes = forms.CharField(
        label=gettext_lazy("Notes"),
        help_text=gettext_lazy("What people should know about this version; Markdown works."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class NotesPage(ScopedPage):
    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        context = {"form": NotesForm(initial={"notes": version.notes}), "version": version, "dataset": version.dataset}
        return render(request, "curation/version_notes.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        form = NotesForm(request.POST)
        if form.is_valid():
            annotate_version(actor=request.actor, version_id=pk, notes=form.cleaned_data["notes"])
            return redirect("curation:version", pk)
        context = {"form": form, "version": version, "dataset": version.dataset}
        return refused(request, "curation/version_notes.html", context)


class TrashVersionPage(ScopedPage):
    """Puts a version in the trash, or brings it back with `restore`."""

    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        try:
            if "restore" in request.POST:
                restore_version(actor=request.actor, version_id=pk)
                messages.success(request, _("v%(number)s is back.") % {"number": version.number})
                return redirect("curation:version", pk)
            trash_version(actor=request.actor, version_id=pk)
        except DomainError as error:
            messages.error(request, str(error.detail))
            return redirect("curation:version", pk)
        messages.success(request, _("v%(number)s is in the trash. You can bring it back.") % {"number": version.number})
        return redirect(f"{reverse('curation:dataset', args=[version.dataset_id])}?trash")


def as_items(request: PageRequest, version: Version, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return items as a grid of pictures where there are any, unless a table is asked for."""
    roles = version.manifest.get("roles", {})
    as_list = request.GET.get("view") == "table"
    grid = as_grid(rows, roles) if "image" in roles and not as_list else []
    return {"table": as_table(rows, roles), "pictures": grid, "has_pictures": "image" in roles, "as_list": as_list}


def as_table(rows: list[dict[str, Any]], roles: dict[str, str] | None = None) -> dict[str, Any]:
    """Return column names and rows of short cells, in the same order; a picture stands before its row."""
    image = (roles or {}).get("image", "item_id")
    columns = [name for name in (rows[0] if rows else {}) if name not in {"item_id", image}]
    cells = [
        {
            "item_id": row["item_id"],
            "cells": [(name, short(row[name])) for name in columns],
            "thumb": thumb(hash_in(row, roles or {})),
        }
        for row in rows
    ]
    return {"columns": columns, "rows": cells}


def short(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return text if len(text) <= CELL else text[:CELL] + "…"


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
        roles = version.manifest.get("roles", {})
        try:
            provenance = provenance_in_version(actor=request.actor, version=version, item_id=item_id)
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
            "roles": roles,
            "text": item.get(roles.get("text", ""), ""),
            "fields": [(name, value) for name, value in without_facts(item, roles).items() if name != "item_id"],
            "picture": view(hash_in(item, roles)),
            "size": shown_size(item),
            "facts": facts_of(item),
            "notes": notes_of(item),
            "may_write": request.actor.can("data.write"),
            "lineage": lineage,
            "provenance": provenance,
            "similar": similar_rows(request, version, item_id),
        }
        return render(request, "curation/item.html", context)


def similar_rows(request: PageRequest, version: Version, item_id: int) -> list[dict[str, Any]] | None:
    """Return the items most like one, cut short; None while the version is not embedded."""
    if not has_meaning(version):
        return None
    roles = version.manifest.get("roles", {})
    found = similar_items(actor=request.actor, version_id=version.pk, item_id=item_id, limit=SIMILAR)
    return [
        {
            "item_id": row["item_id"],
            "similarity": row["similarity"],
            "text": short(row["item"].get(roles.get("text", "")) or row["item"].get(FILE)),
            "thumb": thumb(hash_in(row["item"], roles)),
            "label": row["item"].get(roles.get("label", "")),
        }
        for row in found
    ]


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
