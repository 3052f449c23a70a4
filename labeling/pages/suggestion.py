"""Where the suggestions of a project come from: its own model, rules, predictions of others, and a server."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from labeling.engine.schema import parse_schema
from labeling.models import Backend, Project
from labeling.pages.project import rights_of
from labeling.services import backend as backends
from labeling.services import prediction_import
from labeling.services.project import change_project, find_project, project_figures
from labeling.services.suggestion import LONGEST_SOURCE
from workers.models import Job

SEEN = ("review", "project.write", "data.read")
KINDS = (backends.KIND, prediction_import.KIND, "modeling.suggest")


class OwnForm(forms.Form):
    own_suggestions = forms.BooleanField(
        label=gettext_lazy("The project's own model suggests labels"),
        required=False,
        help_text=gettext_lazy(
            "Switched off, only what rules, a server or your predictions say is shown. The model still learns and "
            "puts the tasks in order."
        ),
    )


class ColumnForm(forms.Form):
    column = forms.ChoiceField(
        label=gettext_lazy("Column with the prediction"),
        help_text=gettext_lazy("A label in each cell, several with | between them; other answers as JSON."),
    )
    confidence = forms.ChoiceField(label=gettext_lazy("Column with the confidence, 0 to 1"), required=False)
    control = forms.ChoiceField(label=gettext_lazy("Question that it answers"))
    source = forms.CharField(
        label=gettext_lazy("Name of the model"), max_length=LONGEST_SOURCE, required=False,
        help_text=gettext_lazy("As annotators read it; the column's name otherwise."),
    )  # fmt: skip

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        columns = [name for name, _kind in project.version.manifest.get("columns", []) if name != "item_id"]
        schema = parse_schema(project.schema)
        first = schema.classifier or schema.controls[0]
        controls = [first, *(control for control in schema.controls if control is not first)]
        choices: dict[str, list[tuple[str, Any]]] = {
            "column": [(name, name) for name in columns],
            "confidence": [("", _("none")), *((name, name) for name in columns)],
            "control": [(control.name, control.title or control.name) for control in controls],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]


class BackendForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address of the server"), max_length=backends.LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://models.example.org:9090", "autocomplete": "off"}),
        help_text=gettext_lazy("It answers health, setup and predict as Label Studio's ML backends do."),
    )  # fmt: skip
    user = forms.CharField(
        label=gettext_lazy("User"), max_length=200, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password"), max_length=500, required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Left empty, the stored one stays while address and user do."),
    )  # fmt: skip
    live = forms.BooleanField(
        label=gettext_lazy("Ask again for the next tasks as people go on"), required=False,
        help_text=gettext_lazy("Each time the project's own suggestions are due."),
    )  # fmt: skip


class AskForm(forms.Form):
    tasks = forms.IntegerField(
        label=gettext_lazy("For how many of the next tasks"), min_value=1, max_value=backends.MOST_TASKS, initial=1_000
    )


class SuggestionsPage(ScopedPage):
    scopes = {"GET": SEEN, "POST": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, find_project(actor=request.actor, project_id=pk))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        steps = {
            "own": self._own,
            "column": self._column,
            "backend": self._backend,
            "check": self._check,
            "ask": self._ask,
            "remove": self._remove,
        }
        carry_out = steps.get(request.POST.get("step", ""))
        refused = None if carry_out is None else carry_out(request, project)
        return redirect("labeling:suggestions", pk) if refused is None else self._show(request, project, **refused)

    def _own(self, request: PageRequest, project: Project) -> None:
        change_project(actor=request.actor, project_id=project.pk, own_suggestions="own_suggestions" in request.POST)
        messages.success(request, _("Noted."))

    def _column(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = ColumnForm(project, request.POST)
        if form.is_valid():
            with form_errors(form):
                prediction_import.start_import(actor=request.actor, project_id=project.pk, **form.cleaned_data)
                return None
        return {"column": form}

    def _backend(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = BackendForm(request.POST)
        if form.is_valid():
            given = {**form.cleaned_data, "password": form.cleaned_data["password"] or None}
            with form_errors(form):
                backends.save_backend(actor=request.actor, project_id=project.pk, **given)
                backends.start_ask(actor=request.actor, project_id=project.pk, only_check=True)
                return None
        return {"server": form}

    def _check(self, request: PageRequest, project: Project) -> None:
        self._send(request, project, only_check=True)

    def _ask(self, request: PageRequest, project: Project) -> dict[str, Any] | None:
        form = AskForm(request.POST)
        if not form.is_valid():
            return {"ask": form}
        self._send(request, project, tasks=form.cleaned_data["tasks"])
        return None

    def _send(self, request: PageRequest, project: Project, **how: Any) -> None:
        try:
            backends.start_ask(actor=request.actor, project_id=project.pk, **how)
        except DomainError as error:
            messages.error(request, str(error.detail))

    def _remove(self, request: PageRequest, project: Project) -> None:
        backends.remove_backend(actor=request.actor, project_id=project.pk)
        messages.success(request, _("The server is asked no more. What it suggested stays."))

    def _show(self, request: PageRequest, project: Project, **refused: Any) -> HttpResponse:
        backend = backends.find_backend(actor=request.actor, project=project)
        jobs = Job.objects.visible_to(request.actor).filter(subject=f"project:{project.pk}", kind__in=KINDS)
        recent = list(jobs.order_by("-pk")[:8])
        context = {
            "project": project,
            "figures": project_figures(project=project),
            "backend": backend,
            "open_job": next((job for job in recent if job.finished_at is None), None),
            "asked": _newest(recent, backends.KIND),
            "imported": _newest(recent, prediction_import.KIND),
            "own": OwnForm(initial={"own_suggestions": project.own_suggestions}),
            "column": ColumnForm(project),
            "server": BackendForm(initial=_initial(backend)),
            "ask": AskForm(),
            "archived": project.state == "archived",
            **rights_of(request),
            **refused,
        }
        return render(request, "labeling/suggestions.html", context, status=400 if refused else 200)


def _newest(jobs: list[Job], kind: str) -> Job | None:
    """Return the newest job of a kind that has ended."""
    return next((job for job in jobs if job.kind == kind and job.finished_at is not None), None)


def _initial(backend: Backend | None) -> dict[str, Any]:
    return {} if backend is None else {"url": backend.url, "user": backend.user, "live": backend.live}
