"""Other questions for a project that has answers: the editor, a preview of what happens, and the decision."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.pages.view import PageRequest, ScopedPage, form_errors, refused
from labeling.engine.schema_change import Label
from labeling.models import Project
from labeling.pages.new_project import read_schema, setup_of
from labeling.services.project import find_project, last_change_job
from labeling.services.schema_change import change_schema, preview_change, resume_change

# What a person may wish for a label that goes away; a new label's value has "to:" before it.
LEAVE_OUT, ASK_AGAIN, BECOME = "leave", "again", "to:"


class QuestionsForm(forms.Form):
    schema = forms.CharField(
        label=gettext_lazy("Questions as JSON"),
        max_length=2_000_000,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "code"}),
        help_text=gettext_lazy("What is shown and asked. The editor writes it; copy it to use it in another project."),
    )
    schema_revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def clean_schema(self) -> dict[str, Any]:
        return read_schema(self.cleaned_data["schema"])


class WishForm(forms.Form):
    """One select for each label that goes away, named by its place in the list of them."""

    def __init__(self, gone: list[dict[str, Any]], data: Any = None) -> None:
        super().__init__(data)
        self.gone = gone
        for number, row in enumerate(gone):
            choices = [(LEAVE_OUT, _("Leave it out of the answers")), (ASK_AGAIN, _("Ask these items again"))]
            choices += [
                (f"{BECOME}{value}", _("It becomes %(label)s") % {"label": value}) for value in row["may_become"]
            ]
            named = {"label": row["value"], "control": row["control"]}
            label = _("%(label)s in %(control)s") % named
            self.fields[f"wish_{number}"] = forms.ChoiceField(label=label, choices=choices, required=False)

    def wishes(self) -> dict[str, Any]:
        """Return `renamed` and `reopened` as the service takes them."""
        renamed: dict[Label, str] = {}
        reopened: set[Label] = set()
        for number, row in enumerate(self.gone):
            wish = self.cleaned_data.get(f"wish_{number}") or LEAVE_OUT
            label = (row["control"], row["value"])
            if wish == ASK_AGAIN:
                reopened.add(label)
            elif wish.startswith(BECOME):
                renamed[label] = wish.removeprefix(BECOME)
        return {"renamed": renamed, "reopened": frozenset(reopened)}

    def rows(self) -> list[tuple[Any, dict[str, Any]]]:
        """Return each select with what it is about."""
        return [(self[f"wish_{number}"], row) for number, row in enumerate(self.gone)]


def kinds() -> dict[str, str]:
    """Return what becomes of an answer, in words."""
    return {
        "kept": _("stay as they are"),
        "renamed": _("get the new names"),
        "reduced": _("lose a part"),
        "incomplete": _("stay, marked as incomplete"),
        "reopened": _("are asked again"),
    }


class QuestionsPage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}
    template = "labeling/questions.html"

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        text = json.dumps(project.schema, ensure_ascii=False, indent=2)
        form = QuestionsForm(initial={"schema": text, "schema_revision": project.schema_revision})
        return render(request, self.template, self._context(request, project, form, project.schema))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        if request.POST.get("step") == "resume":
            resume_change(actor=request.actor, project_id=pk)
            return redirect("labeling:project", pk)
        form = QuestionsForm(request.POST)
        if not form.is_valid():
            schema = form.cleaned_data.get("schema")
            return refused(request, self.template, self._context(request, project, form, schema or project.schema))
        schema = form.cleaned_data["schema"]
        context = self._context(request, project, form, schema)
        with form_errors(form):
            found = preview_change(actor=request.actor, project_id=pk, schema=schema)
            wishes = WishForm(found["gone"], request.POST)
            chosen = wishes.wishes() if wishes.is_valid() else {}
            if request.POST.get("step") == "save" and wishes.is_valid():
                return self._save(request, project, form, chosen)
            if any(chosen.values()):
                found = preview_change(actor=request.actor, project_id=pk, schema=schema, **chosen)
            return render(request, self.template, {**context, **_preview(found, wishes)})
        return refused(request, self.template, context)

    def _save(
        self, request: PageRequest, project: Project, form: QuestionsForm, chosen: dict[str, Any]
    ) -> HttpResponse:
        _project, job = change_schema(actor=request.actor, project_id=project.pk, **form.cleaned_data, **chosen)
        if job is None:
            messages.info(request, _("Nothing was changed."))
        return redirect("labeling:project", project.pk)

    def _context(
        self, request: PageRequest, project: Project, form: QuestionsForm, schema: dict[str, Any]
    ) -> dict[str, Any]:
        last = last_change_job(project)
        return {
            "project": project,
            "form": form,
            "setup": {**(setup_of(request, project.version, schema) or {}), "templates": []},
            "last": last if last is not None and last.state != "succeeded" else None,
            "language": get_language() or "en",
        }


def _preview(found: dict[str, Any], wishes: WishForm) -> dict[str, Any]:
    said = kinds()
    sample = found["sample"]
    return {
        "preview": found,
        "wishes": wishes,
        "kinds": [(said[kind], count) for kind, count in sample["kinds"].items() if count],
        "examples": [{**row, "said": said[row["kind"]]} for row in sample["examples"]],
    }
