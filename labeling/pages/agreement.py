"""How far the people of a project agree: coefficients, pairs, people and the items on which they differ."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.pages.view import PageRequest, ScopedPage
from labeling.models import AgreementReport
from labeling.pages.project import rights_of
from labeling.services.project import find_project
from labeling.services.quality import KIND, answers_since, find_agreement, start_measure
from workers.models import Job

# A table of pairs that a screen can show; with more people the pairs stand in a list.
MATRIX = 12
LISTED = 20
# K. Krippendorff, Content Analysis, 2004, page 241: rely on 0.8 and more; from 0.667 draw tentative conclusions.
GOOD, FAIR = 0.8, 0.667

WARNINGS: dict[str, str | Promise] = {
    "always_same": gettext_lazy("always the same"),
    "random": gettext_lazy("as if at random"),
    "against": gettext_lazy("against the others"),
}


class AgreementPage(ScopedPage):
    scopes = {"GET": ("data.read", "review", "project.write"), "POST": ("review", "project.write")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        found = find_agreement(actor=request.actor, project=project)
        jobs = Job.objects.visible_to(request.actor).filter(kind=KIND, subject=f"project:{project.pk}")
        rights = rights_of(request)
        context = {
            "project": project,
            "found": found,
            "newer": answers_since(project=project, report=found) if found else 0,
            "controls": _controls(found) if found else [],
            "open_job": jobs.filter(finished_at=None).order_by("-pk").first(),
            "last_job": jobs.order_by("-pk").first(),
            "may_measure": rights["may_write"] or rights["may_review"],
            **rights,
        }
        return render(request, "labeling/agreement.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        start_measure(actor=request.actor, project_id=pk)
        return redirect("labeling:agreement", pk)


def _controls(found: AgreementReport) -> list[dict[str, Any]]:
    controls: list[dict[str, Any]] = found.report["controls"]
    names = _names(controls)
    for control in controls:
        report = control["agreement"]
        control["main"] = _main(control)
        control["bound"] = _bound(control["main"])
        control["others"] = _others(control)
        control["matrix"] = _matrix(report["pairs"], names)
        control["listed"] = [] if control["matrix"] else _listed(report["pairs"], names)
        control["people_rows"] = [_person(row, names) for row in control["people"]]
        control["warned"] = [row for row in control["people_rows"] if row["warning"]]
    return controls


def _names(controls: list[dict[str, Any]]) -> dict[str, str]:
    """Return the names of everybody in the report, by the ids of their accounts; one query."""
    ids = {row["name"] for control in controls for row in control["people"]}
    ids |= {
        pair[side] for control in controls for pair in control["agreement"]["pairs"] for side in ("first", "second")
    }
    known = {str(user.pk): str(user) for user in User.objects.filter(pk__in=[int(one) for one in ids])}
    return {one: known.get(one, _("somebody who left")) for one in ids}


def _main(control: dict[str, Any]) -> dict[str, Any]:
    """Return the figure that stands first: alpha for labels, F1 for marks."""
    report = control["agreement"]
    if control["kind"] == "marks":
        return {"title": _("F1 of two people"), **report["f1"]["overlap"]}
    alphas = report["krippendorff_alpha"]
    level = next(name for name in ("masi", "ordinal", "nominal") if name in alphas)
    titles = {
        "masi": _("Krippendorff's alpha, of sets"),
        "ordinal": _("Krippendorff's alpha, of an order"),
        "nominal": _("Krippendorff's alpha"),
    }
    return {"title": titles[level], **alphas[level]}


def _bound(main: dict[str, Any]) -> str:
    """Return how a value reads by the customary bounds: by its lower end, so that few items prove nothing."""
    low = main["low"] if main["low"] is not None else main["value"]
    if low is None:
        return ""
    return "good" if low >= GOOD else "fair" if low >= FAIR else "poor"


def _others(control: dict[str, Any]) -> list[dict[str, Any]]:
    report = control["agreement"]
    if control["kind"] == "marks":
        rows = [(_("F1, exactly the same"), report["f1"]["exact"]), (_("F1, any overlap"), report["f1"]["partial"])]
        overlap = {"value": report["mean_overlap"]["overlap"], "low": None, "high": None}
        return [{"title": title, **row} for title, row in [*rows, (_("Mean overlap of matches"), overlap)]]
    rows = [(_("Share of equal answers"), report["percent_agreement"])]
    if "fleiss_kappa" in report:
        rows.append((_("Fleiss' kappa"), report["fleiss_kappa"]))
    mean = {"value": report["mean_cohen_kappa"], "low": None, "high": None}
    return [{"title": title, **row} for title, row in [*rows, (_("Mean Cohen's kappa of two people"), mean)]]


def _value(pair: dict[str, Any]) -> float | None:
    found: float | None = pair["cohen_kappa"]["value"] if "cohen_kappa" in pair else pair["f1"]
    return found


def _matrix(pairs: list[dict[str, Any]], names: dict[str, str]) -> dict[str, Any]:
    people = sorted({pair[side] for pair in pairs for side in ("first", "second")}, key=lambda one: (names[one], one))
    if not people or len(people) > MATRIX:
        return {}
    cells = {(pair["first"], pair["second"]): pair for pair in pairs}
    rows = []
    for one in people:
        found = [cells.get((one, other)) or cells.get((other, one)) for other in people]
        rows.append(
            {
                "name": names[one],
                "cells": [_cell(pair, same=other == one) for pair, other in zip(found, people, strict=True)],
            }
        )
    return {"people": [names[one] for one in people], "rows": rows}


def _cell(pair: dict[str, Any] | None, *, same: bool) -> dict[str, Any]:
    value = _value(pair) if pair is not None else None
    # Five shades, from 0 to 1.
    heat = None if value is None else min(4, max(0, int(value * 5)))
    return {"value": value, "items": pair["items"] if pair else 0, "same": same, "heat": heat}


def _listed(pairs: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """Return the pairs that agree least among those with most items in common."""
    known = [pair for pair in pairs if _value(pair) is not None]
    known.sort(key=lambda pair: _value(pair) or 0)
    return [
        {"first": names[pair["first"]], "second": names[pair["second"]], "items": pair["items"], "value": _value(pair)}
        for pair in known[:LISTED]
    ]


def _person(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    labels = sorted({true for given in row["confusion"].values() for true in given} | set(row["confusion"]))
    table = [
        {"given": given, "cells": [row["confusion"][given].get(true, 0) for true in labels]}
        for given in sorted(row["confusion"])
    ]
    return {
        **row,
        "person": names[row["name"]],
        "id": row["name"],
        "title": WARNINGS.get(row["warning"], ""),
        "evidence": _evidence(row),
        "labels": labels,
        "table": table,
    }


def _evidence(row: dict[str, Any]) -> str:
    """Return why somebody is warned of, in a sentence with the figures."""
    if row["warning"] == "always_same":
        return _(
            "%(share)s %% of %(count)s answers are “%(label)s”; "
            "of the others' answers to the same items, %(others)s %% are."
        ) % {
            "share": round(100 * row["usual_share"]),
            "count": row["answers"],
            "label": row["usual"],
            "others": round(100 * row["usual_expected"]),
        }
    if row["warning"]:
        sentence = ngettext(
            "On %(count)s shared item, agreement beyond chance is %(skill).2f, between %(low).2f and %(high).2f.",
            "On %(count)s shared items, agreement beyond chance is %(skill).2f, between %(low).2f and %(high).2f.",
            row["compared"],
        )
        return sentence % {"count": row["compared"], "skill": row["skill"], "low": row["low"], "high": row["high"]}
    return ""
