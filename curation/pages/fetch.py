from typing import Any

from django import forms
from django.db.models import Case, IntegerField, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import NotFound
from curation.models import Dataset, Fetch, FetchState
from curation.pages.upload import ProvenanceForm, newest_number, offer_append
from curation.services.fetch import ADDRESS_LENGTH, ADDRESS_LIMIT, fetches_of_job, retry_refused, start_fetch
from workers.models import Job

# What one page lists, the refused ones first; the API gives them all.
SHOWN = 200


class AddressesForm(ProvenanceForm):
    urls = forms.CharField(
        label=gettext_lazy("Addresses of files"),
        max_length=ADDRESS_LIMIT * (ADDRESS_LENGTH + 2),
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "placeholder": "https://example.com/reviews.csv"}
        ),
        help_text=gettext_lazy(
            "One a line, https:// or http://. Any format that a file may have, archives included. Only hosts on the "
            "public internet, unless an operator allows others by name."
        ),
    )
    append = forms.ChoiceField(label=gettext_lazy("What they become"), widget=forms.RadioSelect, required=False)

    def __init__(self, newest: int | None, data: Any = None) -> None:
        super().__init__(data)
        offer_append(self, newest)


class AddressesPage(ScopedPage):
    """Where addresses of files are written down."""

    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        dataset = self._dataset(request, pk)
        return self._show(request, dataset, AddressesForm(newest_number(dataset)))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        dataset = self._dataset(request, pk)
        form = AddressesForm(newest_number(dataset), request.POST)
        if form.is_valid():
            said = dict(form.cleaned_data)
            append, urls = bool(said.pop("append", "")), said.pop("urls").splitlines()
            with form_errors(form):
                job = start_fetch(actor=request.actor, dataset_id=pk, urls=urls, append=append, **said)
                return redirect("curation:fetches", job.pk)
        return self._show(request, dataset, form, status=400)

    def _dataset(self, request: PageRequest, pk: int) -> Dataset:
        rows = Dataset.objects.visible_to(request.actor).filter(deleted_at=None)
        return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]

    def _show(self, request: PageRequest, dataset: Dataset, form: AddressesForm, status: int = 200) -> HttpResponse:
        context = {"dataset": dataset, "form": form}
        return render(request, "curation/import_addresses.html", context, status=status)


class FetchesPage(ScopedPage):
    """The files that a job gets itself: how far it is, and what became of each."""

    scopes = {"GET": "data.read", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = refused_first(fetches_of_job(actor=request.actor, job_id=pk))
        listed = list(rows[: SHOWN + 1])
        if not listed:
            raise NotFound(_("This job fetches no files."))
        job = get_object_or_404(Job.objects.visible_to(request.actor), pk=pk)
        refused = any(row.state == FetchState.REFUSED for row in listed[:1])
        may_write = request.actor.can("data.write")
        context = {
            "job": job,
            "dataset": get_object_or_404(Dataset.objects.visible_to(request.actor), pk=listed[0].dataset_id),
            "rows": listed[:SHOWN],
            "left_out": rows.count() - SHOWN if len(listed) > SHOWN else 0,
            "result": job.result or {},
            "may_write": may_write,
            "may_retry": may_write and refused and not job.is_open and job.kind == "curation.import_addresses",
        }
        return render(request, "curation/fetches.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        job = retry_refused(actor=request.actor, job_id=pk)
        return redirect("curation:fetches", job.pk)


def refused_first(rows: Any) -> Any:
    """Return fetches with those that somebody must look at in front."""
    rank = Case(When(state=FetchState.REFUSED, then=0), default=1, output_field=IntegerField())
    queryset: Any = rows.alias(rank=rank).select_related("upload").defer("upload__profile")
    return queryset.order_by("rank", "number", "pk")


def fetches_of_source(source_id: int) -> Any:
    """Return what was got from a source, the newest first."""
    rows = Fetch.objects.filter(source_id=source_id).select_related("upload").defer("upload__profile")
    return rows.order_by("-pk")
