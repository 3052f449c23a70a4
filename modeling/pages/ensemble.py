from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.pages.view import PageRequest, ScopedPage
from core.number import whole_number
from modeling.families import family_named
from modeling.models import Training
from modeling.pages.check_report import signed
from modeling.pages.report import FIGURES, Figure
from modeling.services.ensemble import start_ensemble

WAY_TITLES: dict[str, str | Promise] = {
    "average": gettext_lazy("the mean of all"),
    "weighted": gettext_lazy("a weighted mean"),
    "stacked": gettext_lazy("a regression on all"),
}


class CombinePage(ScopedPage):
    """Combines the trainings that were chosen in a list."""

    scopes = {"POST": "model.write"}

    def post(self, request: PageRequest) -> HttpResponse:
        numbers = [whole_number(text) or 0 for text in request.POST.getlist("training")]
        made = start_ensemble(actor=request.actor, training_ids=numbers, name=request.POST.get("name", "")[:120])
        return redirect("modeling:training", made.pk)


class EnsembleView:
    """What the template asks of the report of an ensemble: whether it was kept, and what it costs."""

    def __init__(self, training: Training) -> None:
        assert training.report is not None
        self.report: dict[str, Any] = training.report
        self.found: dict[str, Any] = self.report["combination"]
        self.figure: Figure = FIGURES.get(self.report["primary"], FIGURES["macro_f1"])

    @property
    def kept(self) -> bool:
        return bool(self.found["kept"])

    @property
    def best(self) -> dict[str, Any]:
        """The best member."""
        return next(row for row in self.found["members"] if row["training"] == self.found["best"])

    @property
    def members(self) -> list[dict[str, Any]]:
        """The members, the best first."""
        rows = [
            {**row, **self._shown(row), "best": row["training"] == self.found["best"]} for row in self.found["members"]
        ]
        return sorted(rows, key=lambda row: (not row["best"], -row["value"]))

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        family = family_named(row["family"])
        return {"value": row["value"] * self.figure.times, "family": family.title if family else row["family"]}

    @property
    def ways(self) -> list[dict[str, Any]]:
        """The ways of joining, the best first."""
        rows = [
            {
                "title": WAY_TITLES.get(row["way"], row["way"]),
                "value": row["value"] * self.figure.times,
                "kept": self.kept and row["way"] == self.found["way"],
            }
            for row in self.found["ways"]
        ]
        return sorted(rows, key=lambda row: -row["value"])

    @property
    def cost_times(self) -> float | None:
        """How many times the seconds of the best member a prediction takes."""
        alone = self.best["seconds_per_1000"]
        return float(self.found["seconds_per_1000"]) / alone if alone else None

    @property
    def chart(self) -> list[dict[str, Any]]:
        """The lead over the best member, on the validation split and where it was judged on the test split."""
        rows = [(_("validation items, which decided"), self.found["difference"])]
        if self.report.get("comparison"):
            rows.append((_("locked test items"), self.report["comparison"]["difference"]))
        return [self._lead(label, ends) for label, ends in rows]

    def _lead(self, label: str, ends: dict[str, Any]) -> dict[str, Any]:
        value, low, high = (ends[name] * self.figure.times for name in ("difference", "low", "high"))
        return {
            "label": label,
            "value": value,
            "low": low,
            "high": high,
            "tone": "good" if ends["low"] > 0 else "bad" if ends["high"] < 0 else "",
            "shown": signed(value, self.figure.decimals),
        }

    @property
    def sentence(self) -> str:
        """Whether an ensemble was kept, and why."""
        lead = self.chart[0]
        values = {
            "way": WAY_TITLES.get(self.found["way"], self.found["way"]),
            "best": self.best["name"],
            "points": lead["shown"],
            "low": signed(lead["low"], self.figure.decimals),
            "high": signed(lead["high"], self.figure.decimals),
            "figure": self.figure.title,
        }
        if self.kept:
            detail = _(
                "Kept: %(way)s leads the best member, %(best)s, by %(points)s points of %(figure)s on the validation "
                "items (95 %% sure: %(low)s to %(high)s)."
            )
        else:
            detail = _(
                "No ensemble was kept: the best way, %(way)s, stands at %(points)s points of %(figure)s against the "
                "best member on the validation items (95 %% sure: %(low)s to %(high)s), no clear lead. Use %(best)s."
            )
        return detail % values
