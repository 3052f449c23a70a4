"""The learning curve of a project, as rows of a chart and as a sentence."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

# Further on the fitted curve says less than the sentence does.
STEPS_ON = (1.0, 1.25, 1.5)


def curve_rows(learning: dict[str, Any] | None) -> list[dict[str, float]]:
    """Return rows for the chart: labels, percent right where it was measured, and percent by the fitted curve."""
    if not learning:
        return []
    measured = {point["labels"]: round(100 * point["accuracy"], 1) for point in learning["points"]}
    fit, total = learning["fit"], learning["labels"]
    places = sorted({*measured, *(round(total * step) for step in STEPS_ON)})
    rows = []
    for labels in places:
        expected = 100 * (fit["limit"] - fit["scale"] * labels ** -fit["exponent"])
        row: dict[str, float] = {"labels": labels, "expected": round(expected, 1)}
        if labels in measured:
            row["accuracy"] = measured[labels]
        rows.append(row)
    return rows


def learning_sentence(learning: dict[str, Any] | None) -> str:
    """Return what the next labels would bring, in words."""
    if not learning:
        return _("The curve is drawn by the model that learns from the answers, from 40 labeled items on.")
    values = {
        "labels": number_format(learning["labels"], force_grouping=True),
        "now": number_format(100 * max(0.0, min(1.0, learning["now"])), 1),
        "next": learning["next"],
        "points": number_format(100 * max(0.0, learning["gain"]), 1),
    }
    if learning["pays"]:
        sentence = _(
            "With %(labels)s labels a quick model is right on about %(now)s %% of items. "
            "The next %(next)s would bring about %(points)s points more."
        )
    else:
        sentence = _(
            "With %(labels)s labels a quick model is right on about %(now)s %% of items. The next %(next)s would bring "
            "%(points)s points: more labels stop paying. Look for wrong labels, or train a larger model."
        )
    return sentence % values
