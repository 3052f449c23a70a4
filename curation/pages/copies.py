"""Added items as a preview draws them: texts with their spans, pictures with their shapes, before and after."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from curation.engine.augment.shapes import corners_of
from curation.engine.augment.text import SpansError
from curation.engine.copy_examples import CopyExample, Side
from curation.engine.text_diff import around_changes, diff_texts
from curation.pages.review import marked

# Code points of an unchanged text beside a change.
CONTEXT = 60
# Colours of labels in curation.css, in the order in which labels appear.
COLOURS = 6


def worded_copies(copies: list[CopyExample]) -> list[dict[str, Any]]:
    """Return added items with safe HTML of both sides and of what differs; a label has one colour in all of them."""
    labels: dict[str, int] = {}
    return [_worded(copy, labels) for copy in copies]


def _worded(copy: CopyExample, labels: dict[str, int]) -> dict[str, Any]:
    sides = [{"name": name, "html": _drawn(side, labels)} for name, side in _sides(copy)]
    changed = copy.before.text != copy.after.text
    segments = around_changes(diff_texts(copy.before.text, copy.after.text), CONTEXT) if changed else []
    shown = dict.fromkeys(str(shape.get("label", "")) for shape in copy.before.shapes)
    return {
        "item_id": copy.item_id,
        "by": copy.by,
        "lost": copy.lost,
        "sides": sides,
        "legend": [(name, labels[name]) for name in shown if name in labels],
        "change": marked(segments, removed=_("removed"), added=_("added")) if segments else "",
    }


def _sides(copy: CopyExample) -> list[tuple[str, Side]]:
    return [(_("Before"), copy.before), (_("After"), copy.after)]


def _drawn(side: Side, labels: dict[str, int]) -> SafeString:
    return shapes_svg(side, labels) if side.picture else spans_html(side.text, side.spans, labels)


def spans_html(text: str, spans: list[list[Any]], labels: dict[str, int]) -> SafeString:
    """Return a text with its spans marked and named; of spans that overlap the first is drawn.

    Args:
        text: The text.
        spans: Start, end and label of each, by start.
        labels: The number of each label's colour; new labels get the next one.
    """
    pieces, done = [], 0
    for start, end, label in spans:
        if start >= done:
            colour = labels.setdefault(label, len(labels) % COLOURS)
            form = '{}<mark class="copy-span copy-colour-{}">{}<span class="copy-label">{}</span></mark>'
            pieces.append(format_html(form, text[done:start], colour, text[start:end], label))
            done = end
    return format_html("{}{}", format_html_join("", "{}", ((piece,) for piece in pieces)), text[done:])


def shapes_svg(side: Side, labels: dict[str, int]) -> SafeString:
    """Return a picture with its shapes drawn over it, named by their labels."""
    width, height = side.size
    drawn = [_shape(shape, labels, max(width, height) / 100) for shape in side.shapes]
    form = (
        '<svg class="copy-picture" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<image href="{}" width="{}" height="{}" preserveAspectRatio="none"/>{}</svg>'
    )
    shapes = format_html_join("", "{}", ((each,) for each in drawn))
    said = _("Picture with %(count)s shapes") % {"count": len(side.shapes)}
    return format_html(form, width, height, said, side.picture, width, height, shapes)


def _shape(shape: dict[str, Any], labels: dict[str, int], dot: float) -> SafeString:
    try:
        corners = corners_of(shape)
    except SpansError:
        return SafeString("")
    label = str(shape.get("label", ""))
    colour = labels.setdefault(label, len(labels) % COLOURS)
    kind = f"copy-shape copy-colour-{colour}"
    if shape["type"] == "point":
        form = '<circle class="{}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>'
        return format_html(form, kind, *(f"{each:g}" for each in (*corners[0], dot)), label)
    form = '<{} class="{}" points="{}"><title>{}</title></{}>'
    name = "polyline" if shape["type"] == "line" else "polygon"
    return format_html(form, name, kind, " ".join(f"{x:g},{y:g}" for x, y in corners), label, name)
