import json
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.pages.view import PageRequest, ScopedPage, form_errors, refused
from curation.models import Version
from curation.services.item import page_of_items
from labeling.models import TaskOrder
from labeling.offers import offers_for
from labeling.services.project import create_project, schema_for_labels
from labeling.services.task import plain

VERSIONS_OFFERED = 200
LABELS_OFFERED = 60
SAMPLES = 5
# A preview shows the beginning of a text; the page that labels shows all of it.
SAMPLE_CHARACTERS = 5_000


def read_schema(text: str) -> dict[str, Any]:
    """Return the JSON object that the editor, or a person, wrote into a form."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        message = _("This is not valid JSON. Undo the last change, or take a template.")
        raise forms.ValidationError(message) from None
    if not isinstance(schema, dict):
        raise forms.ValidationError(_("This must be an object with display and controls."))
    return schema


class ProjectForm(forms.Form):
    version = forms.ModelChoiceField(
        label=gettext_lazy("Version"),
        queryset=Version.objects.none(),
        help_text=gettext_lazy("Every item of this version becomes a task. The version itself never changes."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    schema = forms.CharField(
        label=gettext_lazy("Questions as JSON"),
        max_length=2_000_000,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "code"}),
        help_text=gettext_lazy("What is shown and asked. The editor writes it; copy it to use it in another project."),
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
    order = forms.ChoiceField(
        label=gettext_lazy("Order of the tasks"),
        choices=TaskOrder.choices,
        initial=TaskOrder.MIX,
        required=False,
        help_text=gettext_lazy(
            "Each time the model learns from the answers, tasks that nobody has begun are put in this order."
        ),
    )
    guidelines = forms.CharField(
        label=gettext_lazy("Guidelines"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("What the labels mean and how to decide in doubt, with examples. Markdown."),
    )

    def __init__(self, versions: Any, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["version"].queryset = versions  # type: ignore[attr-defined]
        self.fields["version"].label_from_instance = version_title  # type: ignore[attr-defined]

    def clean_schema(self) -> dict[str, Any]:
        return read_schema(self.cleaned_data["schema"])

    def arguments(self) -> dict[str, Any]:
        """Return the form as arguments of `create_project`."""
        fields = self.cleaned_data
        return {
            "version_id": fields["version"].pk,
            "name": fields["name"],
            "guidelines": fields["guidelines"],
            "overlap": fields["overlap"],
            "schema": fields["schema"],
            "order": fields["order"] or TaskOrder.MIX,
        }


def version_title(version: Version) -> str:
    return f"{version.dataset.name} v{version.number} ({version.row_count:,})"


def versions_of(request: PageRequest) -> Any:
    rows = Version.objects.visible_to(request.actor).filter(dataset__deleted_at=None, trashed_at=None)
    newest = rows.order_by("-pk").values_list("pk", flat=True)[:VERSIONS_OFFERED]
    return rows.select_related("dataset").filter(pk__in=list(newest)).order_by("-pk")


def columns_of(version: Version) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind in version.manifest.get("columns", []) if name != "item_id"]


def schema_of(version: Version) -> dict[str, Any]:
    """Return the questions that a version suggests by itself: a choice of the labels that it carries."""
    labels = [str(label) for label, _rows in version.manifest.get("stats", {}).get("labels", [])]
    roles = version.manifest.get("roles", {})
    fields = {"text_field": roles.get("text", ""), "image_field": roles.get("image", "")}
    return schema_for_labels(labels=labels[:LABELS_OFFERED], **fields)


def initial_of(version: Version | None) -> dict[str, Any]:
    if version is None:
        return {}
    name = f"{version.dataset.name} v{version.number}"[:120]
    schema = json.dumps(schema_of(version), ensure_ascii=False, indent=2)
    return {"version": version, "name": name, "schema": schema}


class NewProjectPage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}
    template = "labeling/project_new.html"

    def get(self, request: PageRequest) -> HttpResponse:
        versions = versions_of(request)
        given = request.GET.get("version", "")
        wanted = versions.filter(pk=int(given)) if given.isascii() and given.isdigit() and len(given) < 18 else versions
        version = wanted.first()
        form = ProjectForm(versions, initial=initial_of(version))
        context = {"form": form, "any": versions.exists(), "setup": setup_of(request, version)}
        return render(request, self.template, context)

    def post(self, request: PageRequest) -> HttpResponse:
        form = ProjectForm(versions_of(request), request.POST)
        sound = form.is_valid()
        # Before the service: a refused field leaves `cleaned_data`, and what was asked must stand in the editor again.
        setup = setup_of(request, form.cleaned_data.get("version"), form.cleaned_data.get("schema"))
        if sound:
            with form_errors(form):
                project, _job = create_project(actor=request.actor, **form.arguments())
                return redirect("labeling:project", project.pk)
        return refused(request, self.template, {"form": form, "any": True, "setup": setup})


def setup_of(
    request: PageRequest, version: Version | None, schema: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return what the editor needs: columns, a few items, the schema at hand and the templates that fit."""
    if version is None:
        return None
    columns = columns_of(version)
    found = page_of_items(actor=request.actor, version_id=version.pk, limit=SAMPLES)["results"]
    samples = [{name: _sample(row.get(name)) for name, _kind in columns} for row in found]
    roles = version.manifest.get("roles", {})
    return {
        "fields": [name for name, _kind in columns],
        "image": roles.get("image", ""),
        "samples": samples,
        "schema": schema_of(version) if schema is None else schema,
        "templates": offers_for(columns=columns, roles=roles, language=get_language() or "en"),
    }


def _sample(value: Any) -> Any:
    shown = plain(value)
    return shown[:SAMPLE_CHARACTERS] if isinstance(shown, str) else shown
