"""Who did how much when: a page, and the same as a table for whoever pays or bills."""

import csv
import datetime as dt
import io
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from curation.services.spreadsheet import harmless
from labeling.models import Progress, Project, WorkDay
from labeling.pages.project import rights_of
from labeling.services.project import find_project
from labeling.services.work import LabelWork, Report, Work, count_again, last_days, work_report
from labeling.services.work_count import LIMIT_SECONDS

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
PRESETS = (7, 30, 90)
COLUMNS = (
    "day", "person", "name", "answers", "skipped", "in_bulk", "hours", "limited_hours", "suggestions_shown",
    "suggestions_accepted", "accepted_answers", "fixed_answers", "sent_back", "reviews",
)  # fmt: skip


class WorkForm(forms.Form):
    since = forms.DateField(label=gettext_lazy("First day"), required=False, widget=DAY)
    until = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DAY)
    person = forms.TypedChoiceField(label=gettext_lazy("Person"), required=False, coerce=int, empty_value=None)

    def __init__(self, project: Project, may_see: bool, data: Any) -> None:
        super().__init__(data)
        if may_see:
            # Whoever only reviews has no seat, and work all the same.
            seats = Progress.objects.filter(project=project).values("annotator")
            worked = WorkDay.objects.filter(project=project).values("person")
            found = User.objects.filter(Q(pk__in=seats) | Q(pk__in=worked)).order_by("pk")
            people = [(user.pk, str(user)) for user in found]
            self.fields["person"].choices = [("", gettext_lazy("everybody")), *people]  # type: ignore[attr-defined]
        else:
            del self.fields["person"]


class WorkPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read"), "POST": ("review", "project.write")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        rights = rights_of(request)
        form = WorkForm(project, rights["may_see"], {**_usual_days(), **request.GET.dict()})
        report = _report(request, project, form)
        today = timezone.now().date()
        context = {
            "project": project,
            "form": form,
            "report": report,
            "people": [shown(row) for row in report.people],
            "total": shown(report.total),
            "labels": [_label(row, report) for row in report.labels],
            "bars": [{"day": row.day.isoformat(), "value": row.answers} for row in report.days if row.day],
            "presets": [
                {"days": days, "since": (today - dt.timedelta(days=days - 1)).isoformat(), "until": today.isoformat()}
                for days in PRESETS
            ],
            "limit_minutes": LIMIT_SECONDS // 60,
            **rights,
        }
        return render(request, "labeling/work.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        count_again(actor=request.actor, project_id=pk)
        return redirect("labeling:work", pk)


class WorkTablePage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        form = WorkForm(project, rights_of(request)["may_see"], {**_usual_days(), **request.GET.dict()})
        return as_table(project, _report(request, project, form))


def _usual_days() -> dict[str, str]:
    """Return the days that are shown when the address names none, as a form's fields."""
    return dict(zip(("since", "until"), (day.isoformat() for day in last_days(None, None)), strict=True))


def _report(request: PageRequest, project: Project, form: WorkForm) -> Report:
    """Return the report of the days that the address names; days that make no sense are told beside their field."""
    form.is_valid()
    given = form.cleaned_data
    actor, person = request.actor, given.get("person")
    since, until = last_days(given.get("since"), given.get("until"))
    try:
        return work_report(actor=actor, project_id=project.pk, since=since, until=until, person=person)
    except DomainError as error:
        form.add_error("until", str(error.detail))
        since, until = last_days(None, None)
        return work_report(actor=actor, project_id=project.pk, since=since, until=until, person=person)


def shown(row: Work) -> dict[str, Any]:
    """Return the figures of a row with what a page shows of them."""
    return {
        "row": row,
        "hours": as_hours(row.limited_seconds),
        "measured": as_hours(row.seconds),
        "took_suggestions": share(row.suggestions_accepted, row.suggestions_shown),
        "passed_review": share(row.accepted_answers, row.reviewed),
    }


def _label(row: LabelWork, report: Report) -> dict[str, Any]:
    names = {each.person: each.name for each in report.people}
    people = sorted(row.people.items(), key=lambda pair: -pair[1])
    return {
        "row": row,
        "took_suggestions": share(row.suggestions_accepted, row.suggestions_shown),
        "unfixed": share(row.reviewed - row.fixed_answers, row.reviewed),
        "people": [{"name": names[person], "answers": answers} for person, answers in people if person in names],
    }


def share(part: int, whole: int) -> int | None:
    """Return a share in whole per cent; None of nothing."""
    return round(100 * part / whole) if whole else None


def as_hours(seconds: float) -> str:
    """Return a time as hours and minutes, ``3:05``."""
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def as_table(project: Project, report: Report) -> HttpResponse:
    """Return one row for each person and day as CSV, with names that no spreadsheet takes for a formula."""
    text = io.StringIO()
    # Spreadsheets read UTF-8 only behind this mark.
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in report.rows:
        hours = {"hours": f"{row.seconds / 3600:.4f}", "limited_hours": f"{row.limited_seconds / 3600:.4f}"}
        cells = {"day": row.day, "person": row.person, "name": harmless(row.name), **hours}
        writer.writerow([cells[name] if name in cells else getattr(row, name) for name in COLUMNS])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"work-{project.pk}-{report.since}-{report.until}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
