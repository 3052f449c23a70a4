"""Why a model says what it says: an explanation as its page shows it, and the requests for one."""

import math
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actor import Actor
from accounts.pages.view import PageRequest, ScopedPage, form_errors
from curation.engine.item_lookup import items_by_id
from curation.pages.picture import hash_in, thumb, view
from curation.services.version import open_version
from modeling.models import Explanation, Training
from modeling.services.explaining import CHARACTER_LIMIT, LABEL_LIMIT, find_explanation, start_explanation

# How strongly a weight is coloured: steps of its share of the strongest one; what is below the first half step is not.
LEVELS = 4
# A picture's cells are spoken of by thirds.
THIRDS = 3
PROBABILITIES_SHOWN = 8
# From here on the weights tell nearly all; below the other one they must be read with care. Judgement, not measured.
ADDS_UP, TOGETHER = 0.9, 0.6
EARLIER_SHOWN = 5
ASKS = ("model.write", "predict")


class ExplainForm(forms.Form):
    """An item or a text."""

    item = forms.IntegerField(min_value=0, max_value=2**62, required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=CHARACTER_LIMIT,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    label = forms.CharField(max_length=LABEL_LIMIT, required=False, strip=False, widget=forms.HiddenInput)


class ExplainPage(ScopedPage):
    """Asks for an explanation and leads to it."""

    scopes = {"POST": ASKS}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        form = ExplainForm(request.POST)
        if form.is_valid():
            values = form.cleaned_data
            with form_errors(form):
                made = start_explanation(
                    actor=request.actor,
                    training_id=pk,
                    item_id=values["item"],
                    text=values["text"] or None,
                    label=values["label"],
                )
                return redirect("modeling:explanation", made.pk)
        from modeling.pages.training import show_training

        return show_training(request, pk, status=400, asking=form)


class ExplanationPage(ScopedPage):
    """One explanation: how far it is, and then what it says."""

    scopes = {"GET": "model.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        row = find_explanation(actor=request.actor, explanation_id=pk)
        context = {
            "row": row,
            "training": row.training,
            "job": row.job,
            "can_ask": can_ask(request.actor),
            **shown(row),
        }
        return render(request, "modeling/explanation.html", context)


def can_ask(actor: Actor) -> bool:
    """Tell whether somebody may ask for explanations."""
    return any(actor.can(scope) for scope in ASKS)


def earlier(training: Training) -> list[Explanation]:
    """Return the last texts that were explained for a training."""
    rows = Explanation.objects.filter(training=training, item_id=None)
    return list(rows.defer("result").order_by("-pk")[:EARLIER_SHOWN])


def shown(row: Explanation) -> dict[str, Any]:
    """Return what the template asks of an explanation: its input, and its parts once they are there."""
    item = _item(row)
    roles = row.training.version.manifest["roles"]
    text = row.text if row.item_id is None else str((item or {}).get(roles.get("text", "")) or "")
    picture = hash_in(item or {}, roles)
    result = row.result
    context = {"item": item, "text": text, "thumb": thumb(picture), "view": view(picture), "result": result}
    if result is None:
        return context
    draw = {"words": _words, "spans": _span, "pixels": _pixels, "columns": _columns}[result["kind"]]
    # The database keeps no order of names.
    chances = sorted((result["probabilities"] or {}).items(), key=lambda pair: -pair[1])
    named = result["prediction"]["answer"]
    predicted = set(named if isinstance(named, list) and result["kind"] != "spans" else [str(named)])
    return {
        **context,
        "chances": [(label, chance, chance * 100) for label, chance in chances[:PROBABILITIES_SHOWN]],
        "more": max(0, len(chances) - PROBABILITIES_SHOWN),
        "number": named if result["task"] == "table-regression" else None,
        "parts": [
            {**draw(part, text, item or {}), "label": part["label"], "predicted": part["label"] in predicted}
            for part in result["parts"]
        ],
    }


def _item(row: Explanation) -> dict[str, Any] | None:
    if row.item_id is None:
        return None
    with open_version(row.training.version) as reader:
        return items_by_id(reader, [row.item_id]).get(row.item_id)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text as it is coloured: `tone` names the class, empty for what has no weight."""

    text: str
    weight: float | None = None
    tone: str = ""
    inside: bool = False


def _words(part: dict[str, Any], text: str, _row: dict[str, Any]) -> dict[str, Any]:
    return {
        "pieces": _pieces(text, part["weights"]),
        "rows": _sorted((text[start:end], weight) for start, end, weight in part["weights"]),
        "sum": _chance_words(part),
        **_fidelity(part["fidelity"], _("Words"), _("words")),
    }


def _span(part: dict[str, Any], text: str, _row: dict[str, Any]) -> dict[str, Any]:
    place = (part["start"], part["end"])
    return {
        "quote": text[place[0] : place[1]],
        "score": part["score"],
        "pieces": _pieces(text, part["weights"], place),
        "rows": _sorted((text[start:end], weight) for start, end, weight in part["weights"]),
    }


def _pieces(text: str, weights: list[Any], place: tuple[int, int] | None = None) -> list[Piece]:
    """Return the whole text cut at its weighted words, each with its tone; `place` marks the words of a span."""
    strongest = max((abs(weight) for *_place, weight in weights), default=0.0)
    pieces, done = [], 0
    for start, end, weight in weights:
        if start > done:
            pieces.append(Piece(text[done:start]))
        inside = place is not None and start < place[1] and end > place[0]
        pieces.append(Piece(text[start:end], weight, _tone(weight, strongest), inside))
        done = end
    return [*pieces, Piece(text[done:])] if done < len(text) else pieces


def _tone(weight: float, strongest: float) -> str:
    level = round(LEVELS * abs(weight) / strongest) if strongest > 0 else 0
    return f"why-{'for' if weight > 0 else 'against'}-{level}" if level else ""


def _sorted(rows: Any) -> list[tuple[str, float]]:
    return sorted(rows, key=lambda row: -abs(row[1]))


def _columns(part: dict[str, Any], _text: str, row: dict[str, Any]) -> dict[str, Any]:
    weights = _sorted(part["weights"])
    strongest = max((abs(weight) for _name, weight in weights), default=0.0)
    number = part["label"] is None
    return {
        "columns": [
            {"name": name, "value": row.get(name), "weight": weight, "tone": _tone(weight, strongest)}
            for name, weight in weights
        ],
        "sum": _number_words(part) if number else _chance_words(part, rows=True),
        "is_number": number,
        **_fidelity(part["fidelity"], _("Columns"), _("columns")),
    }


def _chance_words(part: dict[str, Any], *, rows: bool = False) -> str:
    values = {name: f"{100 / (1 + math.exp(-part[name])):.1f}" for name in ("base", "whole")}
    if rows:
        said = _(
            "Of a usual row the model gives this label %(base)s %%, of this one %(whole)s %%; the weights lead from "
            "the one to the other."
        )
    else:
        said = _(
            "Without any of its words the model gives the text this label with %(base)s %%, with all of them with "
            "%(whole)s %%; the weights lead from the one to the other."
        )
    return said % values


def _number_words(part: dict[str, Any]) -> str:
    values = {name: f"{part[name]:.4g}" for name in ("base", "whole")}
    said = _(
        "Of a usual row the model says %(base)s, of this one %(whole)s; the weights lead from the one to the other."
    )
    return said % values


def _fidelity(fidelity: float, subject: str, things: str) -> dict[str, Any]:
    """Return in words how far weights can be added up, and whether they must be read with care."""
    values = {"subject": subject, "things": things, "share": f"{max(0.0, fidelity) * 100:.0f}"}
    if fidelity >= ADDS_UP:
        said = _("The weights tell nearly all: they explain %(share)s %% of what changes when %(things)s are missing.")
    elif fidelity >= TOGETHER:
        said = _(
            "The weights tell the main part: they explain %(share)s %% of what changes when %(things)s are missing."
        )
    else:
        said = _(
            "%(subject)s act together here: read this with care. The weights explain only %(share)s %% of what changes "
            "when %(things)s are missing."
        )
    return {"fidelity": said % values, "careful": fidelity < TOGETHER}


def _pixels(part: dict[str, Any], _text: str, _row: dict[str, Any]) -> dict[str, Any]:
    cells = part["cells"]
    strongest = max((abs(value) for row in cells for value in row), default=0.0)
    drawn = [
        {"x": x, "y": y, "value": value, "tone": tone}
        for y, row in enumerate(cells)
        for x, value in enumerate(row)
        if (tone := _tone(value, strongest))
    ]
    return {"cells": cells, "side": len(cells), "drawn": drawn, "places": _places(cells)}


def _places(cells: list[list[float]]) -> str:
    """Return in words where a picture speaks most for the label, and where against it."""
    means = {}
    step = len(cells) // THIRDS
    for place in range(THIRDS * THIRDS):
        top, left = place // THIRDS * step, place % THIRDS * step
        block = [value for row in cells[top : top + step] for value in row[left : left + step]]
        means[place] = sum(block) / len(block)
    most, least = max(means, key=lambda place: means[place]), min(means, key=lambda place: means[place])
    said = _("Hiding this part lowers the label most: %(place)s.") % {"place": _third(most)}
    if means[least] < 0:
        said += " " + _("This part speaks against it: %(place)s.") % {"place": _third(least)}
    return said


def _third(place: int) -> str:
    names = (
        _("top left"), _("top middle"), _("top right"),
        _("middle left"), _("the middle"), _("middle right"),
        _("bottom left"), _("bottom middle"), _("bottom right"),
    )  # fmt: skip
    return names[place]
