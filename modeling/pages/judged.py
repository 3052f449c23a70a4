"""What a model made of the items of the test split: its mistakes, slices of them, and two models side by side."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.pages.view import PageRequest, ScopedPage
from core.number import whole_number
from curation.engine.item_lookup import items_by_id
from curation.pages.picture import hash_in, thumb
from curation.services.version import open_version
from labeling.models import Project
from modeling.models import Training
from modeling.pages.explanation import can_ask
from modeling.services.explaining import explains
from modeling.services.judged import (
    compare_trainings,
    judged_page,
    slice_figures,
    slices_of,
    training_with_rows,
)

PAGE_ROWS = 25
TEXT_SHOWN = 400
ANSWER_SHOWN = 200


class MistakesPage(ScopedPage):
    """Items of the test split, those that the model is most wrong about first."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        training = training_with_rows(actor=request.actor, training_id=pk)
        offset = whole_number(request.GET.get("offset", "")) or 0
        answer, prediction = request.GET.get("answer", ""), request.GET.get("prediction", "")
        every = request.GET.get("show") == "all"
        rows, total = judged_page(
            training, offset=offset, limit=PAGE_ROWS, answer=answer, prediction=prediction, wrong=not every
        )
        context = {
            "training": training,
            "rows": with_items(training, rows),
            "total": total,
            "first": offset + 1,
            "last": offset + len(rows),
            "every": every,
            "answer": answer,
            "prediction": prediction,
            "newer": _address(request, max(0, offset - PAGE_ROWS)) if offset else "",
            "older": _address(request, offset + PAGE_ROWS) if offset + len(rows) < total else "",
            "explained": bool(explains(training.task)),
            "can_ask": bool(explains(training.task)) and hasattr(training, "model") and can_ask(request.actor),
            "page_words": {"Why?": _("Why?")},
            "relabel": _relabel(request, training, [row["item_id"] for row in rows]),
        }
        return render(request, "modeling/mistakes.html", context)


def _address(request: PageRequest, offset: int) -> str:
    return "?" + urlencode({**request.GET.dict(), "offset": offset})


def _relabel(request: PageRequest, training: Training, items: list[int]) -> list[dict[str, Any]]:
    """Return the projects of the dataset in which these items can be labeled again, with the address of their grid."""
    if not items or not request.actor.can("project.write"):
        return []
    projects = Project.objects.visible_to(request.actor).filter(version__dataset=training.version.dataset_id)
    query = urlencode({"items": ",".join(map(str, sorted(items)))})
    return [
        {"name": project.name, "address": f"{reverse('labeling:grid', args=[project.pk])}?{query}"}
        for project in projects.order_by("-pk")[:3]
    ]


