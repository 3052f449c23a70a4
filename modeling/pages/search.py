from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage
from modeling.families import FAMILIES, TASK_TITLES, Family
from modeling.models import Search
from modeling.pages.report import FIGURES
from modeling.pages.training import NewTrainingPage
from modeling.pages.training_form import TrainingForm, goal_of, params_of
from modeling.services.search import DEFAULT_TRIALS, MOST_SECONDS, MOST_TRIALS, MOST_WORKERS, start_search


class SearchForm(TrainingForm):
    """The form of a new training with how much is to be tried."""

    trials = forms.IntegerField(
        label=gettext_lazy("Trials"), min_value=1, max_value=MOST_TRIALS, initial=DEFAULT_TRIALS
    )
    workers = forms.IntegerField(label=gettext_lazy("At a time"), min_value=1, max_value=MOST_WORKERS, initial=1)
    trial_seconds = forms.IntegerField(
        label=gettext_lazy("Seconds for a trial"), min_value=1, max_value=MOST_SECONDS, required=False
    )


class NewSearchPage(NewTrainingPage):
    """The page of a new training, whose other button searches for settings."""

    scopes = {"GET": "model.write", "POST": "model.write"}
    form_class = SearchForm

    def start(self, request: PageRequest, values: dict[str, Any]) -> HttpResponse:
        search = start_search(
            actor=request.actor,
            version_id=values["version"].pk,
            family=values["family"],
            trials=values["trials"],
            workers=values["workers"],
            trial_seconds=values["trial_seconds"],
            seed=values["seed"],
            name=values["name"],
            params=params_of(values, request.POST.dict()),
            goal=goal_of(values["goal"]),
        )
        return redirect("modeling:search", search.pk)


class SearchPage(ScopedPage):
    """A search: the curve of its trials, what they tell of the settings, and each trial."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        rows = Search.objects.visible_to(request.actor).select_related("version__dataset", "job", "training")
        search = get_object_or_404(rows, pk=pk)
        family, report = FAMILIES[search.family], search.report
        context = {
            "search": search,
            "family": family.title,
            "task": TASK_TITLES.get(search.task, search.task),
            "report": report,
            "figure": _figure(report["primary"]) if report else "",
            "trials": _trials(report, family) if report else [],
            "bars": _bars(report, family) if report else [],
            "best_points": report["best_value"] * 100 if report else None,
            "gain": _gain(report) if report else None,
        }
        return render(request, "modeling/search.html", context)


def _figure(primary: str) -> Any:
    return FIGURES[primary].title if primary in FIGURES else primary


def _gain(report: dict[str, Any]) -> float | None:
    """Return by how many points of the validation figure the best trial leads the defaults."""
    if report["default_value"] is None:
        return None
    return float(report["best_value"] - report["default_value"]) * 100


def _trials(report: dict[str, Any], family: Family) -> list[dict[str, Any]]:
    """Return the trials for the table, the best first, then those that were pruned or failed."""
    order = {"finished": 0, "pruned": 1, "failed": 2}
    rows = sorted(report["trials"], key=lambda row: (order.get(row["state"], 3), -(row["value"] or 0), row["number"]))
    return [
        {
            **row,
            "shown": row["number"] + 1,
            "points": None if row["value"] is None else row["value"] * 100,
            "best": row["number"] == report["best"],
            "settings": [(_title(family, name), _short(value)) for name, value in row["params"].items()],
        }
        for row in rows
    ]


def _bars(report: dict[str, Any], family: Family) -> list[dict[str, Any]]:
    """Return the share of the variance that each setting explains, in percent, the greatest first, for the chart."""
    return [
        {"label": str(_title(family, name)), "value": round(share * 100, 1)}
        # The database keeps no order of names.
        for name, share in sorted(report["importances"].items(), key=lambda row: (-row[1], row[0]))
    ]


def _title(family: Family, name: str) -> Any:
    return next((param.title for param in family.params if param.name == name), name)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).lower()
