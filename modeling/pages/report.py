"""A training's report in the form that its page shows: headline figures with their meaning, tables and charts."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Above this many labels a drawn matrix is a grey square; the table of confusions says more.
MATRIX_LIMIT = 30
CONFUSIONS_SHOWN = 12

DEFINITIONS: dict[str, str | Promise] = {
    "macro_f1": gettext_lazy("The F1 of each label, averaged so that rare labels count as much as frequent ones."),
    "accuracy": gettext_lazy("The share of test items whose label the model names right."),
    "log_loss": gettext_lazy("The mean of −ln of the probability given to the right label; lower is better."),
    "calibration_error": gettext_lazy(
        "How far stated probabilities lie from the share that is right, over 15 bins of confidence; lower is better."
    ),
    "precision": gettext_lazy("Of the items that the model gave this label, the share that really has it."),
    "recall": gettext_lazy("Of the items that really have this label, the share that the model found."),
    "f1": gettext_lazy("The harmonic mean of precision and recall."),
    "support": gettext_lazy("Test items that really have this label."),
}


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure beside the baseline's, in points (0 to 100) where it is a share.

    Attributes:
        good: True when better than the baseline, False when worse, None when equal or without a baseline.
    """

    title: str
    definition: str | Promise
    value: float
    baseline: float | None
    delta: float | None
    good: bool | None
    decimals: int


class ReportView:
    """What the template asks of a report."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        self.comparison = report.get("comparison")
        self.baseline = self.comparison["baseline"] if self.comparison else None

    @property
    def rows(self) -> int:
        return int(self.report["rows"])

    @property
    def headlines(self) -> list[Headline]:
        return [
            self._headline("macro_f1", _("Macro-F1"), 100, 1, higher_is_better=True),
            self._headline("accuracy", _("Accuracy"), 100, 1, higher_is_better=True),
            self._headline("calibration_error", _("Calibration error"), 100, 1, higher_is_better=False),
            self._headline("log_loss", _("Log-loss"), 1, 3, higher_is_better=False),
        ]

    def _headline(self, name: str, title: str, times: float, decimals: int, *, higher_is_better: bool) -> Headline:
        value = self.report[name] * times
        baseline = self.baseline[name] * times if self.baseline else None
        delta = round(value - baseline, decimals) if baseline is not None else None
        good = None if not delta else (delta > 0) == higher_is_better
        return Headline(title, DEFINITIONS[name], value, baseline, delta, good, decimals)

    @property
    def verdict(self) -> str:
        """The comparison with the baseline, as a sentence with its confidence."""
        if not self.comparison:
            return ""
        difference = self.comparison["difference"]
        values = {
            "points": _signed(difference["difference"]),
            "low": _signed(difference["low"]),
            "high": _signed(difference["high"]),
        }
        sentences = {
            "better": _("Better than the baseline by %(points)s points of macro-F1 (95 %% sure: %(low)s to %(high)s)."),
            "worse": _("Worse than the baseline by %(points)s points of macro-F1 (95 %% sure: %(low)s to %(high)s)."),
            "no clear difference": _(
                "No clear difference to the baseline: %(points)s points of macro-F1, anything from %(low)s to %(high)s "
                "being possible (95 %% sure). More test items would tell."
            ),
        }
        return sentences[self.comparison["verdict"]] % values

    @property
    def verdict_class(self) -> str:
        classes = {"better": "notice-good", "worse": "notice-error", "no clear difference": "notice-warn"}
        return classes[self.comparison["verdict"]] if self.comparison else ""

    @property
    def disagreement(self) -> str:
        """The McNemar test, as a sentence."""
        if not self.comparison:
            return ""
        test = self.comparison["mcnemar"]
        values = {"one": test["only_first"], "other": test["only_second"], "p": f"{test['p_value']:.3f}"}
        return (
            _(
                "%(one)s test items only this model has right, %(other)s only the baseline (McNemar's exact test: "
                "p = %(p)s, the chance of so uneven a count if both were equally good)."
            )
            % values
        )

    @property
    def per_class(self) -> list[dict[str, Any]]:
        before = {row["label"]: row["f1"] for row in self.baseline["per_class"]} if self.baseline else {}
        return [
            {
                "label": row["label"],
                "precision": row["precision"] * 100,
                "recall": row["recall"] * 100,
                "f1": row["f1"] * 100,
                "support": row["support"],
                "baseline": before[row["label"]] * 100 if row["label"] in before else None,
            }
            for row in sorted(self.report["per_class"], key=lambda row: row["f1"])
        ]

    @property
    def matrix(self) -> dict[str, Any] | None:
        labels = self.report["labels"]
        return {"labels": labels, "rows": self.report["confusion"]} if len(labels) <= MATRIX_LIMIT else None

    @property
    def confusions(self) -> list[dict[str, Any]]:
        """The most frequent mistakes: actual label, predicted label, items."""
        labels = self.report["labels"]
        rows = [
            {"actual": labels[actual], "predicted": labels[predicted], "count": count}
            for actual, row in enumerate(self.report["confusion"])
            for predicted, count in enumerate(row)
            if actual != predicted and count
        ]
        return sorted(rows, key=lambda row: -row["count"])[:CONFUSIONS_SHOWN]

    @property
    def definitions(self) -> dict[str, str | Promise]:
        return DEFINITIONS

    @property
    def split_rows(self) -> dict[str, int]:
        rows = self.report.get("rows_by_split", {})
        return {split: rows[split] for split in ("train", "validation", "test") if split in rows}


def _signed(share: float) -> str:
    """Write a share as points with their sign; what rounds to nothing is +0.0."""
    return f"{round(share * 100, 1) + 0.0:+.1f}"
