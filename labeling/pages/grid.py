"""The grid: many items at once, found by filters that stand in the address, chosen and labeled by keys."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import ensure_csrf_cookie

from accounts.pages.view import PageRequest, ScopedPage, page_of
from core.errors import DomainError, NotFound
from core.number import whole_number
from curation.pages.picture import thumb
from curation.services.explorer import INDEX_FROM, has_index, request_index
from curation.services.meaning import meaning_figures
from labeling.engine.grid import SUITED, headings, labels_with_depth, offered
from labeling.engine.schema import Schema, parse_schema, said_in
from labeling.models import Bulk, Project
from labeling.pages.bulk_words import STATES, chosen_by, endings, sentences
from labeling.pages.project import rights_of
from labeling.services.bulk import MOST_NAMED, find_bulk, is_stopped, refuse_without_grid
from labeling.services.bulk_undo import undo_bulk
from labeling.services.grid import (
    FIELDS,
    LONGEST_ITEMS,
    Looker,
    Wish,
    look,
    looker_of,
    searches_text,
    sees_meaning,
    wish_of,
)
from labeling.services.grid_card import cards_of
from labeling.services.grid_source import END
from labeling.services.onboarding_gate import is_newcomer
from labeling.services.project import find_project

PAGE = 60
# Labels that a list of the filters offers; others are written into the address.
OFFERED = 500
# The newest bulk of a person is shown above the grid for so long.
RECENT = timedelta(hours=12)
# What grid.js says.
WORDS = [
    gettext_noop("{count} chosen"),
    gettext_noop("{count} chosen, {elsewhere} of them not on this page"),
    gettext_noop("Nothing chosen"),
    gettext_noop("All that match are chosen"),
    gettext_noop("At most {most} items are chosen by hand. Label these first, or choose all that match."),
    gettext_noop("Too many items are chosen one by one for this. Choose fewer, or all that match."),
    gettext_noop("All {count} that match are chosen"),
    gettext_noop("All that match are chosen, more than {count}"),
    gettext_noop("Choose all {count} that match"),
    gettext_noop("Choose all that match (more than {count})"),
    gettext_noop("Give “{label}” to {count} items"),
    gettext_noop("Give “{label}” to all that match"),
    gettext_noop("Choose a label first"),
    gettext_noop("Choose items first: Space chooses the one at hand."),
    gettext_noop("No label has these words"),
    gettext_noop("More labels…"),
]


@method_decorator(ensure_csrf_cookie, name="dispatch")
class GridPage(ScopedPage):
    scopes = {"GET": ("label", "review", "project.write", "data.read")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema, looker = parse_schema(project.schema), looker_of(request.actor)
        context: dict[str, Any] = {"project": project, **rights_of(request)}
        try:
            refuse_without_grid(schema)
        except DomainError as error:
            return render(request, "labeling/grid.html", {**context, "not_offered": error})
        asked = {name: request.GET.get(name, "")[: LONGEST_ITEMS + 1] for name in FIELDS}
        context |= {"asked": asked, **_choices(project, schema, looker)}
        try:
            wish = wish_of(asked, project=project, schema=schema, looker=looker)
            context |= _found(request, project, schema, looker, wish)
        except DomainError as error:
            if error.code not in ("filter_invalid", "meaning_missing"):
                raise
            context |= {"refused": error, "cards": [], "filtered": True, "filter": {}}
        context |= _setup(request, project, schema, context)
        status = 400 if "refused" in context else 200
        return render(request, "labeling/grid.html", context, status=status)


def _found(request: PageRequest, project: Project, schema: Schema, looker: Looker, wish: Wish) -> dict[str, Any]:
    after = whole_number(request.GET.get("after", "")) or 0
    seen = look(project=project, wish=wish, looker=looker, after=after, limit=PAGE)
    version = project.version
    # Without an index a search reads the rows themselves; of a large version that takes several looks.
    wanting = (wish.text or wish.column) and version.row_count > INDEX_FROM and not has_index(version)
    cards = cards_of(project=project, schema=schema, looker=looker, tasks=[task for task, _item in seen.tasks])
    return {
        "cards": [(card, thumb(card.picture)) for card in cards],
        "after": None if seen.after == END else seen.after,
        "cut_short": seen.cut_short,
        "is_deep": bool(after),
        "filtered": not wish.is_empty,
        "filter": wish.to_json(),
        "index_job": request_index(actor=request.actor, version_id=version.pk) if wanting else None,
        "last": _last(request, project, schema),
    }


def _choices(project: Project, schema: Schema, looker: Looker) -> dict[str, Any]:
    """Return what the filters offer this person."""
    suited = [control for control in schema.controls if control.type in SUITED]
    labels = [
        (f"{each.name}={label.value}", label.title if len(suited) == 1 else f"{each.title or each.name}: {label.title}")
        for each in suited
        for label, _depth in labels_with_depth(each)
    ][:OFFERED]
    found: dict[str, Any] = {
        "states": STATES,
        "labels": labels,
        "may_search": searches_text(project, schema, looker),
        "has_pictures": bool(schema.picture),
    }
    columns = [name for name, _kind in project.version.manifest.get("columns", []) if name != "item_id"]
    found["columns"] = [name for name in columns if looker.sees_all or name in schema.fields]
    if sees_meaning(project, schema, looker):
        figures = meaning_figures(project.version)
        clusters = figures["clusters"] if figures else []
        names = [", ".join(entry["words"][:4]) or _("without a name") for entry in clusters]
        found["clusters"] = [(str(number), name) for number, name in enumerate(names)]
        found["has_meaning"] = figures is not None
    return found


def _last(request: PageRequest, project: Project, schema: Schema) -> dict[str, Any] | None:
    """Return this person's newest bulk of this project, while it is news."""
    rows = Bulk.objects.filter(project=project, annotator_id=request.actor.user_id).select_related("job")
    bulk = rows.order_by("-pk").first()
    if bulk is None or timezone.now() - max(bulk.created_at, bulk.undone_at or bulk.created_at) > RECENT:
        return None
    return shown(bulk, schema)


