from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.pages.view import PageRequest, ScopedPage, page_of
from modeling.engine.families.ensemble import NAME, TASKS
from modeling.families import family_named
from modeling.models import Check, Search, Training
from modeling.pages.report import FIGURES

SEARCHES_SHOWN = 5


class ModelsPage(ScopedPage):
    """Trainings, and the figures of those that became models."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest) -> HttpResponse:
        rows = Training.objects.visible_to(request.actor).select_related("version__dataset", "job", "model")
        page = page_of(request, rows.defer("report", "version__manifest"))
        searches = Search.objects.visible_to(request.actor).select_related("job")
        checks = Check.objects.visible_to(request.actor).select_related("job")
        shown, can_write = [_row(training) for training in page.rows], request.actor.can("model.write")
        context = {
            "page": {"rows": shown, "next": page.next, "previous": page.previous},
            # There is something to combine only where two may be chosen.
            "combines": can_write and sum(row["combines"] for row in shown) > 1,
            "searches": searches.defer("report").order_by("-pk")[:SEARCHES_SHOWN],
            "checks": checks.defer("report").order_by("-pk")[:SEARCHES_SHOWN],
            "can_write": can_write,
        }
        return render(request, "modeling/models.html", context)


def _row(training: Training) -> dict[str, Any]:
    model = getattr(training, "model", None)
    metrics = model.metrics if model else {}
    family = family_named(metrics.get("family") or training.family)
    primary = metrics.get("primary", "macro_f1")
    return {
        "training": training,
        "family": family.title if family else training.family,
        "score": _points(metrics.get(primary)),
        "figure": FIGURES[primary].title if primary in FIGURES else primary,
        "gain": metrics.get("gain_points"),
        "combines": model is not None and training.task in TASKS and training.family != NAME,
    }


def _points(share: float | None) -> float | None:
    return None if share is None else share * 100
