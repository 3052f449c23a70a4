"""A project's answers for other tools: the formats, what was written before, and the files."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from labeling.engine.formats.table import FORMATS
from labeling.models import Project
from labeling.pages.project import rights_of
from labeling.services.export import KEPT, export_address, formats_for, list_exports, open_job, start_export
from labeling.services.project import find_project

SHOWN = 20


class ExportForm(forms.Form):
    format = forms.ChoiceField(label=gettext_lazy("Format"))
    only_answered = forms.BooleanField(
        label=gettext_lazy("Leave out items that nobody answered"), required=False, initial=True
    )
    only_reviewed = forms.BooleanField(
        label=gettext_lazy("Only answers that a reviewer accepted or fixed"), required=False
    )
    with_gold = forms.BooleanField(
        label=gettext_lazy("Also answers to items whose right answer was known"), required=False
    )
    with_predictions = forms.BooleanField(label=gettext_lazy("Also what models suggested"), required=False)

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        fitting = [name for name, why_not in formats_for(project).items() if not why_not]
        self.fields["format"].choices = [(name, FORMATS[name].title) for name in fitting]  # type: ignore[attr-defined]


class ExportsPage(ScopedPage):
    scopes = {"GET": "project.write", "POST": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        return self._show(request, project, ExportForm(project))

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        form = ExportForm(project, request.POST)
        if form.is_valid():
            with form_errors(form):
                options = dict(form.cleaned_data)
                start_export(actor=request.actor, project_id=pk, file_format=options.pop("format"), options=options)
                messages.success(request, _("The file is being written. You can leave this page and come back."))
                return redirect("labeling:exports", pk)
        return self._show(request, project, form)

    def _show(self, request: PageRequest, project: Project, form: ExportForm) -> HttpResponse:
        exports = list(list_exports(actor=request.actor, project=project)[:SHOWN])
        formats = [{"title": FORMATS[name].title, "why_not": why_not} for name, why_not in formats_for(project).items()]
        context = {
            "project": project,
            "form": form,
            "exports": [{"row": export, "title": FORMATS[export.file_format].title} for export in exports],
            "unfit": [row for row in formats if row["why_not"]],
            "open_job": next((open_job(export) for export in exports if open_job(export) is not None), None),
            "kept_days": KEPT.days,
            **rights_of(request),
        }
        return render(request, "labeling/exports.html", context)


class ExportFilePage(ScopedPage):
    scopes = {"GET": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return redirect(export_address(actor=request.actor, export_id=pk))


class ExportLossesPage(ScopedPage):
    scopes = {"GET": "project.write"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return redirect(export_address(actor=request.actor, export_id=pk, report=True))