def shown(bulk: Bulk, schema: Schema) -> dict[str, Any]:
    """Return what a page says of a bulk."""
    stopped = is_stopped(bulk)
    return {
        "bulk": bulk,
        "said": said_in(schema, bulk.answer),
        "sentences": sentences(bulk),
        "endings": endings(bulk),
        "chosen": chosen_by(bulk),
        "address": "" if bulk.names_items else urlencode(_address(bulk)),
        "stopped": stopped,
        "running": bulk.state in ("running", "undoing") and not stopped,
        "may_undo": (bulk.state == "done" and bulk.stored > 0) or stopped,
    }


def _address(bulk: Bulk) -> dict[str, str]:
    return {name: value for name, value in bulk.selection.items() if name != "sees_all"}


def _setup(request: PageRequest, project: Project, schema: Schema, context: dict[str, Any]) -> dict[str, Any]:
    """Return what grid.js needs: the labels with their keys, and where to send what."""
    controls = []
    for control in offered(schema).controls:
        rows, only_group = labels_with_depth(control), headings(control)
        keyed = any(label.hotkey for label, _depth in rows)
        labels = [
            {
                "value": label.value,
                "title": label.title,
                "key": label.hotkey if keyed else str(number) if number < 10 else "",
                "depth": depth,
                "is_heading": label.value in only_group,
            }
            for number, (label, depth) in enumerate(rows, 1)
        ]
        multiple = bool(getattr(control, "multiple", False))
        title = control.title or control.name
        controls.append({"name": control.name, "title": title, "multiple": multiple, "labels": labels})
    send = reverse("bulk-list", args=[project.pk])
    count = reverse("bulk-count", args=[project.pk])
    found = {
        "project": project.pk,
        "controls": controls,
        "send": send,
        "count": f"{count}?{urlencode(context['filter'])}",
        "most": MOST_NAMED,
        "longest": LONGEST_ITEMS,
    }
    newcomer = context["may_label"] and is_newcomer(request.actor, project)
    may_give = context["may_label"] and project.state == "open" and "refused" not in context and not newcomer
    return {
        "is_newcomer": newcomer,
        "may_give": may_give,
        "address": urlencode(context["filter"]),
        "setup": {**found, "filter": context["filter"], "may_give": may_give},
        "page_words": {text: _(text) for text in WORDS},
    }


class BulkPage(ScopedPage):
    """The bulk answers of a project, and undoing them without a script."""

    scopes = {"GET": ("label", "review", "project.write", "data.read"), "POST": ("label", "project.write")}

    def get(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        schema = parse_schema(project.schema)
        rows = Bulk.objects.visible_to(request.actor).filter(project=project)
        page = page_of(request, rows.select_related("annotator", "job", "undone_by"))
        may_write = request.actor.can("project.write")
        listed = []
        for bulk in page.rows:
            row = shown(bulk, schema)
            row["may_undo"] = row["may_undo"] and (may_write or bulk.annotator_id == request.actor.user_id)
            listed.append(row)
        context = {"project": project, "page": page, "rows": listed, **rights_of(request)}
        return render(request, "labeling/bulk.html", context)

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        project = find_project(actor=request.actor, project_id=pk)
        bulk = find_bulk(actor=request.actor, bulk_id=whole_number(request.POST.get("bulk", "")) or 0)
        if bulk.project_id != project.pk:
            raise NotFound(_("There are no such bulk answers."))
        undo_bulk(actor=request.actor, bulk_id=bulk.pk)
        return redirect("labeling:bulk", project.pk)
