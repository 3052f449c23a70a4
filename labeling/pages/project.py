import re
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage, form_errors, page_of, refused
from core.errors import DomainError
from curation.models import Version
from labeling.models import Annotation, Project, ProjectState
from labeling.services.project import (
    change_project,
    create_project,
    find_project,
    project_figures,
    schema_for_labels,
    start_publish,
)
from workers.models import Job

VERSIONS_OFFERED = 200
LABELS_OFFERED = 60
_line = re.compile(r"(?P<value>.*?)(?:\s*\[(?P<key>\S)\])?")


class ProjectForm(forms.Form):
    version = forms.ModelChoiceField(
        label=gettext_lazy("Version"),
        queryset=Version.objects.none(),
        help_text=gettext_lazy("Every item of this version becomes a task. The version itself never changes."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    labels = forms.CharField(
        label=gettext_lazy("Labels"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "One on each line. The keys 1 to 9 choose the first nine; write a key of your own in brackets: spam [s]"
        ),
    )
    guidelines = forms.CharField(
        label=gettext_lazy("Guidelines"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("What the labels mean and how to decide in doubt, with examples. Markdown."),
    )
    overlap = forms.IntegerField(
        label=gettext_lazy("People for each item"),
        min_value=1,
        max_value=20,
        initial=1,
        help_text=gettext_lazy(
            "With more than one, the majority decides and the agreement is published with the label."
        ),
    )

    def __init__(self, versions: Any, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["version"].queryset = versions  # type: ignore[attr-defined]
        self.fields["version"].label_from_instance = version_title  # type: ignore[attr-defined]

    def clean_labels(self) -> list[tuple[str, str]]:
        rows = [_line.fullmatch(line.strip()) for line in self.cleaned_data["labels"].splitlines() if line.strip()]
        found = [(row["value"], row["key"] or "") for row in rows if row is not None]
        if len({value for value, _key in found}) < 2:
            raise forms.ValidationError(_("Write at least two labels that differ."))
        return found

    def arguments(self) -> dict[str, Any]:
        """Return the form as arguments of `create_project`."""
        fields = self.cleaned_data
        text_field = fields["version"].manifest.get("roles", {}).get("text")
        if not text_field:
            raise DomainError(
                "version_without_text",
                _("This version has no text column, so there is nothing to show. Choose another version."),
                field="version",
            )
        schema = schema_for_labels(
            labels=[value for value, _key in fields["labels"]],
            text_field=text_field,
            keys={value: key for value, key in fields["labels"] if key},
        )
        return {
            "version_id": fields["version"].pk,
            "name": fields["name"],
            "guidelines": fields["guidelines"],
            "overlap": fields["overlap"],
            "schema": schema,
        }


class PublishForm(forms.Form):
    only_labeled = forms.BooleanField(label=gettext_lazy("Leave out items without a label"), required=False)
    keep_labels = forms.BooleanField(
        label=gettext_lazy("Items that nobody answered keep the label they came with"), required=False, initial=True
    )
    validation = forms.FloatField(label=gettext_lazy("Share for validation"), min_value=0, max_value=0.9, initial=0.1)
    test = forms.FloatField(label=gettext_lazy("Share for the test"), min_value=0, max_value=0.9, initial=0.2)
    seed = forms.IntegerField(label=gettext_lazy("Seed of the split"), min_value=0, max_value=2**31 - 1, initial=0)


class StateForm(forms.Form):
    state = forms.ChoiceField(choices=ProjectState.choices)


def version_title(version: Version) -> str:
    return f"{version.dataset.name} v{version.number} ({version.row_count:,})"


def versions_of(request: PageRequest) -> Any:
    rows = Version.objects.visible_to(request.actor).filter(dataset__deleted_at=None, trashed_at=None)
    rows = rows.select_related("dataset")
    newest = rows.order_by("-pk").values_list("pk", flat=True)[:VERSIONS_OFFERED]
    return rows.filter(pk__in=list(newest)).order_by("-pk")


def initial_of(version: Version | None) -> dict[str, Any]:
    if version is None:
        return {}
    labels = [str(label) for label, _rows in version.manifest.get("stats", {}).get("labels", [])]
    name = f"{version.dataset.name} v{version.number}"[:120]
    return {"version": version, "name": name, "labels": "\n".join(labels[:LABELS_OFFERED])}


class ProjectsPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest) -> HttpResponse:
        page = page_of(request, Project.objects.visible_to(request.actor).select_related("version__dataset"))
        return render(request, "labeling/projects.html", {"page": page, **_rights(request)})


class NewProjectPage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}
    template = "labeling/project_new.html"

    def get(self, request: PageRequest) -> HttpResponse:
        versions = versions_of(request)
        given = request.GET.get("version", "")
        wanted = versions.filter(pk=int(given)) if given.isascii() and given.isdigit() and len(given) < 18 else versions
        form = ProjectForm(versions, initial=initial_of(wanted.first()))
        return render(request, self.template, {"form": form, "any": versions.exists()})

    def post(self, request: PageRequest) -> HttpResponse:
        form = ProjectForm(versions_of(request), request.POST)
        if form.is_valid():
            with form_errors(form):
                project, _job = create_project(actor=request.actor, **form.arguments())
                return redirect("labeling:project", project.pk)
        return refused(request, self.template, {"form": form, "any": True})


class ProjectPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        rights = _rights(request)
        figures = project_figures(project=project)
        if not rights["may_see"]:
            figures["people"] = [row for row in figures["people"] if row["user"] == request.actor.user_id]
        most = max([row["count"] for row in figures["labels"]], default=0)
        jobs = Job.objects.visible_to(request.actor).filter(subject=f"project:{project.pk}").order_by("-pk")
        context = {
            "project": project,
            "figures": figures,
            "label_rows": [{"label": row["title"], "value": row["count"]} for row in figures["labels"]],
            "most": most,
            "jobs": list(jobs[:5]) if rights["may_see"] else [],
            "open_job": jobs.filter(finished_at=None).first(),
            "publish": PublishForm(),
            "published": list(project.version.children.filter(kind="publish").order_by("-number")[:5]),
            "states": ProjectState.choices,
            **rights,
        }
        return render(request, "labeling/project.html", context)


class PublishPage(ScopedPage):
    scopes = {"POST": "project.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        form = PublishForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                start_publish(actor=request.actor, project_id=pk, options=form.cleaned_data)
                return redirect("labeling:project", pk)
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return redirect("labeling:project", pk)


class StatePage(ScopedPage):
    scopes = {"POST": "project.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        find_project(actor=request.actor, project_id=pk)
        form = StateForm(request.POST)
        if form.is_valid():
            change_project(actor=request.actor, project_id=pk, state=form.cleaned_data["state"])
        else:
            messages.error(request, _("There is no such state."))
        return redirect("labeling:project", pk)


class ResultsPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        rows = Annotation.objects.visible_to(request.actor).filter(project=project)
        page = page_of(request, rows.select_related("task", "annotator"))
        field = project.schema["display"][0]["field"]
        for row in page.rows:
            row.text = row.task.data.get(field) or ""
            row.chosen = [value for values in (row.answer or {}).values() for value in values]
        return render(request, "labeling/results.html", {"project": project, "page": page, **_rights(request)})


@method_decorator(ensure_csrf_cookie, name="dispatch")
class LabelPage(ScopedPage):
    scopes = {"GET": "label"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return render(request, "labeling/page.html", {"project": find_project(actor=request.actor, project_id=pk)})


def _rights(request: HttpRequest) -> dict[str, bool]:
    actor = request.actor  # type: ignore[attr-defined]
    return {
        "may_write": actor.can("project.write"),
        "may_label": actor.can("label"),
        "may_see": actor.can("data.read") or actor.can("review") or actor.can("project.write"),
    }
