"""The tasks on which people differ, one after the other with all answers side by side."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from labeling.engine.schema import Schema, parse_schema
from labeling.engine.schema_change import values_of
from labeling.models import DisputeState, Progress, Project
from labeling.pages.project import rights_of
from labeling.services.dispute import count_answers, start_weighing, weighings
from labeling.services.project import find_project
from labeling.services.side_by_side import MOST_COUNTED, count_disputes

LABELS_OFFERED = 500
SORTS = (
    ("confidence", gettext_lazy("least sure first")),
    ("agreement", gettext_lazy("least agreement first")),
)


class DisputeForm(forms.Form):
    control = forms.ChoiceField(label=gettext_lazy("People differ on"), required=False)
    label = forms.ChoiceField(label=gettext_lazy("Label given"), required=False)
    person = forms.TypedChoiceField(label=gettext_lazy("Person"), required=False, coerce=int, empty_value=None)
    sort = forms.ChoiceField(label=gettext_lazy("Order"), required=False, choices=SORTS)
    # One item alone, from a link.
    item = forms.IntegerField(required=False, min_value=0, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, project: Project, schema: Schema, data: Any) -> None:
        super().__init__(data)
        controls = [(control.name, control.title or control.name) for control in schema.controls]
        labels = [
            (f"{control.name}={value}", f"{control.title or control.name}: {value}")
            for control in schema.controls
            for value in values_of(control)
        ]
        seats = Progress.objects.filter(project=project).select_related("annotator").order_by("annotator_id")
        people = [(seat.annotator_id, str(seat.annotator)) for seat in seats]
        self.fields["control"].choices = [("", gettext_lazy("anything")), *controls]  # type: ignore[attr-defined]
        self.fields["label"].choices = [("", gettext_lazy("any")), *labels[:LABELS_OFFERED]]  # type: ignore[attr-defined]
        self.fields["person"].choices = [("", gettext_lazy("everybody")), *people]  # type: ignore[attr-defined]
        if len(controls) < 2:
            del self.fields["control"]

    def query(self) -> dict[str, Any]:
        """Return what is looked for, for the API; a field that makes no sense is left out and told beside it."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}


@method_decorator(ensure_csrf_cookie, name="dispatch")
class AdjudicatePage(ScopedPage):
    scopes = {"GET": ("data.read", "review", "project.write"), "POST": ("review", "project.write")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema = parse_schema(project.schema)
        state = request.GET.get("state", DisputeState.OPEN)
        state = state if state in DisputeState.values else DisputeState.OPEN
        form = DisputeForm(project, schema, request.GET)
        query = form.query()
        counts = count_disputes(actor=request.actor, project=project)
        jobs = weighings(actor=request.actor, project=project).order_by("-pk")
        newest, last = jobs.first(), jobs.filter(state="succeeded").first()
        compared = (last.result or {}).get("answers", 0) if last is not None else 0
        rights = rights_of(request)
        context = {
            "project": project,
            "form": form,
            "filtered": bool(set(query) - {"sort"}),
            "query": urlencode({**query, "state": state}),
            "setup": {"schema": project.schema, "guidelines": project.guidelines},
            "states": [
                {
                    "title": title,
                    "rows": _counted(counts[name]),
                    "chosen": name == state,
                    "url": _address(pk, query, name),
                }
                for name, title in DisputeState.choices
            ],
            "state": state,
            # Jobs of earlier versions did not say how much they compared.
            "alone": last is not None and (last.result or {}).get("compared") == 0 and not any(counts.values()),
            "last": last,
            "newer": max(0, count_answers(project) - compared),
            "open_job": newest if newest is not None and newest.finished_at is None else None,
            "failed": newest if newest is not None and newest.state == "failed" else None,
            "may_weigh": (rights["may_write"] or rights["may_review"]) and project.state != "archived",
            "may_decide": rights["may_review"] and project.state != "archived",
            **rights,
        }
        return render(request, "labeling/adjudicate.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        try:
            start_weighing(actor=request.actor, project_id=pk)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(request, str(error.detail))
        return redirect("labeling:adjudicate", pk)


def _counted(rows: int) -> str:
    return str(rows) if rows <= MOST_COUNTED else f"{MOST_COUNTED:,}+"


def _address(pk: int, query: dict[str, Any], state: str) -> str:
    return f"{reverse('labeling:adjudicate', args=[pk])}?{urlencode({**query, 'state': state})}"
