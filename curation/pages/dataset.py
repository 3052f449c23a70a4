from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors, page_of, refused
from curation.models import Dataset, Run, Upload, Version
from curation.services.dataset import change_dataset, create_dataset, restore_dataset, trash_dataset
from workers.models import OPEN_STATES, Job

# What one page lists of uploads and runs; older ones are reached from the versions they made.
RECENT = 10
VERSION_ROWS = 100


class DatasetForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class DatasetsPage(ScopedPage):
    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest) -> HttpResponse:
        newest = Version.objects.filter(dataset=OuterRef("pk")).order_by("-number")
        trash = "trash" in request.GET
        rows = Dataset.objects.visible_to(request.actor).filter(deleted_at__isnull=not trash)
        rows = rows.annotate(
            newest_id=Subquery(newest.values("pk")[:1]),
            newest_number=Subquery(newest.values("number")[:1]),
            newest_rows=Subquery(newest.values("row_count")[:1]),
        )
        may_write = request.actor.can("data.write")
        return render(
            request, "curation/datasets.html", {"page": page_of(request, rows), "may_write": may_write, "trash": trash}
        )


class NewDatasetPage(ScopedPage):
    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest) -> HttpResponse:
        return render(request, "curation/dataset_new.html", {"form": DatasetForm()})

    def post(self, request: PageRequest) -> HttpResponse:
        form = DatasetForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                dataset = create_dataset(actor=request.actor, **form.cleaned_data)
                return redirect("curation:import", dataset.pk)
        return refused(request, "curation/dataset_new.html", {"form": form})


class DatasetPage(ScopedPage):
    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        dataset = get_object_or_404(Dataset.objects.visible_to(request.actor).filter(deleted_at=None), pk=pk)
        trash = "trash" in request.GET
        versions = dataset.versions.filter(trashed_at__isnull=not trash).defer("manifest")
        versions = versions.select_related("parent", "created_by", "made_by").prefetch_related("tags")
        jobs = Job.objects.visible_to(request.actor).filter(subject=f"dataset:{pk}", state__in=OPEN_STATES)
        uploads = Upload.objects.filter(dataset=dataset).defer("profile").select_related("job")
        failed_runs = Run.objects.filter(input__dataset=dataset, output=None, job__state="failed")
        context: dict[str, Any] = {
            "dataset": dataset,
            "versions": list(versions.order_by("-number")[:VERSION_ROWS]),
            "jobs": jobs.order_by("-pk")[:RECENT],
            "uploads": uploads.order_by("-pk")[:RECENT],
            "sources": dataset.sources.select_related("job").order_by("-pk")[:RECENT],
            "failed_runs": failed_runs.select_related("job", "input").order_by("-pk")[:RECENT],
            "may_write": request.actor.can("data.write"),
            "trash": trash,
            "in_trash": dataset.versions.exclude(trashed_at=None).exists(),
        }
        return render(request, "curation/dataset.html", context)


class EditDatasetPage(ScopedPage):
    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        dataset = get_object_or_404(Dataset.objects.visible_to(request.actor).filter(deleted_at=None), pk=pk)
        form = DatasetForm(initial={"name": dataset.name, "description": dataset.description})
        return render(request, "curation/dataset_edit.html", {"form": form, "dataset": dataset})

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        dataset = get_object_or_404(Dataset.objects.visible_to(request.actor).filter(deleted_at=None), pk=pk)
        form = DatasetForm(request.POST)
        if form.is_valid():
            with form_errors(form):
                change_dataset(actor=request.actor, dataset_id=pk, **form.cleaned_data)
                return redirect("curation:dataset", pk)
        return refused(request, "curation/dataset_edit.html", {"form": form, "dataset": dataset})


class TrashDatasetPage(ScopedPage):
    """Puts a dataset in the trash, or brings it back with ?restore."""

    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        if "restore" in request.POST:
            dataset = restore_dataset(actor=request.actor, dataset_id=pk)
            messages.success(request, _("%(name)s is back.") % {"name": dataset.name})
            return redirect("curation:dataset", pk)
        trash_dataset(actor=request.actor, dataset_id=pk)
        messages.success(request, _("The dataset is in the trash. You can bring it back from there."))
        return redirect("curation:datasets")
