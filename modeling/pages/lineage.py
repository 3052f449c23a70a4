from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.pages.view import PageRequest, ScopedPage
from modeling.services.lineage import item_lineage


class LineagePage(ScopedPage):
    """From an item to every deployment that learned from it."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int, item_id: int) -> HttpResponse:
        found = item_lineage(actor=request.actor, dataset_id=pk, item_id=item_id)
        newest = next(row for row in reversed(found["versions"]) if row["values"] is not None)
        context = {
            **found,
            "facts": list(newest["values"].items()),
            "annotations": [{**row, "answer": _words(row["answer"])} for row in found["annotations"]],
            "can_see_models": request.actor.can("model.read"),
        }
        return render(request, "modeling/lineage.html", context)


def _words(answer: dict[str, Any] | None) -> str:
    """Return an answer as one line, whatever its controls are."""
    values = [
        ", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in (answer or {}).values()
    ]
    return " · ".join(values)
