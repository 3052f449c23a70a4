from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.pages.view import PageRequest, ScopedPage, page_of
from modeling.families import family_of
from modeling.models import Search, Training
from modeling.pages.report import FIGURES

SEARCHES_SHOWN = 5


class ModelsPage(ScopedPage):
    """Trainings, and the figures of those that became models."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = Training.objects.visible_to(request.actor).select_related("version__dataset", "job", "model")
        page = page_of(request, rows.defer("report", "version__manifest"))
        searches = Search.objects.visible_to(request.actor).select_related("job")
        context = {
            "page": {"rows": [_row(training) for training in page.rows], "next": page.next, "previous": page.previous},
            "searches": searches.defer("report").order_by("-pk")[:SEARCHES_SHOWN],
            "can_write": request.actor.can("model.write"),
        }
        return render(request, "modeling/models.html", context)


def _row(training: Training) -> dict[str, Any]:
    model = getattr(training, "model", None)
    metrics = model.metrics if model else {}
    family = family_of(metrics.get("family") or training.family)
    primary = metrics.get("primary", "macro_f1")
    return {
        "training": training,
        "family": family.title if family else training.family,
        "score": _points(metrics.get(primary)),
        "figure": FIGURES[primary].title if primary in FIGURES else primary,
        "gain": metrics.get("gain_points"),
    }


def _points(share: float | None) -> float | None:
    return None if share is None else share * 100
