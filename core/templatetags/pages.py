"""Tags of the common page frame and of its components."""

from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

from core.words import WORDS

register = template.Library()

# Name, title, address and the scopes of which one shows the section. An app that has no pages yet is left out.
SECTIONS = [
    ("curation", _("Datasets"), "curation:datasets", {"data.read"}),
    ("labeling", _("Projects"), "labeling:projects", {"label", "review", "project.write"}),
    ("modeling", _("Models"), "modeling:models", {"model.read"}),
    ("workers", _("Jobs"), "workers:jobs", {"data.read", "model.read"}),
    ("team", _("Team"), "accounts:members", {"member.read"}),
]
TEAM_PAGES = ("member", "audit", "erasure")


@register.simple_tag(takes_context=True)
def sections(context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sections that this actor may open; `active` marks the one being shown."""
    request: HttpRequest = context["request"]
    actor = getattr(request, "actor", None)
    match = request.resolver_match
    here = match.namespace if match else ""
    if match and here in {"accounts", "modeling"} and match.url_name and match.url_name.startswith(TEAM_PAGES):
        here = "team"
    rows = []
    for name, title, url_name, scopes in SECTIONS:
        if actor is None or not any(actor.can(scope) for scope in scopes):
            continue
        try:
            rows.append({"title": title, "url": reverse(url_name), "active": name == here})
        except NoReverseMatch:
            continue
    return rows


# Raw HTML is shown as text, addresses that run something are refused, and no picture is fetched from elsewhere.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


@register.filter
def markdown(text: str) -> SafeString:
    """Return Markdown as HTML that is safe to show."""
    return mark_safe(_markdown.render(text))  # noqa: S308  (the renderer escapes everything that it did not write)


@register.simple_tag
def version() -> str:
    return settings.ASSAY_VERSION


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw one symbol of core/icons.svg; it says nothing to a screen reader, so put words beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("core/icons.svg"), name)


@register.simple_tag
def page_words() -> SafeString:
    """Hand the scripts their texts in the reader's language: data, not a script, so the policy allows it."""
    return json_script({text: gettext(text) for text in WORDS}, "page-words")


@register.inclusion_tag("core/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """Show a form field with its label, hint and errors."""
    kind = getattr(bound.field.widget, "input_type", "")
    return {"field": bound, "kind": kind, "grouped": bound.use_fieldset}


@register.inclusion_tag("core/sort_header.html", takes_context=True)
def sort_header(context: dict[str, Any], name: str, title: str, numeric: bool = False) -> dict[str, Any]:
    """Show a column head that sorts by `?order=name`; a second click turns the order around."""
    request: HttpRequest = context["request"]
    now = request.GET.get("order", "")
    query = request.GET.copy()
    query.pop("cursor", None)
    query["order"] = f"-{name}" if now == name else name
    direction = {name: "ascending", f"-{name}": "descending"}.get(now, "")
    return {"title": title, "query": query.urlencode(), "direction": direction, "numeric": numeric}
