"""A project from a labeled dataset of another tool: the file is sent, and a job makes of it what it says."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from curation.services.dataset import create_dataset
from curation.services.upload import receive_upload
from labeling.engine.formats.table import FORMATS
from labeling.services.labeled_import import KIND, free_name, start_labeled_import
from workers.models import Job


class LabeledImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"), max_length=1000,
        help_text=gettext_lazy("As the other tool exports it; with pictures a zip that holds them too."),
    )  # fmt: skip
    name = forms.CharField(label=gettext_lazy("Name of the project"), max_length=120)
    format = forms.ChoiceField(
        label=gettext_lazy("Format"), required=False,
        help_text=gettext_lazy("Found by the content; say it when it is found wrong."),
    )  # fmt: skip
    licence = forms.CharField(label=gettext_lazy("Licence"), max_length=120, required=False)
    source = forms.CharField(label=gettext_lazy("Source"), max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(name, each.title) for name, each in FORMATS.items()]
        self.fields["format"].choices = [("", _("found by itself")), *found]  # type: ignore[attr-defined]


class LabeledImportPage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._show(request, LabeledImportForm())

    def post(self, request: PageRequest) -> HttpResponse:
        form = LabeledImportForm(request.POST, request.FILES)
        if form.is_valid():
            chosen = form.cleaned_data
            with form_errors(form):
                name = free_name(actor=request.actor, name=chosen["name"])
                dataset = create_dataset(actor=request.actor, name=name)
                said = {"licence": chosen["licence"], "source": chosen["source"]}
                upload = receive_upload(actor=request.actor, dataset_id=dataset.pk, file=chosen["file"], **said)
                wish = {"name": name, "file_format": chosen["format"]}
                job = start_labeled_import(actor=request.actor, upload_id=upload.pk, **wish)
                return redirect("labeling:labeled-import-job", job.pk)
        return self._show(request, form, status=400)

    def _show(self, request: PageRequest, form: LabeledImportForm, status: int = 200) -> HttpResponse:
        titles = [each.title for each in FORMATS.values()]
        return render(request, "labeling/labeled_import.html", {"form": form, "titles": titles}, status=status)


class LabeledImportJobPage(ScopedPage):
    """How an import goes; leads to its project when that is there."""

    scopes = {"GET": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        job = get_object_or_404(Job.objects.visible_to(request.actor), pk=pk)
        result = job.result if job.kind == KIND and job.state == "succeeded" else None
        if not result:
            return render(request, "labeling/labeled_import_job.html", {"job": job})
        if lost := sum(result["losses"].values()):
            detail = ngettext(
                "%(count)s object was left out or changed; the file's page lists it.",
                "%(count)s objects were left out or changed; the file's page lists them.",
                lost,
            )
            messages.warning(request, detail % {"count": lost})
        return redirect("labeling:project", result["project"])
