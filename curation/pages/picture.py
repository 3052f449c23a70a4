"""Pictures on pages: addresses of their copies, what a grid shows, and how the pictures of one question differ."""

import re
from typing import Any

from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import NotFound
from curation.engine.pictures.facts import FACTS
from curation.engine.pictures.taking import VIEW_SIDE
from curation.models import Version
from curation.services.item import find_item
from curation.services.media import original_url
from curation.wording import PICTURE_NOTES

_HASH = re.compile(r"[0-9a-f]{64}")
FILE = "image_file"
# Title, column, condition and limit of the filters that one click sets: the limits of the steps of the same names.
FILTERS = [
    (gettext_lazy("Blurred"), "image_sharpness", "at_most", "0.29"),
    (gettext_lazy("Too dark"), "image_lightest", "at_most", "0.32"),
    (gettext_lazy("Overexposed"), "image_darkest", "at_least", "0.95"),
    (gettext_lazy("Little in it"), "image_entropy", "at_most", "3"),
    (gettext_lazy("One shade"), "image_spread", "at_most", "0.05"),
    (gettext_lazy("Odd file"), "image_oddities", "present", ""),
]
# Column and title of the histograms of a version.
HISTOGRAMS = {
    "image_side": gettext_lazy("Size, pixels a side"),
    "image_sharpness": gettext_lazy("Sharpness"),
    "image_lightest": gettext_lazy("Brightness of the bright parts"),
    "image_darkest": gettext_lazy("Brightness of the dark parts"),
    "image_entropy": gettext_lazy("Information, bits"),
    "image_colour": gettext_lazy("Colourfulness"),
}


def hash_in(row: dict[str, Any], roles: dict[str, str]) -> str:
    """Return the hash of a row's picture, "" when there is none."""
    value = row.get(roles.get("image", ""))
    return value if isinstance(value, str) and _HASH.fullmatch(value) else ""


def thumb(sha256: str) -> str:
    return reverse("picture-thumb", args=[sha256]) if _HASH.fullmatch(sha256) else ""


def view(sha256: str) -> str:
    return reverse("picture-view", args=[sha256]) if _HASH.fullmatch(sha256) else ""


def as_grid(rows: list[dict[str, Any]], roles: dict[str, str]) -> list[dict[str, Any]]:
    """Return what the grid shows of each item."""
    cells = []
    for row in rows:
        sha256 = hash_in(row, roles)
        label = row.get(roles.get("label", ""))
        cells.append(
            {
                "item_id": row["item_id"],
                "thumb": thumb(sha256),
                "label": label,
                "file": row.get(FILE) or "",
                "size": pixels_of(row),
                "caption": row.get(roles.get("text", "")) or "",
                "notes": notes_of(row),
            }
        )
    return cells


def notes_of(row: dict[str, Any]) -> list[Any]:
    """Return what was odd about a picture's file, in the reader's language."""
    codes = str(row.get("image_oddities") or "").split()
    return [PICTURE_NOTES[code] for code in codes if code in PICTURE_NOTES]


def without_facts(row: dict[str, Any], roles: dict[str, str]) -> dict[str, Any]:
    """Return a row without the columns that are shown in words of their own."""
    return {name: value for name, value in row.items() if name not in FACTS and name != roles.get("image")}


def facts_of(row: dict[str, Any]) -> list[tuple[Any, str]]:
    """Return title and value of what is known of a picture."""
    if row.get("image_width") is None:
        return []
    mode = row.get("image_mode") or ""
    facts: list[tuple[Any, str]] = [
        (_("Size"), pixels_of(row)),
        (_("Format"), f"{row.get('image_format') or ''} {mode}".strip()),
        (_("File size"), _bytes(row.get("image_bytes"))),
    ]
    for column, title in HISTOGRAMS.items():
        value = row.get(column)
        if isinstance(value, int | float):
            facts.append((title, number_format(round(value, 3))))
    return facts


def compared_facts(rows: list[dict[str, Any]]) -> list[list[tuple[Any, str, bool]]]:
    """Return the facts of each picture with whether they differ from those of another one."""
    listed = [dict(facts_of(row)) for row in rows]
    differing = {
        title for facts in listed for title in facts if len({other.get(title) for other in listed if other}) > 1
    }
    return [[(title, value, title in differing) for title, value in facts.items()] for facts in listed]


def histograms_of(version: Version) -> list[dict[str, Any]]:
    """Return the histograms of a version's pictures that hold anything."""
    counted = version.manifest.get("stats", {}).get("pictures", {})
    return [
        {"id": f"picture-{column}", "title": title, "data": counted[column]}
        for column, title in HISTOGRAMS.items()
        if column in counted and any(counted[column]["counts"])
    ]


def filters_of(version: Version, asked: dict[str, str]) -> list[dict[str, Any]]:
    """Return the filters of one click that this version has the columns for."""
    names = {name for name, _kind in version.manifest.get("columns", [])}
    return [
        {
            "title": title,
            "query": f"column={column}&op={op}&value={value}",
            "chosen": (asked["column"], asked["op"], asked["value"]) == (column, op, value),
        }
        for title, column, op, value in FILTERS
        if column in names
    ]


def shown_size(row: dict[str, Any]) -> tuple[int, int]:
    """Return width and height of the view of a picture, so that its place is kept while it loads; zeros if unknown."""
    width, height = row.get("image_width"), row.get("image_height")
    if not isinstance(width, int) or not isinstance(height, int):
        return 0, 0
    scale = min(1.0, VIEW_SIDE / max(width, height, 1))
    return max(1, round(width * scale)), max(1, round(height * scale))


def pixels_of(row: dict[str, Any]) -> str:
    """Return width and height of a picture in words, "" when they are not known."""
    width, height = row.get("image_width"), row.get("image_height")
    return f"{width}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{height}" if width and height else ""


def _bytes(size: Any) -> str:
    return str(filesizeformat(size)) if isinstance(size, int) else ""


class OriginalPage(ScopedPage):
    """Downloads the original of an item's picture, with all its metadata."""

    scopes = {"GET": "data.write"}

    def get(self, request: PageRequest, pk: int, item_id: int) -> Any:
        row = find_item(actor=request.actor, version_id=pk, item_id=item_id)
        version = Version.objects.visible_to(request.actor).get(pk=pk)
        sha256 = hash_in(row, version.manifest.get("roles", {}))
        if not sha256:
            raise NotFound(_("This item has no picture."))
        return redirect(original_url(actor=request.actor, sha256=sha256))
