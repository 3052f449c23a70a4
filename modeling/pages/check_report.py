"""A check's report in the form that its page shows: a sentence, rows of figures, and the same rows for the chart."""

from typing import Any

from django.utils.translation import gettext as _

from curation.engine.augment.policy import PolicyError, policy_of
from curation.engine.text_diff import around_changes, diff_texts
from curation.pages.picture import thumb
from curation.pages.review import marked
from modeling.engine.augmentation.robustness import ALL
from modeling.engine.augmentation.search import shown
from modeling.engine.augmentation.trials import PLAIN
from modeling.models import Check, CheckKind
from modeling.pages.report import FIGURES, Figure
from modeling.services.check_work import LONGEST

# Code points of an unchanged text beside a change.
CONTEXT = 60
# The share of kept answers from which on the page calls a step safe when it is sure of that.
SAFE = 0.95


def step_title(use: str, settings: dict[str, Any]) -> str:
    """Return a step with those of its settings that differ from the defaults."""
    if use == ALL:
        return _("all steps together")
    try:
        return shown(policy_of({"version": 1, "steps": [{"use": use, **settings}]}))
    except PolicyError:
        # Of a release that had other steps.
        return use


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with its sign; what rounds to nothing is +0.0."""
    return f"{round(value, decimals) + 0.0:+.{decimals}f}"


class CheckView:
    """What the template asks of a report; figures are in points where they are shares."""

    def __init__(self, check: Check) -> None:
        assert check.report is not None
        self.check, self.report = check, check.report
        self.figure: Figure = FIGURES.get(self.report.get("primary", ""), FIGURES["macro_f1"])
        # An error in the answer's own unit is shown as it is, a share in points.
        self.times = self.figure.times

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The steps, the one that matters most first."""
        made = {
            CheckKind.ROBUSTNESS: self._robustness,
            CheckKind.SAFETY: self._safety,
            CheckKind.ABLATION: self._ablation,
            CheckKind.PROPOSAL: self._tried,
        }[CheckKind(self.check.kind)]
        return made()

    @property
    def chart(self) -> list[dict[str, Any]]:
        """The rows for the chart, as JSON."""
        names = ("label", "value", "low", "high", "tone", "shown")
        return [{name: row[name] for name in names} for row in self.rows if row["value"] is not None]

    def _robustness(self) -> list[dict[str, Any]]:
        rows = [
            {
                "label": step_title(step["use"], step["settings"]),
                "changed": step["changed"],
                "figure": step["figure"] * self.times,
                **self._gain(step, step["difference"]),
            }
            for step in self.report["steps"]
        ]
        return sorted(rows, key=lambda row: row["value"])

    def _safety(self) -> list[dict[str, Any]]:
        rows = []
        for number, step in enumerate(self.report["steps"], 1):
            share = step["share"]
            rows.append(
                {
                    "number": number,
                    "label": step_title(step["use"], step["settings"]),
                    "changed": step["changed"],
                    "other": step["changed"] - step["agree"],
                    "value": None if share is None else share * 100,
                    "low": step["low"] * 100,
                    "high": step["high"] * 100,
                    "tone": "good" if step["low"] >= SAFE else "bad" if step["high"] < SAFE else "",
                    "shown": "–" if share is None else f"{share * 100:.1f} %",
                }
            )
        return sorted(rows, key=lambda row: (row["value"] is None, row["value"] or 0.0))

    def _ablation(self) -> list[dict[str, Any]]:
        parts = [
            {
                "label": step_title(step["use"], step["settings"]),
                "figure": step["without"]["figure"] * self.times,
                "figure_of": _("without it"),
                **self._gain(step["gain"], step["gain"]["gain"]),
            }
            for step in self.report["steps"]
        ]
        whole = [{"label": _("the whole policy"), **self._whole(self.report["gain"], self.report["plain"])}]
        if self.report["own"] is not None:
            label = _("the whole policy, against the family's own changes")
            whole.append({"label": label, **self._whole(self.report["over_own"], self.report["own"])})
        return [*whole, *sorted(parts, key=lambda row: -row["value"])]

    def _whole(self, gain: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        return {"figure": other["figure"] * self.times, "figure_of": _("without"), **self._gain(gain, gain["gain"])}

    def _tried(self) -> list[dict[str, Any]]:
        rows = [
            {
                "label": row["name"],
                "figure": row["figure"] * self.times,
                "taken": row["taken"],
                "over": _("without augmentation") if row["over"] == PLAIN else row["over"],
                "seconds": row["seconds"],
                **self._gain(row["gain"], row["gain"]["gain"]),
            }
            for row in self.report["tried"]
        ]
        return sorted(rows, key=lambda row: -row["value"])

    def _gain(self, ends: dict[str, Any], value: float) -> dict[str, Any]:
        tone = "good" if ends["low"] > 0 else "bad" if ends["high"] < 0 else ""
        decimals = self.figure.decimals
        return {
            "value": value * self.times,
            "low": ends["low"] * self.times,
            "high": ends["high"] * self.times,
            "tone": tone,
            "shown": signed(value * self.times, decimals),
        }

    @property
    def screened(self) -> list[dict[str, Any]]:
        """Steps that a search did not try, since labels may change."""
        return [
            {
                "label": step_title(row["use"], row["settings"]),
                "share": None if row["share"] is None else row["share"] * 100,
                "low": row["low"] * 100,
            }
            for row in self.report.get("screened") or []
            if not row["kept"]
        ]

    @property
    def clean(self) -> float:
        """The figure without any change."""
        found = self.report["clean"] if self.check.kind == CheckKind.ROBUSTNESS else self.report["plain"]["figure"]
        return float(found) * self.times

    @property
    def right(self) -> float | None:
        """The share of items, as they are, that the model answers rightly, in percent."""
        share = self.report.get("right")
        return None if share is None else float(share) * 100

    @property
    def tone(self) -> str:
        """The class of the sentence."""
        return {"good": "notice-good", "bad": "notice-error", "": "notice-warn"}[self._verdict()[0]]

    @property
    def sentence(self) -> str:
        """What was found, in a sentence."""
        return self._verdict()[1]

    def _verdict(self) -> tuple[str, str]:
        made = {
            CheckKind.ROBUSTNESS: self._robustness_verdict,
            CheckKind.SAFETY: self._safety_verdict,
            CheckKind.ABLATION: self._ablation_verdict,
            CheckKind.PROPOSAL: self._proposal_verdict,
        }[CheckKind(self.check.kind)]
        return made()

    def _robustness_verdict(self) -> tuple[str, str]:
        worst = self.rows[0]
        if worst["tone"] != "bad":
            return "good", _("No change lowers the figure beyond chance. More test items would show smaller losses.")
        detail = _("%(step)s costs most: %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s).")
        return "bad", detail % self._values(worst)

    def _safety_verdict(self) -> tuple[str, str]:
        rows = [row for row in self.rows if row["value"] is not None]
        if not rows:
            return "", _("No step changed any item, so nothing can be said. Choose steps that suit these items.")
        least = rows[0]
        values = {"step": least["label"], "share": least["shown"], "low": f"{least['low']:.1f}"}
        values["high"] = f"{least['high']:.1f}"
        if all(row["tone"] == "good" for row in rows):
            return "good", _("Whatever the step, the model surely keeps its answer on 95 of 100 copies or more.")
        detail = _(
            "%(step)s is the least safe: the model keeps its answer on %(share)s of the copies (95 %% sure: %(low)s to "
            "%(high)s)."
        )
        return least["tone"], detail % values

    def _ablation_verdict(self) -> tuple[str, str]:
        whole = self.rows[0]
        if whole["low"] == whole["high"] == 0:
            return "", _("No difference at all: every judged item is answered alike with the policy and without it.")
        sentences = {
            "good": _("The policy gains %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s)."),
            "bad": _("The policy loses: %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s)."),
            "": _(
                "No clear gain: %(points)s points of %(figure)s, anything from %(low)s to %(high)s being possible "
                "(95 %% sure). More seeds or more items would tell."
            ),
        }
        return whole["tone"], sentences[whole["tone"]] % self._values(whole)

    def _proposal_verdict(self) -> tuple[str, str]:
        if self.report["policy"] is None:
            return "", _(
                "No augmentation gained more than its standard error; train without, or label more items first."
            )
        gain = self._gain(self.report["gain"], self.report["gain"]["gain"])
        detail = _(
            "The proposed policy leads by %(points)s points of %(figure)s (95 %% sure: %(low)s to %(high)s) on the "
            "validation items that chose it, which flatters it. Measure its gain on the test items before you rely on "
            "it."
        )
        return gain["tone"], detail % self._values(gain)

    def _values(self, row: dict[str, Any]) -> dict[str, Any]:
        decimals = self.figure.decimals
        return {
            "step": row.get("label", ""),
            "points": row["shown"],
            "low": signed(row["low"], decimals),
            "high": signed(row["high"], decimals),
            "figure": self.figure.title,
        }


def shown_disagreement(row: dict[str, Any], *, picture: bool) -> dict[str, Any]:
    """Return an item and its copy for the page: texts with what differs marked, pictures as thumbnails."""
    made = {"item_id": row["item_id"], "expected": row["expected"], "found": row["found"], "gone": not row["before"]}
    if picture:
        return {**made, "before_picture": thumb(row["before"] or ""), "after_picture": row["after"]}
    # Of a long copy only the beginning is kept; beyond it nothing can be said.
    before = str(row["before"] or "")
    before = before if len(row["after"]) < LONGEST else before[:LONGEST]
    segments = around_changes(diff_texts(before, row["after"]), CONTEXT)
    return {**made, "change": marked(segments, removed=_("removed"), added=_("added")), "after": row["after"]}
