"""Everything that can be said of the agreement on one question, as plain data."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from labeling.engine.agreement.coefficients import REPLICATES, Estimate, Level, bootstrap
from labeling.engine.agreement.counting import Tally, tally_of
from labeling.engine.agreement.marks import BOXES, EXACT, PARTIAL, Answered, MarkAgreement, mark_agreement
from labeling.engine.agreement.pairs import cohen_kappas, confusions, cross
from labeling.engine.agreement.sets import label_alphas, set_alpha
from labeling.engine.ratings import Floats, Ratings, as_numbers, sums

# Pairs of people in a report, those with most shared items first: a page and a person can read no more.
PAIRS = 1_000
# Pairs of labels that are taken for each other.
CONFUSIONS = 20
DIGITS = 6


def agreement_report(
    ratings: Ratings, *, ordered: bool | None = None, replicates: int = REPLICATES, seed: int = 0
) -> dict[str, Any]:
    """Return coefficients with intervals, for all labels, for each label, and for each two people.

    Args:
        ratings: What was answered.
        ordered: Whether the labels have an order, so that ordinal alpha means something; by default when all of them
            are numbers. Interval alpha stands only where they are.
        replicates: Draws of items for each interval.
        seed: Of the draws; the same report comes out each time.
    """
    counts = tally_of(ratings)
    numbers = as_numbers(ratings.labels) if ratings.labels else None
    levels: list[Level] = ["nominal"]
    if ordered or (ordered is None and numbers is not None):
        levels.append("ordinal")
    if numbers is not None:
        levels.append("interval")
    drawn = partial(bootstrap, replicates=replicates, seed=seed)
    return {
        **_sizes(ratings, counts),
        "percent_agreement": _estimate(drawn(counts, "percent")),
        "fleiss_kappa": _estimate(drawn(counts, "fleiss")),
        "krippendorff_alpha": {level: _estimate(drawn(counts, level, numbers)) for level in levels},
        "labels": _labels(ratings, counts, drawn),
        **_people(ratings),
    }


def set_report(
    ratings: Ratings, separator: str = "|", *, replicates: int = REPLICATES, seed: int = 0
) -> dict[str, Any]:
    """Return what can be said of answers that are sets of labels, written with a separator.

    Args:
        ratings: What was answered; each label is a set.
        separator: Between the labels of a set.
        replicates: Draws of items for each interval.
        seed: Of the draws.
    """
    sets = [frozenset(part.strip() for part in name.split(separator) if part.strip()) for name in ratings.labels]
    counts = tally_of(ratings)
    draws = {"replicates": replicates, "seed": seed}
    alphas = label_alphas(ratings.item, ratings.label, sets, **draws)
    given = {
        name: sum(int(number) for held, number in zip(sets, _given(ratings), strict=True) if name in held)
        for name in alphas
    }
    return {
        **_sizes(ratings, counts),
        "percent_agreement": _estimate(bootstrap(counts, "percent", replicates=replicates, seed=seed)),
        "krippendorff_alpha": {
            "masi": _estimate(set_alpha(ratings.item, ratings.label, sets, **draws)),
            "nominal": _estimate(bootstrap(counts, "nominal", replicates=replicates, seed=seed)),
        },
        "labels": [{"label": name, "answers": given[name], "alpha": _estimate(alphas[name])} for name in alphas],
        **_people(ratings),
    }


def mark_report(
    answered: Answered, *, least: float = BOXES, replicates: int = REPLICATES, seed: int = 0
) -> dict[str, Any]:
    """Return what can be said of spans, boxes or polygons.

    Args:
        answered: What each person marked on each item.
        least: Overlap from which two marks of one label are the same, besides exactly the same and any overlap.
        replicates: Draws of items for each interval.
        seed: Of the draws.
    """
    people = {person for item in answered for person in item}
    found = {
        name: mark_agreement(answered, bound, replicates=replicates, seed=seed)
        for name, bound in (("exact", EXACT), ("overlap", least), ("partial", PARTIAL))
    }
    return {
        "items": len(answered),
        "people": len(people),
        "marks": sum(len(marks) for item in answered for marks in item.values()),
        "items_compared": found["exact"].items,
        "least_overlap": least,
        "f1": {name: _estimate(one.f1) for name, one in found.items()},
        "mean_overlap": {name: _rounded(one.mean_overlap) for name, one in found.items()},
        "labels": _mark_labels(found),
        "pairs": _mark_pairs(found["overlap"]),
    }


def _sizes(ratings: Ratings, counts: Tally) -> dict[str, Any]:
    items, people, labels = ratings.shape
    return {
        "answers": len(ratings),
        "items": items,
        "people": people,
        "label_count": labels,
        "items_compared": counts.units,
        "answers_replaced": ratings.repeated,
        "answers_missing": ratings.missing,
    }


def _given(ratings: Ratings) -> Any:
    return np.bincount(ratings.label, minlength=len(ratings.labels))


def _labels(ratings: Ratings, counts: Tally, drawn: Callable[..., Estimate]) -> list[dict[str, Any]]:
    """Return, for each label, whether people agree on giving it or not."""
    given, shared = _given(ratings), counts.per_label()
    agreeing = counts.count * (counts.count - 1) / (counts.answers - 1)
    together = sums(counts.label, agreeing, counts.labels)
    rows = []
    for code, name in enumerate(ratings.labels):
        rows.append(
            {
                "label": name,
                "answers": int(given[code]),
                "alpha": _estimate(drawn(_one_label(counts, code), "nominal")),
                # Of somebody else's answers to an item that one person gave this label: the share that is it too.
                "agreement": _rounded(together[code] / shared[code]) if shared[code] else None,
            }
        )
    return rows


def _one_label(counts: Tally, code: int) -> Tally:
    """Return the counts of a label against all others."""
    own = counts.label == code
    size = np.zeros(int(counts.unit.max(initial=-1)) + 1)
    size[counts.unit] = counts.answers
    with_label = np.zeros(len(size))
    with_label[counts.unit[own]] = counts.count[own]
    rest = size - with_label
    unit = np.concatenate([np.flatnonzero(with_label), np.flatnonzero(rest)])
    label = np.repeat([1, 0], [np.count_nonzero(with_label), np.count_nonzero(rest)])
    order = np.lexsort((label, unit))
    unit, label = unit[order], label[order]
    count = np.where(label == 1, with_label[unit], rest[unit])
    return Tally(unit, label, count, size[unit], counts.units, 2)


def _people(ratings: Ratings) -> dict[str, Any]:
    crossing = cross(ratings)
    kappas = cohen_kappas(crossing)
    order = np.argsort(-kappas.shared, kind="stable")[:PAIRS]
    pairs = [
        {
            "first": ratings.people[kappas.first[place]],
            "second": ratings.people[kappas.second[place]],
            "items": int(kappas.shared[place]),
            "agreement": _rounded(kappas.agreement[place]),
            "cohen_kappa": {
                "value": _rounded(kappas.kappa[place]),
                "low": _rounded(kappas.low[place]),
                "high": _rounded(kappas.high[place]),
            },
        }
        for place in order
    ]
    return {
        "pairs": pairs,
        "pair_count": len(kappas.shared),
        "mean_cohen_kappa": _mean(kappas.kappa, kappas.shared),
        "confusions": _confusions(ratings.labels, confusions(crossing)),
    }


def _mean(kappa: Floats, shared: Any) -> float | None:
    """Return the mean kappa of pairs, by how many items they share."""
    known = np.isfinite(kappa)
    return _rounded(np.average(kappa[known], weights=shared[known])) if known.any() else None


def _confusions(labels: Sequence[str], table: Floats) -> list[dict[str, Any]]:
    above = np.triu(table, 1)
    order = np.argsort(-above, axis=None, kind="stable")[:CONFUSIONS]
    rows = []
    for place in order:
        one, other = divmod(int(place), len(labels))
        if above[one, other] > 0:
            rows.append({"one": labels[one], "other": labels[other], "answers": int(above[one, other])})
    return rows


def _mark_labels(found: dict[str, MarkAgreement]) -> list[dict[str, Any]]:
    return [
        {"label": label, "f1": {name: _rounded(one.labels[label]) for name, one in found.items()}}
        for label in found["exact"].labels
    ]


def _mark_pairs(found: MarkAgreement) -> list[dict[str, Any]]:
    rows = sorted(found.pairs.items(), key=lambda pair: -pair[1][1])[:PAIRS]
    return [
        {"first": one, "second": other, "items": items, "f1": _rounded(value)} for (one, other), (value, items) in rows
    ]


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": _rounded(estimate.value), "low": _rounded(estimate.low), "high": _rounded(estimate.high)}


def _rounded(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DIGITS)
