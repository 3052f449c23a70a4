"""The answers of a project, with filters that stand in the address."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage
from core.number import whole_number
from curation.pages.picture import thumb
from labeling.engine.schema import Schema, parse_schema, said_in
from labeling.engine.schema_change import values_of
from labeling.models import Progress, Project
from labeling.pages.project import rights_of
from labeling.services.comment import open_flags
from labeling.services.project import find_project, text_of
from labeling.services.result import Wish, find_answers

LABELS_OFFERED = 500
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
STATES = (
    ("", gettext_lazy("all")),
    ("answered", gettext_lazy("answered")),
    ("skipped", gettext_lazy("skipped")),
    ("incomplete", gettext_lazy("incomplete")),
    ("flagged", gettext_lazy("flagged")),
)
GOLD_STATES = (
    ("gold_right", gettext_lazy("known answer: right")),
    ("gold_wrong", gettext_lazy("known answer: wrong")),
)


REVIEWS = (
    ("", gettext_lazy("all that count")),
    ("none", gettext_lazy("not reviewed")),
    ("accepted", gettext_lazy("accepted")),
    ("fixed", gettext_lazy("fixed")),
    ("rejected", gettext_lazy("sent back")),
)
# Of a sample the page asks only in a review's address.
HIDDEN = forms.HiddenInput


class ResultForm(forms.Form):
    person = forms.TypedChoiceField(label=gettext_lazy("Person"), required=False, coerce=int, empty_value=None)
    label = forms.ChoiceField(label=gettext_lazy("Label"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=STATES)
    review = forms.ChoiceField(label=gettext_lazy("Review"), required=False, choices=REVIEWS)
    share = forms.TypedChoiceField(
        label=gettext_lazy("Random share"), required=False, coerce=int, empty_value=None,
        choices=[("", gettext_lazy("all")), *[(share, f"{share} %") for share in (1, 5, 10, 20, 50)]],
    )  # fmt: skip
    seed = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=HIDDEN)
    item = forms.IntegerField(required=False, min_value=0, max_value=2**62, widget=HIDDEN)
    reason = forms.ChoiceField(label=gettext_lazy("Skipped because"), required=False)
    text = forms.CharField(label=gettext_lazy("Text contains"), required=False, max_length=200)
    since = forms.DateField(label=gettext_lazy("First day"), required=False, widget=DAY)
    until = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DAY)

    def __init__(self, project: Project, schema: Schema, may_see: bool, data: Any) -> None:
        super().__init__(data)
        everybody = gettext_lazy("everybody")
        if may_see:
            seats = Progress.objects.filter(project=project).select_related("annotator").order_by("annotator_id")
            people = [(seat.annotator_id, str(seat.annotator)) for seat in seats]
            self.fields["person"].choices = [("", everybody), *people]  # type: ignore[attr-defined]
            if project.gold_count:
                self.fields["state"].choices = [*STATES, *GOLD_STATES]  # type: ignore[attr-defined]
        else:
            del self.fields["person"]
        if project.skip_reasons:
            reasons = [(reason, reason) for reason in project.skip_reasons]
            self.fields["reason"].choices = [("", gettext_lazy("any")), *reasons]  # type: ignore[attr-defined]
        else:
            del self.fields["reason"]
        labels = [(f"{each.name}={value}", f"{each.title or each.name}: {value}") for each, value in _labels(schema)]
        self.fields["label"].choices = [("", gettext_lazy("any")), *labels[:LABELS_OFFERED]]  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        """Return what is looked for; a field that makes no sense is left out and told beside it."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}
        control, _sign, value = given.pop("label", "").partition("=")
        return Wish(control=control, value=value, **given)


def _labels(schema: Schema) -> list[tuple[Any, str]]:
    return [(control, value) for control in schema.controls for value in values_of(control)]


class ResultsPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema = parse_schema(project.schema)
        rights = rights_of(request)
        form = ResultForm(project, schema, rights["may_see"], request.GET)
        before = whole_number(request.GET.get("cursor", "").removeprefix("after:"))
        wish = form.wish()
        found = find_answers(actor=request.actor, project=project, schema=schema, wish=wish, before=before)
        picture = next((display.field for display in schema.display if display.type == "image"), "")
        flags = open_flags([row.task_id for row in found.rows]) if rights["may_see"] else {}
        for row in found.rows:
            row.flags = flags.get(row.task_id, [])
            row.text = text_of(schema, row.task.data)
            row.thumb = thumb(str(row.task.data.get(picture) or ""))
            row.chosen = said_in(schema, row.answer or {})
            row.is_own = row.annotator_id == request.actor.user_id
            row.number = getattr(row, "annotation_number", row.pk)
        context = {
            "project": project,
            "form": form,
            "found": found,
            "older": "" if found.before is None else f"after:{found.before}",
            "is_deep": before is not None,
            "filtered": not wish.is_empty,
            "has_pictures": bool(picture),
            "query": _without_cursor(request),
            **rights,
        }
        return render(request, "labeling/results.html", context)


def _without_cursor(request: PageRequest) -> str:
    """Return the filter of this address, for another page that takes the same."""
    given = request.GET.copy()
    given.pop("cursor", None)
    return given.urlencode()
