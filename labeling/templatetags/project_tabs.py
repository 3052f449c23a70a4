"""The pages of a project, as tabs that every one of them shows."""

from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from labeling.pages.project import rights_of

register = template.Library()

# The pages by what people come for. Of each: name of the address, title, and the right that opens it.
GROUPS = (
    (_("Overview"), (("project", _("Overview"), ""),)),
    (
        _("Answers"),
        (
            ("results", _("Answers"), ""),
            ("grid", _("Grid"), ""),
            ("comments", _("Comments"), ""),
            ("exports", _("Export"), "may_write"),
        ),
    ),
    (
        _("Quality"),
        (
            ("agreement", _("Agreement"), "may_see"),
            ("adjudicate", _("Disagreements"), "may_see"),
            ("label-errors", _("Label errors"), "may_see"),
            ("gold", _("Known answers"), "may_know_gold"),
        ),
    ),
    (
        _("People"),
        (("people", _("People"), "may_write"), ("onboarding", _("Onboarding"), "may_write"), ("work", _("Work"), "")),
    ),
    (
        _("Model"),
        (
            ("suggestions", _("Suggestions"), "may_see"),
            ("rules", _("Rules"), "may_see"),
            ("acceptance", _("Automatic acceptance"), "may_see"),
        ),
    ),
    (_("What is asked"), (("questions", _("What is asked"), "may_write"),)),
)


@register.inclusion_tag("labeling/tabs.html", takes_context=True)
def project_tabs(context: dict[str, Any], here: str) -> dict[str, Any]:
    """Show the pages of ``project`` that this person may open, in groups, with the page named `here` marked.

    A group leads to its first page; one with a single page is called like it.
    """
    rights = rights_of(context["request"])
    groups: list[dict[str, Any]] = []
    for title, pages in GROUPS:
        open_pages: list[dict[str, Any]] = [
            {"name": f"labeling:{name}", "title": page, "here": name == here}
            for name, page, right in pages
            if not right or rights[right]
        ]
        if open_pages:
            shown = title if len(open_pages) > 1 else open_pages[0]["title"]
            is_here = any(page["here"] for page in open_pages)
            groups.append({"title": shown, "name": open_pages[0]["name"], "pages": open_pages, "here": is_here})
    inner: list[dict[str, Any]] = next(
        (group["pages"] for group in groups if group["here"] and len(group["pages"]) > 1), []
    )
    return {"groups": groups, "inner": inner, "project": context["project"]}
