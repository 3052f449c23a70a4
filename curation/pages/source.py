from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core.errors import DomainError
from curation.models import Dataset, FetchState, Source
from curation.pages.fetch import fetches_of_source
from curation.pages.upload import ProvenanceForm
from curation.services.bucket_keys import key_names
from curation.services.source import FIELDS, change_source, create_source, delete_source, start_sync, visible_source

# Files that a source's page lists; the API gives those of every sync.
SHOWN = 50


class SourceForm(ProvenanceForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    endpoint = forms.CharField(
        label=gettext_lazy("Endpoint"),
        max_length=300,
        help_text=gettext_lazy(
            "Address of the service without the bucket, such as https://s3.eu-central-1.amazonaws.com."
        ),
    )
    region = forms.CharField(
        label=gettext_lazy("Region"), max_length=40, required=False, help_text=gettext_lazy("Such as eu-central-1.")
    )
    bucket = forms.CharField(label=gettext_lazy("Bucket"), max_length=63)
    keys_name = forms.ChoiceField(
        label=gettext_lazy("Access keys"),
        required=False,
        help_text=gettext_lazy("An operator keeps the keys on the server; here they only have names."),
    )
    # Django takes the fields of a form out of its class, so this one does not hide the form's own prefix.
    prefix = forms.CharField(  # type: ignore[assignment]
        label=gettext_lazy("Prefix"),
        max_length=900,
        required=False,
        strip=False,
        help_text=gettext_lazy("Only files whose key begins so, such as reviews/2024/."),
    )
    pattern = forms.CharField(
        label=gettext_lazy("Pattern"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Only files whose name fits, such as *.jsonl. Empty takes every file."),
    )

    def __init__(self, request: PageRequest, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        names = [("", _("none: a public bucket"))]
        try:
            names += [(name, name) for name in key_names(actor=request.actor)]
        except DomainError as error:
            self.fields["keys_name"].help_text = error.detail
        self.fields["keys_name"].choices = names  # type: ignore[attr-defined]


class SourcesPage(ScopedPage):
    """The buckets of a dataset, and a form for one more."""

    scopes = {"GET": "data.read", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        form = SourceForm(request) if request.actor.can("data.write") else None
        return self._show(request, pk, form)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        self._dataset(request, pk)
        form = SourceForm(request, request.POST)
        if form.is_valid():
            with form_errors(form):
                source = create_source(actor=request.actor, dataset_id=pk, **form.cleaned_data)
                return redirect("curation:source", source.pk)
        return self._show(request, pk, form, status=400)

    def _dataset(self, request: PageRequest, pk: int) -> Dataset:
        rows = Dataset.objects.visible_to(request.actor).filter(deleted_at=None)
        return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]

    def _show(self, request: PageRequest, pk: int, form: SourceForm | None, status: int = 200) -> HttpResponse:
        dataset = self._dataset(request, pk)
        sources = dataset.sources.select_related("job").order_by("-pk")[:SHOWN]
        context = {"dataset": dataset, "sources": sources, "form": form, "add": _("Add it")}
        return render(request, "curation/sources.html", context, status=status)


class SourcePage(ScopedPage):
    """A bucket: its newest sync, and what came of its files."""

    scopes = {"GET": "data.read", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        source = visible_source(request.actor, pk)
        rows = fetches_of_source(source.pk)
        refused = list(rows.filter(state=FetchState.REFUSED)[:SHOWN])
        others = list(rows.exclude(state=FetchState.REFUSED)[: SHOWN - len(refused)])
        job = source.job
        context = {
            "source": source,
            "dataset": source.dataset,
            "job": job,
            "running": job is not None and job.is_open,
            "result": (job.result if job else None) or {},
            "sentences": sentences(job.result) if job and job.result else [],
            "rows": [*refused, *others],
            "refused": refused,
            "may_write": request.actor.can("data.write"),
        }
        return render(request, "curation/source.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        start_sync(actor=request.actor, source_id=pk, again="again" in request.POST)
        return redirect("curation:source", pk)


class EditSourcePage(ScopedPage):
    """Changes a source, or forgets it."""

    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        source = visible_source(request.actor, pk)
        form = SourceForm(request, initial={name: getattr(source, name) for name in FIELDS})
        return self._show(request, source, form)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        source = visible_source(request.actor, pk)
        if "forget" in request.POST:
            delete_source(actor=request.actor, source_id=pk)
            messages.success(request, _("The source is forgotten; its versions stay."))
            return redirect("curation:sources", source.dataset_id)
        form = SourceForm(request, request.POST)
        if form.is_valid():
            with form_errors(form):
                change_source(actor=request.actor, source_id=pk, **form.cleaned_data)
                return redirect("curation:source", pk)
        return self._show(request, source, form, status=400)

    def _show(self, request: PageRequest, source: Source, form: SourceForm, status: int = 200) -> HttpResponse:
        context = {"source": source, "dataset": source.dataset, "form": form, "save": _("Save")}
        return render(request, "curation/source_edit.html", context, status=status)


def sentences(result: dict[str, Any]) -> list[str]:
    """Say what a sync found, so that nobody must guess why nothing came."""
    found = []
    if result.get("version"):
        files = ngettext("%(count)s file", "%(count)s files", result["files"]) % {"count": result["files"]}
        rows = ngettext("%(count)s row", "%(count)s rows", result["added"]) % {"count": result["added"]}
        found.append(_("%(files)s with %(rows)s came in.") % {"files": files, "rows": rows})
    elif not result.get("listed"):
        found.append(_("The bucket holds nothing below this prefix. Prefixes are compared letter by letter."))
    elif result.get("passed_over") == result["listed"]:
        detail = _("None of the %(count)s files below this prefix fits the pattern.")
        found.append(detail % {"count": result["listed"]})
    else:
        found.append(
            _("Nothing is new: no version was made. %(count)s files were taken before.") % {"count": result["known"]}
        )
    if result.get("files_refused"):
        found.append(_("Files that were refused: %(count)s. The list says why.") % {"count": result["files_refused"]})
    if result.get("left"):
        found.append(
            _("%(count)s more files wait: one sync takes a limited number. Sync again.") % {"count": result["left"]}
        )
    return found
