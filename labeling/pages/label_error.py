"""The queue of suspected label errors; every button works without the script too."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from core.number import whole_number
from curation.pages.picture import thumb
from labeling.engine.schema import Schema, parse_schema
from labeling.models import SuspectLabel, SuspectState
from labeling.pages.project import rights_of
from labeling.services.label_error import (
    DECISIONS,
    count_suspects,
    decide_suspect,
    find_suspects,
    last_search,
    start_search,
)
from labeling.services.project import find_project, text_of

SEEN = ("review", "project.write", "data.read")
SEARCH = ("review", "project.write")
TITLES = (
    (SuspectState.OPEN, gettext_lazy("To look at")),
    (SuspectState.ACCEPTED, gettext_lazy("Changed")),
    (SuspectState.KEPT, gettext_lazy("Kept")),
)
# The texts of label-errors.js.
WORDS = [
    *(gettext_noop("Saving…"), gettext_noop("Changed to {label}"), gettext_noop("Kept"), gettext_noop("Undone")),
    gettext_noop("There is nothing to undo."),
]


class DecideForm(forms.Form):
    suspect = forms.IntegerField(min_value=1, max_value=2**62)
    decision = forms.ChoiceField(choices=[(name, name) for name in DECISIONS])


@method_decorator(ensure_csrf_cookie, name="dispatch")
class LabelErrorsPage(ScopedPage):
    scopes = {"GET": SEEN, "POST": SEARCH}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema = parse_schema(project.schema)
        state = request.GET.get("state", SuspectState.OPEN)
        state = state if state in SuspectState.values else SuspectState.OPEN
        after = whole_number(request.GET.get("cursor", "").removeprefix("after:"))
        found = find_suspects(actor=request.actor, project=project, state=state, after=after)
        for row in found.rows:
            _prepare(row, schema, request)
        counts = count_suspects(actor=request.actor, project=project)
        job = last_search(actor=request.actor, project=project)
        result = (job.result or {}) if job is not None and job.state == "succeeded" else {}
        context = {
            "project": project,
            "rows": found.rows,
            "older": "" if found.after is None else f"after:{found.after}",
            "is_deep": after is not None,
            "state": state,
            "states": [
                {"title": title, "rows": counts[name], "url": _address(pk, name), "chosen": name == state}
                for name, title in TITLES
            ],
            "job": job,
            "open_job": job if job is not None and job.finished_at is None else None,
            "result": result,
            "share": f"{result.get('accuracy_cv', 0):.0%}",
            "has_choice": schema.choice is not None,
            "may_search": any(request.actor.can(scope) for scope in SEARCH) and project.state != "archived",
            "may_decide": request.actor.can("review") and project.state != "archived",
            "page_words": {text: _(text) for text in WORDS},
            **rights_of(request),
        }
        return render(request, "labeling/label_errors.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        try:
            start_search(actor=request.actor, project_id=pk)
        except DomainError as error:
            if error.status == 404:
                raise
            messages.error(request, str(error.detail))
        return redirect("labeling:label-errors", pk)


class DecideSuspectPage(ScopedPage):
    scopes = {"POST": "review"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        form = DecideForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("This answer could not be read. Choose again."))
            return redirect("labeling:label-errors", pk)
        try:
            number, decision = form.cleaned_data["suspect"], form.cleaned_data["decision"]
            decide_suspect(actor=request.actor, suspect_id=number, decision=decision)
        except DomainError as error:
            messages.error(request, str(error.detail))
        state = request.GET.get("state", "")
        return redirect(_address(pk, state if state in SuspectState.values else SuspectState.OPEN))


def _address(pk: int, state: str) -> str:
    return reverse("labeling:label-errors", args=[pk]) + ("" if state == "open" else f"?{urlencode({'state': state})}")


def _prepare(row: Any, schema: Schema, request: PageRequest) -> None:
    """Add what the page shows of a row, and where its answer opens."""
    row.text = text_of(schema, row.task.data)
    row.thumb = thumb(str(row.task.data.get(schema.picture) or ""))
    row.percent = round(row.score * 100, 1)
    row.given_titles, row.suggested_titles = _titles(schema, row.given), _titles(schema, row.suggested)
    row.opens = _place_of(row, request)


def _titles(schema: Schema, values: list[str]) -> list[str]:
    titles = {label.value: label.title for label in schema.choice.labels} if schema.choice else {}
    return [titles.get(value) or value for value in values]


def _place_of(row: SuspectLabel, request: PageRequest) -> str:
    """Return the address of the labeling page on this answer; empty when it is not this person's to open."""
    answer = row.answer  # type: ignore[attr-defined]
    if answer is None:
        return ""
    is_own = answer.annotator_id == request.actor.user_id
    name = "labeling:label" if is_own else "labeling:review"
    if not request.actor.can("label" if is_own else "review"):
        return ""
    return f"{reverse(name, args=[row.project_id])}?annotation={row.annotation_number}"
