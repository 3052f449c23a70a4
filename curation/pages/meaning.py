"""The map of a version's meaning, selections made on it, and the review of pairs that gives a threshold."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.pages.view import PageRequest, ScopedPage
from core.errors import DomainError
from curation.engine.embedding.picture import NAME as PICTURES
from curation.models import PairReview, Version
from curation.pages.explorer import whole_number
from curation.pages.picture import FILE, hash_in, pixels_of, shown_size, thumb, view
from curation.pages.version import short, version_of
from curation.services.meaning import chosen_items, map_points, meaning_figures, request_meaning, shows_pictures
from curation.services.pair_review import (
    TARGET,
    judge_pair,
    judged,
    pair_of,
    request_pair_review,
    thresholds,
)
from curation.services.selection import create_selection, use_selection

# What map.js says.
WORDS = [
    gettext_noop("{count} items chosen"),
    gettext_noop("Nothing chosen"),
    gettext_noop("no label"),
    gettext_noop("Item {id}"),
    gettext_noop("The map could not be loaded. Reload the page."),
]
OUTLIERS = 12
# What the encoders that ship are for; those of the operator stand by their names.
ENCODER_WORDS = {
    "minilm": gettext_lazy("for English and other texts in Latin letters"),
    PICTURES: gettext_lazy("for pictures"),
    "e5-small": gettext_lazy("for Chinese and some hundred other languages"),
}
TARGETS = (0.8, 0.9, 0.95, 0.99)


class MapPage(ScopedPage):
    """Clusters, map, outliers, weak slices; starts the job that finds them when nobody has yet."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        figures = meaning_figures(version)
        job = problem = None
        if figures is None and version.purged_at is None:
            try:
                job = request_meaning(actor=request.actor, version_id=pk)
            except DomainError as error:
                problem = error
        context: dict[str, Any] = {
            "version": version,
            "dataset": version.dataset,
            "figures": figures,
            "job": job,
            "problem": problem,
            "pictures": shows_pictures(version),
            "may_write": request.actor.can("data.write") and version.trashed_at is None,
            "page_words": {text: _(text) for text in WORDS},
        }
        if figures is not None:
            context |= shown(request, version, figures)
        return render(request, "curation/map.html", context)


def shown(request: PageRequest, version: Version, figures: dict[str, Any]) -> dict[str, Any]:
    """Return clusters with names, outliers with texts and weak slices as the page shows them."""
    names = [", ".join(entry["words"]) or _("without a name") for entry in figures["clusters"]]
    listed = figures["outliers"]["items"][:OUTLIERS]
    text = version.manifest.get("roles", {}).get("text", "")
    rows = chosen_items(actor=request.actor, version_id=version.pk, item_ids=[item for item, _far in listed])
    texts = {row["item_id"]: short(row.get(text) or row.get(FILE)) for row in rows}
    thumbs = {row["item_id"]: thumb(hash_in(row, version.manifest.get("roles", {}))) for row in rows}
    picture = version.manifest.get("roles", {}).get("image", "") if shows_pictures(version) else ""
    # The page puts a hash in the place of the zeros.
    address = thumb("0" * 64)
    return {
        "clusters": [
            {"number": number, "name": name, "items": entry["items"], "hue": number % 6 + 1, "shape": number // 6 % 4}
            for number, (name, entry) in enumerate(zip(names, figures["clusters"], strict=True))
        ],
        "outliers": [
            {"item": item, "far": far, "text": texts.get(item, ""), "thumb": thumbs.get(item, "")}
            for item, far in listed
        ],
        "slices": [{**entry, "name": names[entry["cluster"]]} for entry in figures["slices"]],
        "encoder_words": ENCODER_WORDS.get(figures["encoder"]["name"], ""),
        "map_facts": {"clusters": names, "labels": figures["labels"], "picture": picture, "thumb": address},
    }


class PointsPage(ScopedPage):
    """The points of the map, as `curation.services.meaning.map_points` lays them out."""

    scopes = {"GET": "data.read"}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        data = map_points(actor=request.actor, version_id=version_of(request, pk).pk)
        return HttpResponse(data, content_type="application/octet-stream")


class SelectionsPage(ScopedPage):
    """Keeps items chosen on the map and shows them in the explorer."""

    scopes = {"POST": "data.read"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        selection = create_selection(actor=request.actor, version_id=version.pk, items=request.POST.get("items", ""))
        return redirect(f"{reverse('curation:version', args=[pk])}?selection={selection.pk}#items")


class SelectionPage(ScopedPage):
    """Makes a version of a selection: of it, without it, of a sample of it, or with a word beside its items."""

    scopes = {"POST": "data.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        run, _job = use_selection(
            actor=request.actor,
            selection_id=pk,
            action=request.POST.get("action", "")[:20],
            word=request.POST.get("word", ""),
            rows=whole_number(request.POST.get("rows")),
        )
        return redirect("curation:run", run.pk)


class PairsPage(ScopedPage):
    """Shows drawn pairs one after the other, asks whether they mean the same, and proposes a threshold."""

    scopes = {"GET": "data.read", "POST": ("review", "data.write")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        target = next((one for one in TARGETS if f"{one:g}" == request.GET.get("target")), TARGET)
        review = PairReview.objects.visible_to(request.actor).select_related("job").filter(version=version).first()
        context: dict[str, Any] = {
            "version": version,
            "dataset": version.dataset,
            "review": review,
            "targets": TARGETS,
            "target": target,
            "pictures": shows_pictures(version),
            "may_decide": request.actor.can("review") or request.actor.can("data.write"),
        }
        if review is not None and review.pairs is None:
            context["job"] = review.job
        elif review is not None:
            review.version = version
            context |= asked(review, request.GET.get("pair"), target)
        return render(request, "curation/pairs.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        version = version_of(request, pk)
        here = reverse("curation:pairs", args=[pk])
        if "draw" in request.POST:
            request_pair_review(actor=request.actor, version_id=version.pk)
            return redirect(here)
        number, said = whole_number(request.POST.get("number")), request.POST.get("same", "")
        same = {"yes": True, "no": False}.get(said)
        judge_pair(actor=request.actor, version_id=version.pk, number=number, same=same)
        back = f"?pair={number}" if same is None else ""
        return redirect(f"{here}{back}")


def asked(review: PairReview, wanted: str | None, target: float) -> dict[str, Any]:
    """Return the pair to show (the one asked for, else the first that nobody judged) and what is known so far."""
    said = judged(review)
    total = len(review.pairs or [])
    number = whole_number(wanted) if wanted is not None else next((n for n in range(total) if n not in said), total)
    found: dict[str, Any] = {"summary": thresholds(review, target), "number": number, "place": number + 1}
    if number < total:
        pair = pair_of(review, number)
        found |= {"pair": pair, "said": said.get(number), "sides": sides_of(pair, review.version)}
        found["previous"] = number - 1 if number else None
    elif total:
        found["previous"] = total - 1
    return found


def sides_of(pair: dict[str, Any], version: Version) -> list[dict[str, Any]]:
    """Return what the page shows of each item of a pair: its text or, in a version of pictures, its picture."""
    sides = []
    for item, text, row in zip(pair["items"], pair["texts"], pair["rows"], strict=True):
        side: dict[str, Any] = {"item": item, "text": text}
        if shows_pictures(version):
            width, height = shown_size(row)
            address = view(hash_in(row, version.manifest.get("roles", {})))
            side |= {"picture": address, "width": width, "height": height, "size": pixels_of(row)}
        sides.append(side)
    return sides
