"""The pages of a project, as tabs that every one of them shows."""

from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from labeling.pages.project import rights_of

register = template.Library()

# Name of the address, title, and the right that opens it.
TABS = (
    ("project", _("Overview"), ""),
    ("results", _("Answers"), ""),
    ("grid", _("Grid"), ""),
    ("label-errors", _("Label errors"), "may_see"),
    ("agreement", _("Agreement"), "may_see"),
    ("adjudicate", _("Disagreements"), "may_see"),
    ("work", _("Work"), ""),
    ("people", _("People"), "may_write"),
    ("gold", _("Known answers"), "may_know_gold"),
    ("acceptance", _("Model"), "may_see"),
    ("onboarding", _("Onboarding"), "may_write"),
    ("rules", _("Rules"), "may_see"),
    ("suggestions", _("Suggestions"), "may_see"),
    ("comments", _("Comments"), ""),
    ("questions", _("Questions"), "may_write"),
)


@register.inclusion_tag("labeling/tabs.html", takes_context=True)
def project_tabs(context: dict[str, Any], here: str) -> dict[str, Any]:
    """Show the tabs of ``project`` with the page named `here` marked."""
    rights = rights_of(context["request"])
    tabs = [
        {"name": f"labeling:{name}", "title": title, "here": name == here}
        for name, title, right in TABS
        if not right or rights[right]
    ]
    return {"tabs": tabs, "project": context["project"]}
