"""A training's report in the form that its page shows: headline figures with their meaning, tables and charts."""

from dataclasses import dataclass
from typing import Any, TypeGuard

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from modeling.families import FAMILIES

# Above this many labels a drawn matrix is a grey square; the table of confusions says more.
MATRIX_LIMIT = 30
CONFUSIONS_SHOWN = 12
# As many as the chart has colours.
CURVES_SHOWN = 6

DEFINITIONS: dict[str, str | Promise] = {
    "macro_f1": gettext_lazy("The F1 of each label, averaged so that rare labels count as much as frequent ones."),
    "micro_f1": gettext_lazy("The F1 of all labels of all items together."),
    "span_f1": gettext_lazy("F1 of spans found exactly: start, end and label."),
    "map": gettext_lazy("Mean average precision as COCO defines it: over labels, and over overlaps from 0.50 to 0.95."),
    "map50": gettext_lazy("Mean average precision where an overlap of a half counts as found."),
    "ar100": gettext_lazy("The share of things that is found among at most 100 a picture, over all overlaps."),
    "r2": gettext_lazy("The share of the spread of the answers that the model explains; 0 is as good as their mean."),
    "mean_absolute_error": gettext_lazy("How far predictions lie from the answers on average, in their own unit."),
    "exact": gettext_lazy("The share of test items whose labels are all right."),
    "average_precision": gettext_lazy("The area under precision and recall, averaged over labels."),
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
class Figure:
    """A figure that reports have as one number: its name, what it means, and how it is shown."""

    title: str | Promise
    definition: str | Promise
    times: float = 100
    decimals: int = 1
    higher_is_better: bool = True


# In the order in which they are shown; a report has those of its task.
FIGURES: dict[str, Figure] = {
    "macro_f1": Figure(gettext_lazy("Macro-F1"), DEFINITIONS["macro_f1"]),
    "micro_f1": Figure(gettext_lazy("Micro-F1"), DEFINITIONS["micro_f1"]),
    "f1": Figure(gettext_lazy("Span F1"), DEFINITIONS["span_f1"]),
    "map": Figure(gettext_lazy("mAP 50–95"), DEFINITIONS["map"]),
    "map50": Figure(gettext_lazy("mAP 50"), DEFINITIONS["map50"]),
    "ar100": Figure(gettext_lazy("Recall of things"), DEFINITIONS["ar100"]),
    "r2": Figure(gettext_lazy("Explained (R²)"), DEFINITIONS["r2"]),
    "mean_absolute_error": Figure(
        gettext_lazy("Mean error"), DEFINITIONS["mean_absolute_error"], 1, 3, higher_is_better=False
    ),
    "accuracy": Figure(gettext_lazy("Accuracy"), DEFINITIONS["accuracy"]),
    "exact": Figure(gettext_lazy("All labels right"), DEFINITIONS["exact"]),
    "average_precision": Figure(gettext_lazy("Average precision"), DEFINITIONS["average_precision"]),
    "calibration_error": Figure(
        gettext_lazy("Calibration error"), DEFINITIONS["calibration_error"], higher_is_better=False
    ),
    "log_loss": Figure(gettext_lazy("Log-loss"), DEFINITIONS["log_loss"], 1, 3, higher_is_better=False),
}


_VERDICTS: dict[str, str | Promise] = {
    "better": gettext_lazy(
        "Better than the baseline: %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s)."
    ),
    "worse": gettext_lazy(
        "Worse than the baseline: %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s)."
    ),
    "no clear difference": gettext_lazy(
        "No clear difference to the baseline: %(points)s points of %(figure)s, anything from %(low)s to %(high)s being "
        "possible (95 %% sure). More test items would tell."
    ),
}
_MEMBER_VERDICTS: dict[str, str | Promise] = {
    "better": gettext_lazy(
        "Better than its best member: %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s)."
    ),
    "worse": gettext_lazy(
        "Worse than its best member: %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s). Use the member."
    ),
    "no clear difference": gettext_lazy(
        "No clear difference to its best member: %(points)s points of %(figure)s, anything from %(low)s to %(high)s "
        "being possible (95 %% sure). The member alone is cheaper."
    ),
}


@dataclass(frozen=True, slots=True)
class Headline:
    """One figure beside the baseline's, in points (0 to 100) where it is a share.

    Attributes:
        good: True when better than the baseline, False when worse, None when equal or without a baseline.
        low: End of the 95 % interval where the report has one, as `high`.
    """

    title: str | Promise
    definition: str | Promise
    value: float
    baseline: float | None
    delta: float | None
    good: bool | None
    decimals: int
    low: float | None = None
    high: float | None = None


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
        return [self._headline(name, FIGURES[name]) for name in FIGURES if _is_number(self.report.get(name))]

    def _headline(self, name: str, figure: Figure) -> Headline:
        value = self.report[name] * figure.times
        before = (self.baseline or {}).get(name)
        baseline = before * figure.times if _is_number(before) else None
        delta = round(value - baseline, figure.decimals) if baseline is not None else None
        good = None if not delta else (delta > 0) == figure.higher_is_better
        interval = self.report.get(f"{name}_interval")
        if interval is None and name == self.report.get("primary"):
            interval = self.report.get("interval")
        low, high = (interval[0] * figure.times, interval[1] * figure.times) if interval else (None, None)
        return Headline(figure.title, figure.definition, value, baseline, delta, good, figure.decimals, low, high)

    @property
    def primary(self) -> Figure:
        return FIGURES.get(self.report.get("primary", "macro_f1"), FIGURES["macro_f1"])

    @property
    def tried(self) -> list[dict[str, Any]]:
        """The families that were tried, where the data decided, with their validation figure in points."""
        name = self.report.get("primary", "")
        return [
            {
                "family": FAMILIES[row["family"]].title if row["family"] in FAMILIES else row["family"],
                "score": row["validation"].get(name, 0.0) * self.primary.times,
                "seconds": row["seconds"],
                "kept": row["family"] == self.report.get("family"),
            }
            for row in self.report.get("auto", [])
        ]

    @property
    def remarks(self) -> list[str]:
        """What went otherwise than set."""
        return [*self.report.get("notes", []), *self.report.get("failures", [])]

    @property
    def curves(self) -> dict[str, Any] | None:
        """Precision at each recall, for the six labels with most items."""
        curves = self.report.get("curves") or [
            {"label": row["label"], "precision": [point["precision"] for point in row["curve"]]}
            for row in self.report.get("per_class", [])
            if row.get("curve")
        ]
        if not curves:
            return None
        support = {row["label"]: row.get("support", 0) for row in self.report["per_class"]}
        shown = sorted(curves, key=lambda row: -support.get(row["label"], 0))[:CURVES_SHOWN]
        steps = len(shown[0]["precision"]) - 1
        rows = [
            {"recall": step / steps, **{f"p{place}": row["precision"][step] for place, row in enumerate(shown)}}
            for step in range(steps + 1)
        ]
        return {"rows": rows, "names": [row["label"] for row in shown], "all": len(curves) <= CURVES_SHOWN}

    @property
    def reliability(self) -> list[dict[str, Any]] | None:
        """Share right at each confidence, with what it would be if the model knew itself."""
        bins = self.report.get("reliability") or []
        rows = [{"confidence": row["confidence"], "right": row["right"], "ideal": row["confidence"]} for row in bins]
        return rows or None

    @property
    def is_ensemble(self) -> bool:
        """Whether it is compared with its best member in place of a baseline."""
        return "combination" in self.report

    @property
    def against(self) -> str:
        """What it is compared with."""
        return _("best member") if self.is_ensemble else _("baseline")

    @property
    def verdict(self) -> str:
        """The comparison with the baseline or the best member, as a sentence with its confidence."""
        if not self.comparison:
            return ""
        difference = self.comparison["difference"]
        values = {
            "points": _signed(difference["difference"]),
            "low": _signed(difference["low"]),
            "high": _signed(difference["high"]),
            "figure": self.primary.title,
        }
        sentences = _MEMBER_VERDICTS if self.is_ensemble else _VERDICTS
        return sentences[self.comparison["verdict"]] % values

    @property
    def verdict_class(self) -> str:
        classes = {"better": "notice-good", "worse": "notice-error", "no clear difference": "notice-warn"}
        return classes[self.comparison["verdict"]] if self.comparison else ""

    @property
    def disagreement(self) -> str:
        """The McNemar test, as a sentence."""
        if not self.comparison or not self.comparison["mcnemar"]:
            return ""
        test = self.comparison["mcnemar"]
        sentence = (
            _(
                "%(one)s test items only the ensemble has right, %(other)s only its best member (McNemar's exact test: "
                "p = %(p)s, the chance of so uneven a count if both were equally good)."
            )
            if self.is_ensemble
            else _(
                "%(one)s test items only this model has right, %(other)s only the baseline (McNemar's exact test: "
                "p = %(p)s, the chance of so uneven a count if both were equally good)."
            )
        )
        values = {"one": test["only_first"], "other": test["only_second"], "p": f"{test['p_value']:.3f}"}
        return sentence % values

    @property
    def per_class(self) -> list[dict[str, Any]]:
        before = {row["label"]: row for row in self.baseline["per_class"]} if self.baseline else {}
        rows = [_class_row(row, before.get(row["label"])) for row in self.report.get("per_class", [])]
        return sorted(rows, key=lambda row: row["f1"] if row["f1"] is not None else row["average_precision"] or 0)

    @property
    def has_precision(self) -> bool:
        return any("precision" in row for row in self.report.get("per_class", []))

    @property
    def has_area(self) -> bool:
        return any("average_precision" in row or "ap" in row for row in self.report.get("per_class", []))

    @property
    def matrix(self) -> dict[str, Any] | None:
        labels = self.report.get("labels", [])
        if "confusion" not in self.report:
            return None
        return {"labels": labels, "rows": self.report["confusion"]} if len(labels) <= MATRIX_LIMIT else None

    @property
    def confusions(self) -> list[dict[str, Any]]:
        """The most frequent mistakes: actual label, predicted label, items."""
        if "confusion" not in self.report:
            return []
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


def _class_row(row: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Return a label's figures in points; None for those that its task does not have."""
    names = ("precision", "recall", "f1", "f1_low", "f1_high", "average_precision")
    found = {name: row[name] * 100 if _is_number(row.get(name)) else None for name in names}
    if _is_number(row.get("ap")):
        found["average_precision"] = row["ap"] * 100
    baseline = before["f1"] * 100 if before and _is_number(before.get("f1")) else None
    return {**found, "label": row["label"], "support": row.get("support"), "baseline": baseline}


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _signed(share: float) -> str:
    """Write a share as points with their sign; what rounds to nothing is +0.0."""
    return f"{round(share * 100, 1) + 0.0:+.1f}"
