from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from core import objects
from core.errors import NotFound
from curation.engine.readers.encoding import CODECS
from curation.models import Dataset, Upload
from curation.sentences import in_words
from curation.services.upload import preview_upload, receive_upload, start_import

DELIMITERS = [
    (",", gettext_lazy("comma ,")),
    (";", gettext_lazy("semicolon ;")),
    ("\t", gettext_lazy("tab")),
    ("|", gettext_lazy("bar |")),
]
NONE = ""
FORMAT_NAMES = {
    "texts": gettext_lazy("archive of texts"),
    "tables": gettext_lazy("archive of tables"),
    "images": gettext_lazy("pictures"),
    "parquet": "Parquet",
    "arrow": "Arrow",
}
# Which choices make sense for which formats; the others find everything in the file.
READ_WITH = {
    "encoding": {"csv", "tsv", "json", "jsonl"},
    "delimiter": {"csv", "tsv"},
    "header": {"csv", "tsv", "xlsx"},
    "sheet": {"xlsx"},
}


class ProvenanceForm(forms.Form):
    """Where rows come from; kept for each item."""

    licence = forms.CharField(
        label=gettext_lazy("Licence"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Such as CC BY 4.0; every version made from this file carries it."),
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Where the data comes from: a client, a contract, an address."),
    )

    consent = forms.CharField(
        label=gettext_lazy("Consent basis"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("On what ground the data may be used: consent, a contract, a public licence."),
    )
    collected_on = forms.DateField(
        label=gettext_lazy("Collection date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The day, or the last day, on which the data was collected."),
    )


class FileForm(ProvenanceForm):
    file = forms.FileField(label=gettext_lazy("File"), max_length=1000, allow_empty_file=True)


def offer_append(form: forms.Form, newest: int | None) -> None:
    """Let a form ask whether rows are added to the newest version, when there is one."""
    if newest is None:
        del form.fields["append"]
        return
    choices = [
        ("", _("A version of these rows alone")),
        ("yes", _("Add them to v%(number)s: its rows and ids stay, these come behind them") % {"number": newest}),
    ]
    form.fields["append"].choices = choices  # type: ignore[attr-defined]


def newest_number(dataset: Dataset) -> int | None:
    """Return the number of the version that rows would be added to."""
    rows = dataset.versions.filter(trashed_at=None, purged_at=None)
    return rows.aggregate(newest=Max("number"))["newest"]  # type: ignore[no-any-return]


class ReadingForm(forms.Form):
    """How to read the file; starts from what was found in it."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=[(name, name) for name in CODECS])
    delimiter = forms.ChoiceField(label=gettext_lazy("Delimiter"), choices=DELIMITERS, required=False)
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)
    header = forms.BooleanField(label=gettext_lazy("The first row names the columns"), required=False)
    text = forms.ChoiceField(label=gettext_lazy("Text column"), required=False)
    label = forms.ChoiceField(label=gettext_lazy("Label column"), required=False)
    id = forms.ChoiceField(label=gettext_lazy("Id column"), required=False)
    append = forms.ChoiceField(label=gettext_lazy("What it becomes"), widget=forms.RadioSelect, required=False)

    def __init__(self, profile: dict[str, Any], newest: int | None = None, data: Any = None) -> None:
        roles = profile["roles"]
        first = {key: profile[key] for key in ("encoding", "delimiter", "header", "sheet")}
        super().__init__(data, initial={**first, **{role: roles.get(role, NONE) for role in ("text", "label", "id")}})
        columns = [(NONE, _("none")), *((name, name) for name in profile["columns"])]
        for role in ("text", "label", "id"):
            self.fields[role].choices = columns  # type: ignore[attr-defined]
        if profile["delimiter"] and profile["delimiter"] not in dict(DELIMITERS):
            self.fields["delimiter"].choices = [*DELIMITERS, (profile["delimiter"],) * 2]  # type: ignore[attr-defined]
        self.fields["sheet"].choices = [(name, name) for name in profile["sheets"]]  # type: ignore[attr-defined]
        for name, formats in READ_WITH.items():
            if profile["format"] not in formats:
                del self.fields[name]
        offer_append(self, newest)

    def options(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        values.pop("append", None)
        roles = {role: values.pop(role) for role in ("text", "label", "id")}
        return {**{key: value for key, value in values.items() if value != ""}, "roles": roles}


class ImportPage(ScopedPage):
    """Where a file is dropped."""

    scopes = {"GET": "data.write", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return self._show(request, pk, FileForm())

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            with form_errors(form):
                # The form sees the last of several files.
                first, *more = request.FILES.getlist("file")
                fields = {**form.cleaned_data, "file": first}
                upload = receive_upload(actor=request.actor, dataset_id=pk, more=more, **fields)
                return redirect("curation:upload", upload.pk)
        return self._show(request, pk, form, status=400)

    def _show(self, request: PageRequest, pk: int, form: FileForm, status: int = 200) -> HttpResponse:
        dataset = get_object_or_404(Dataset.objects.visible_to(request.actor).filter(deleted_at=None), pk=pk)
        context = {"dataset": dataset, "form": form, "limit": settings.ASSAY_UPLOAD_LIMIT}
        return render(request, "curation/import.html", context, status=status)


class UploadPage(ScopedPage):
    """What was found in a file, how it shall be read, and how its import went."""

    scopes = {"GET": "data.read", "POST": "data.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        upload = self._upload(request, pk)
        profile = upload.profile or {}
        form = ReadingForm(profile, newest_number(upload.dataset)) if profile.get("readable") else None
        return self._show(request, upload, profile, form)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        upload = self._upload(request, pk)
        profile = self._looked_at(request, upload)
        if not profile.get("readable"):
            return self._show(request, upload, profile, ReadingForm(upload.profile or {}), status=400)
        newest = newest_number(upload.dataset)
        form = ReadingForm(profile, newest, request.POST)
        if "preview" in request.POST:
            # Other columns may exist now, so the roles are guessed again where the chosen ones are gone.
            return self._show(request, upload, profile, ReadingForm(profile, newest))
        if form.is_valid():
            with form_errors(form):
                append = bool(form.cleaned_data.get("append"))
                start_import(actor=request.actor, upload_id=pk, options=form.options(), append=append)
                return redirect("curation:upload", pk)
        return self._show(request, upload, profile, form, status=400)

    def _upload(self, request: PageRequest, pk: int) -> Upload:
        rows = Upload.objects.visible_to(request.actor).select_related("dataset", "job")
        return get_object_or_404(rows, pk=pk)  # type: ignore[no-any-return]

    def _looked_at(self, request: PageRequest, upload: Upload) -> dict[str, Any]:
        """Read the first rows the way the form asks, without the roles, which may name columns that are gone."""
        chosen = {name: request.POST[name] for name in ("encoding", "delimiter", "sheet") if request.POST.get(name)}
        options: dict[str, Any] = dict(chosen)
        if "delimiter" in chosen or "sheet" in chosen:
            options["header"] = "header" in request.POST
        return preview_upload(actor=request.actor, upload_id=upload.pk, options=options)

    def _show(
        self, request: PageRequest, upload: Upload, profile: dict[str, Any], form: ReadingForm | None, status: int = 200
    ) -> HttpResponse:
        # Imported together with other files it has a page that shows them all.
        together = upload.job if upload.job is not None and upload.job.kind != "curation.import_file" else None
        job = None if together else upload.job
        done = job if job is not None and job.state == "succeeded" else None
        context = {
            "together": together,
            "upload": upload,
            "profile": profile,
            "form": form,
            "job": job,
            "done": done is not None,
            # Stored as the engine said them, and read by whoever comes.
            "warnings": [in_words(sentence) for sentence in profile.get("warnings", [])],
            "done_warnings": [in_words(sentence) for sentence in (done.result or {}).get("warnings", [])]
            if done
            else [],
            "unreadable": in_words((profile.get("error") or {}).get("detail", "")),
            "may_write": request.actor.can("data.write"),
            "format_name": FORMAT_NAMES.get(profile.get("format", ""), profile.get("format", "").upper()),
        }
        return render(request, "curation/upload.html", context, status=status)


class RefusedPage(ScopedPage):
    """Downloads the rows that an import refused."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        upload = get_object_or_404(Upload.objects.visible_to(request.actor), pk=pk)
        if not upload.refused_key:
            raise NotFound(_("No row of this file was refused."))
        return redirect(objects.signed_url(upload.refused_key, f"{upload.file_name}.refused.csv"))