def with_items(training: Training, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with what is shown of their items: a part of the text, or a thumbnail; answers in words."""
    roles = training.version.manifest["roles"]
    with open_version(training.version) as reader:
        items = items_by_id(reader, [row["item_id"] for row in rows])
    found = []
    for row in rows:
        item = items.get(row["item_id"], {})
        text = str(item.get(roles.get("text", "")) or "")
        found.append(
            {
                **row,
                "text": text[:TEXT_SHOWN] + ("…" if len(text) > TEXT_SHOWN else ""),
                "thumb": thumb(hash_in(item, roles)),
                "answer_words": in_words(row["answer"], text),
                "prediction_words": in_words(row["prediction"], text),
                "gone": not item,
            }
        )
    return found


def in_words(stored: str, text: str) -> str:
    """Return a stored answer as people read it: labels, quoted spans, shapes by label and number."""
    if not stored.startswith(("[", "{")):
        return stored
    try:
        value = json.loads(stored)
    except ValueError:
        return stored
    parts = value if isinstance(value, list) else [value]
    words = [_part(part, text) for part in parts]
    return (", ".join(words) or _("nothing"))[:ANSWER_SHOWN]


def _part(part: Any, text: str) -> str:
    if isinstance(part, dict):
        start, end, label = part.get("start"), part.get("end"), part.get("label", "")
        if isinstance(start, int) and isinstance(end, int):
            return f"{text[start:end]} ({label})"
        return str(label)
    if isinstance(part, list) and len(part) >= 3 and isinstance(part[0], int) and isinstance(part[1], int):
        return f"{text[part[0] : part[1]]} ({part[2]})"
    return str(part[0]) if isinstance(part, list) and part else str(part)


class SlicesPage(ScopedPage):
    """Figures for each value of a column: where the model is weak, and whether it treats groups alike."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        training = training_with_rows(actor=request.actor, training_id=pk)
        columns = slices_of(training)
        column = request.GET.get("column", "") or (columns[0] if columns else "")
        rows = slice_figures(training, column) if column else []
        judged = [row["right"] for row in rows if row["right"] is not None]
        context = {
            "training": training,
            "columns": columns,
            "column": column,
            "rows": [_percent(row) for row in rows],
            "gap": (max(judged) - min(judged)) * 100 if len(judged) > 1 else None,
            "clear": _apart(rows),
        }
        return render(request, "modeling/slices.html", context)


def _percent(row: dict[str, Any]) -> dict[str, Any]:
    shares = {name: None if row[name] is None else row[name] * 100 for name in ("right", "low", "high")}
    return {**row, **shares}


def _apart(rows: list[dict[str, Any]]) -> bool:
    """Tell whether the best and the worst value lie apart beyond chance: their intervals do not touch."""
    judged = [row for row in rows if row["right"] is not None]
    return len(judged) > 1 and judged[0]["high"] < judged[-1]["low"]


class ComparePage(ScopedPage):
    """Two trainings on the test items that both judged."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        first = training_with_rows(actor=request.actor, training_id=pk)
        other = whole_number(request.GET.get("other", "")) or 0
        second = training_with_rows(actor=request.actor, training_id=other)
        found = compare_trainings(first, second)
        changed = with_items(first, found["changed"])
        for row in changed:
            row["second_words"] = in_words(row["prediction_2"], row["text"])
        context = {
            "first": first,
            "second": second,
            "found": found,
            "figures": _side_by_side(first, second),
            "verdict": _verdict(first, second, found),
            "changed": changed,
        }
        return render(request, "modeling/compare.html", context)


def _side_by_side(first: Training, second: Training) -> list[dict[str, Any]]:
    """Return the figures that both reports have as one number each."""
    from modeling.pages.report import FIGURES

    found = []
    for name, figure in FIGURES.items():
        values = [(training.report or {}).get(name) for training in (first, second)]
        numbers = [value * figure.times for value in values if isinstance(value, int | float)]
        if len(numbers) < 2:
            continue
        one, other = numbers
        better = None if one == other else (one > other) == figure.higher_is_better
        found.append(
            {"title": figure.title, "first": one, "second": other, "better": better, "decimals": figure.decimals}
        )
    return found


def _verdict(first: Training, second: Training, found: dict[str, Any]) -> str:
    if not found["items"]:
        return _("These trainings judged no item in common.")
    test = found["mcnemar"]
    if test is None:
        loss = found["loss_difference"]
        if loss["low"] <= 0 <= loss["high"]:
            return _("No clear difference: the losses of the items differ by no more than chance would have it.")
        name = first.name if loss["difference"] < 0 else second.name
        return _("%(name)s is better: its losses are smaller beyond chance (95 %% sure).") % {"name": name}
    values = {"one": test["only_first"], "other": test["only_second"], "p": f"{test['p_value']:.3f}"}
    if test["p_value"] >= 0.05:
        return (
            _(
                "No clear difference: %(one)s items only the first has right, %(other)s only the second (McNemar's "
                "exact test: p = %(p)s)."
            )
            % values
        )
    name = first.name if test["only_first"] > test["only_second"] else second.name
    return _(
        "%(name)s is better: %(one)s items only the first has right, %(other)s only the second (McNemar's exact test: "
        "p = %(p)s)."
    ) % {**values, "name": name}
