"""Personal data of a run: the sample that people check, the list of replacements, and what pseudonyms stand for."""

import csv
import io

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.pages.view import PageRequest, ScopedPage
from curation.pages.explorer import whole_number
from curation.pages.review import DECIDE, spans_html
from curation.pages.run import run_of, said_recall
from curation.services.pseudonym import SHOWN, open_mapping, replacements_url
from curation.services.recall import MOST_MISSED, find_check, recall_of, save_check
from curation.wording import PII_TEXTS


class CheckForm(forms.Form):
    """What a person saw in one item."""

    item = forms.IntegerField(min_value=1, max_value=2**62)
    missed = forms.IntegerField(min_value=0, max_value=MOST_MISSED)


class RecallPage(ScopedPage):
    """One item of the sample after the other: how much personal data was missed in it?"""

    scopes = {"GET": "data.read", "POST": DECIDE}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        check = find_check(actor=request.actor, run_id=run.pk, place=whole_number(request.GET.get("n")) or None)
        cells = []
        for column, text, spans in check["cells"]:
            names = sorted({str(PII_TEXTS.get(one.label, one.label)) for one in spans})
            html = spans_html(text, [(one.start, one.end, 0) for one in spans])
            cells.append({"column": column, "html": html, "types": names, "empty": not text})
        recall = recall_of(run)
        context = {
            "run": run,
            "dataset": run.input.dataset,
            "check": check,
            "cells": cells,
            "numbers": range(1, MOST_MISSED + 1),
            "recall": recall,
            "recall_said": said_recall(recall) if recall else "",
            "may_decide": any(request.actor.can(scope) for scope in DECIDE),
        }
        return render(request, "curation/recall.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        form = CheckForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            save_check(actor=request.actor, run_id=run.pk, item_id=data["item"], missed=data["missed"])
        else:
            messages.error(request, _("This answer could not be read. Choose again."))
        return redirect("curation:recall", run.pk)


class ReplacementsPage(ScopedPage):
    """The list of what a run replaced, as a file."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        return redirect(replacements_url(actor=request.actor, run_id=run_of(request, pk).pk))


@method_decorator([never_cache, sensitive_post_parameters("pseudonym")], name="dispatch")
class MappingPage(ScopedPage):
    """What a pseudonym stands for. Each look is noted, so a look is a POST."""

    scopes = {"GET": "privacy.open", "POST": "privacy.open"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        return render(request, "curation/mapping.html", {"run": run, "dataset": run.input.dataset})

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run = run_of(request, pk)
        wanted = request.POST.get("pseudonym", "").strip()[:500]
        if "all" in request.POST:
            return as_file(run.pk, open_mapping(actor=request.actor, run_id=run.pk))
        context = {"run": run, "dataset": run.input.dataset, "wanted": wanted, "asked": True}
        if wanted:
            rows = open_mapping(actor=request.actor, run_id=run.pk, stand_in=wanted)
            context["rows"] = [{**row, "type": PII_TEXTS.get(row["type"], row["type"])} for row in rows[:SHOWN]]
        return render(request, "curation/mapping.html", context)


def as_file(run_id: int, rows: list[dict[str, str]]) -> HttpResponse:
    """Return the mapping as CSV; a value that a spreadsheet would take for a formula begins with a quote."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("type", "pseudonym", "value"))
    for row in rows:
        writer.writerow(["'" + cell if cell[:1] in "=+-@\t\r" else cell for cell in row.values()])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="run-{run_id}-pseudonyms.csv"'
    return answer
