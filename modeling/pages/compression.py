from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage, form_errors
from modeling.engine.compress.front import Limits, Row
from modeling.engine.compress.plot import plot
from modeling.models import Compression, Training
from modeling.pages.report import FIGURES
from modeling.services.compression import MOST_MS, export_candidate, start_compression

MEGABYTE = 1_000_000
# Candidates of modeling.engine.compress.recipes and of text bundles, in the reader's language.
TITLES = {
    "int8": gettext_lazy("this model in int8"),
    "int8-float-ends": gettext_lazy("this model in int8, its ends in float"),
    "fp32": gettext_lazy("this model in float32"),
    "static-256": gettext_lazy("static vectors of 256 numbers, no encoder"),
    "static-64": gettext_lazy("static vectors of 64 numbers, no encoder"),
    "layers-2": gettext_lazy("the first two layers of the encoder"),
    "layers-3": gettext_lazy("the first three layers of the encoder"),
    "narrow-half": gettext_lazy("half of the encoder's heads and inner units, narrow words"),
    "zeros-half": gettext_lazy("half of the encoder's weights set to 0"),
}
VIEWS = {"bytes": gettext_lazy("By size"), "ms": gettext_lazy("By time of an answer")}


class CompressForm(forms.Form):
    limit_drop = forms.FloatField(
        label=gettext_lazy("May lose at most"),
        min_value=0,
        max_value=100,
        initial=0.5,
        help_text=gettext_lazy("Points of the main figure on the validation split against this model."),
    )
    limit_megabytes = forms.FloatField(
        label=gettext_lazy("Largest bundle, in MB"), min_value=0.001, max_value=1_000_000, required=False
    )
    limit_ms = forms.FloatField(
        label=gettext_lazy("Longest answer, in ms"),
        min_value=0.001,
        max_value=MOST_MS,
        required=False,
        help_text=gettext_lazy("The median of one text on the machine that measures. Leave empty for any."),
    )


class CompressPage(ScopedPage):
    """Starts the search for a smaller form of a training's model."""

    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        from modeling.pages.training import show_training  # that page shows this module's form

        training = get_object_or_404(Training.objects.visible_to(request.actor), pk=pk, model__isnull=False)
        form = CompressForm(request.POST)
        if form.is_valid():
            values = form.cleaned_data
            size = values["limit_megabytes"]
            with form_errors(form):
                made = start_compression(
                    actor=request.actor,
                    model_id=training.model.pk,
                    limit_drop=values["limit_drop"],
                    limit_bytes=None if size is None else round(size * MEGABYTE),
                    limit_ms=values["limit_ms"],
                )
                return redirect("modeling:compression", made.pk)
        return show_training(request, pk, smaller=form, status=400)


class CompressionPage(ScopedPage):
    """A search for a smaller model: its progress, then the front to choose from."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = Compression.objects.visible_to(request.actor)
        search = get_object_or_404(rows.select_related("model__training__version__dataset", "job"), pk=pk)
        view = request.GET.get("view", "")
        return render(
            request, "modeling/compression.html", _context(request, search, view if view in VIEWS else "bytes")
        )


class CompressionExportPage(ScopedPage):
    """Makes a bundle of one candidate, and leads to where it is made."""

    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        name = request.POST.get("candidate", "")
        student, bundle = export_candidate(actor=request.actor, compression_id=pk, candidate=name)
        if student is not None:
            return redirect("modeling:training", student.pk)
        assert bundle is not None
        return redirect("modeling:bundle", bundle.pk)


def _context(request: PageRequest, search: Compression, view: str) -> dict[str, Any]:
    report = search.report
    training = search.model.training
    context: dict[str, Any] = {
        "search": search,
        "training": training,
        "report": report,
        "limits": _limits(search),
        "views": [{"name": name, "title": title, "here": name == view} for name, title in VIEWS.items()],
        "can_write": request.actor.can("model.write"),
    }
    if report is None:
        return context
    rows = [Row(**row) for row in report["rows"]]
    limits = Limits(search.limit_drop, search.limit_bytes, search.limit_ms)
    drawn = plot(rows, report["front"], report["proposed"], limits, view)
    shown = {row.name: _row(row, report, limits) for row in rows}
    primary = report["figure"]
    return context | {
        "plot": drawn,
        "points": [{"at": point, "row": shown[point.name], **_tip(point)} for point in drawn.points],
        "rows": list(shown.values()),
        "figure": FIGURES[primary].title if primary in FIGURES else primary,
        "teacher_points": report["teacher"]["test"] * 100,
        "proposed": shown.get(report["proposed"] or ""),
        "students": search.students.select_related("job").order_by("pk"),
    }


def _limits(search: Compression) -> list[str]:
    found = [_("at most %(points)s points lost") % {"points": f"{search.limit_drop:g}"}]
    if search.limit_bytes is not None:
        found.append(_("at most %(size)s MB") % {"size": f"{search.limit_bytes / MEGABYTE:g}"})
    if search.limit_ms is not None:
        found.append(_("at most %(ms)s ms") % {"ms": f"{search.limit_ms:g}"})
    return found


def _row(row: Row, report: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return a candidate for the table: figures in points, sizes in megabytes."""
    values = {"lost": f"{row.lost:.2f}", "size": f"{row.bytes / MEGABYTE:.1f}", "ms": f"{row.ms:.2f}"}
    return {
        **row.to_dict(),
        "title": TITLES.get(row.name, row.title),
        "points": row.figure * 100,
        "megabytes": row.bytes / MEGABYTE,
        "on_front": row.name in report["front"],
        "proposed": row.name == report["proposed"],
        "within": row.within(limits),
        "told": _("%(lost)s points lost · %(size)s MB · %(ms)s ms") % values,
    }


def _tip(point: Any) -> dict[str, Any]:
    """Return where what is said of a point stands: beside it, and above where the right edge is near."""
    if point.right:
        return {"text_x": point.x + 6, "anchor": "end", "name_y": point.y - 12, "tip_y": point.y - 28}
    return {"text_x": point.x + 12, "anchor": "start", "name_y": point.y + 4, "tip_y": point.y + 20}
