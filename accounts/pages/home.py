"""The first page after signing in: what runs, what is new, or what to do first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.pages.view import ScopedPage

NEWEST = 5


@dataclass(frozen=True)
class Shelf:
    """One list of the home page. The model is named, since the apps above may not be imported here."""

    model: str
    title: str | Promise
    list_url: str
    row_url: str
    scopes: frozenset[str]


SHELVES = [
    Shelf("curation.Dataset", _("Datasets"), "curation:datasets", "curation:dataset", frozenset({"data.read"})),
    Shelf(
        "labeling.Project",
        _("Projects"),
        "labeling:projects",
        "labeling:project",
        frozenset({"label", "review", "project.write"}),
    ),
    Shelf("modeling.Training", _("Models"), "modeling:models", "modeling:training", frozenset({"model.read"})),
]


class HomePage(ScopedPage):
    scopes = {"GET": None}

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        shelves = [shelf for shelf in map(_fill(actor), SHELVES) if shelf]
        context: dict[str, Any] = {"shelves": shelves, "jobs": _open_jobs(actor), "steps": _first_steps(actor)}
        context["mentions"] = _rows(actor, "labeling.Mention").count()
        context["mentions_url"] = _address("labeling:all-comments")
        context["paused"] = _paused(actor)
        context["stuck"] = _stuck(actor)
        return render(request, "accounts/home.html", context)


def _paused(actor: Actor) -> list[dict[str, Any]]:
    """Return the projects in which people were paused because they missed too many known answers."""
    rows = _rows(actor, "labeling.Progress") if actor.can("project.write") else None
    if rows is None:
        return []
    found = rows.filter(paused_at__isnull=False, paused_why="gold").order_by("project_id")
    counted = found.values("project_id", "project__name").annotate(people=Count("pk"))[:NEWEST]
    return [{**row, "url": _address("labeling:people", row["project_id"])} for row in counted]


def _stuck(actor: Actor) -> list[dict[str, Any]]:
    """Return the projects in which people failed the test, have no attempt left, and wait for somebody."""
    rows = _rows(actor, "labeling.Onboarding") if actor.can("project.write") else None
    if rows is None:
        return []
    used = F("project__onboarding_attempts") + F("extra_attempts")
    found = rows.filter(stage="failed", attempt__gte=used, project__onboarding=True, project__state="open")
    counted = found.order_by("project_id").values("project_id", "project__name").annotate(people=Count("pk"))[:NEWEST]
    return [{**row, "url": _address("labeling:onboarding", row["project_id"])} for row in counted]


def _fill(actor: Actor) -> Callable[[Shelf], dict[str, Any] | None]:
    def fill(shelf: Shelf) -> dict[str, Any] | None:
        if not any(actor.can(scope) for scope in shelf.scopes):
            return None
        rows = _rows(actor, shelf.model)
        newest = list(rows.order_by("-pk")[:NEWEST]) if rows is not None else []
        shown = [{"title": str(row), "at": row.created_at, "url": _address(shelf.row_url, row.pk)} for row in newest]
        return {"title": shelf.title, "url": _address(shelf.list_url), "rows": shown} if shown else None

    return fill


def _rows(actor: Actor, model: str) -> Any:
    """Return the rows that the actor may see, or None where this app is not there."""
    try:
        rows = apps.get_model(model).objects.visible_to(actor)
    except LookupError:
        return None
    fields = {field.name for field in rows.model._meta.get_fields()}
    return rows.filter(deleted_at=None) if "deleted_at" in fields else rows


def _open_jobs(actor: Actor) -> list[Any]:
    rows = _rows(actor, "workers.Job")
    if not (actor.can("data.read") or actor.can("model.read")):
        rows = rows.filter(created_by_id=actor.user_id)
    return list(rows.filter(finished_at=None).order_by("-pk")[:NEWEST])


STEPS = [
    ("curation.Version", _("Import"), _("Drop a CSV or JSONL file; Assay finds out how it is written.")),
    ("curation.Run", _("Curate"), _("Clean the text, drop duplicates, and read what was dropped and why.")),
    ("labeling.Project", _("Label"), _("Say what is asked, and answer with the keyboard or by touch.")),
    ("modeling.Training", _("Train"), _("Teach a model with the labels and compare it with a simple one.")),
    ("modeling.Bundle", _("Export"), _("Shrink the model to a bundle that runs anywhere.")),
    ("modeling.Deployment", _("Serve"), _("Answer texts over HTTP with an API token.")),
]


def _first_steps(actor: Actor) -> list[dict[str, Any]]:
    """Return the way from file to served model with what is done; empty once all is, or for who may not walk it."""
    if not actor.can("data.write"):
        return []
    steps = []
    for model, title, text in STEPS:
        rows = _rows(actor, model)
        steps.append({"title": title, "text": text, "state": "done" if rows is not None and rows.exists() else ""})
    waiting = [step for step in steps if not step["state"]]
    if not waiting:
        return []
    waiting[0]["state"] = "next"
    steps[0]["url"] = _address("curation:datasets")
    return steps


def _address(name: str, *arguments: Any) -> str:
    """Return the address of a page, or nothing while it does not exist."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
