"""Tasks as Label Studio's clients list, read and make them."""

from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from labeling.api.label_studio.base import (
    SEEN,
    WRITE,
    LabelStudioView,
    body,
    flag_of,
    number_of,
    page_of,
    query_of,
    unsupported,
)
from labeling.models import Project, Task
from labeling.services.label_studio.annotation import task_for
from labeling.services.label_studio.intake import import_tasks
from labeling.services.label_studio.project import answer_counts
from labeling.services.label_studio.showing import show_tasks, tasks_of
from labeling.services.project import find_project

# The one filter of the data manager that is known: whether anybody answered.
_ANSWERED = ("filter:tasks:completed_at", "filter:tasks:total_annotations")


def one_task(actor: Any, task: Task) -> dict[str, Any]:
    """Return one task with everything that was said of it."""
    (row,) = show_tasks(actor=actor, project=task.project, tasks=[task])
    return row


class TaskListView(LabelStudioView):
    """Tasks of a project."""

    scopes = {"GET": SEEN, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """List one page of them in the order in which they came; 404 behind the last."""
        if request.query_params.get("view"):
            unsupported(_("A view of the data manager"), _("Ask for tasks by project."))
        if not request.query_params.get("project"):
            raise DomainError("project_missing", _("Say whose tasks: project=7."), field="project")
        return _page(request, number_of(request.query_params["project"], "project"))

    def post(self, request: Request) -> Response:
        """Make one task; many at once are made by the project's import."""
        given = body(request)
        project = number_of(given.pop("project", None), "project")
        actor = request.actor  # type: ignore[attr-defined]
        row = {name: given[name] for name in ("data", "meta", "annotations", "predictions") if name in given}
        if not isinstance(row.get("data"), dict):
            raise DomainError("tasks_invalid", _("Send the task's data as an object."), field="data")
        made = import_tasks(actor=actor, project_id=project, rows=[row])
        return Response(one_task(actor, task_for(actor=actor, task_id=made["task_ids"][0])), status=201)


class ProjectTasksView(LabelStudioView):
    """Tasks of a project, under its address."""

    model = Project
    scopes = {"GET": SEEN, "DELETE": WRITE}

    def get(self, request: Request, pk: str) -> Response:
        """List one page of them."""
        return _page(request, int(pk))

    def delete(self, request: Request, pk: str) -> Response:
        """Say that items stay."""
        find_project(actor=request.actor, project_id=int(pk))  # type: ignore[attr-defined]
        unsupported_delete()


def _page(request: Request, project_id: int) -> Response:
    actor = request.actor  # type: ignore[attr-defined]
    project = find_project(actor=actor, project_id=project_id)
    labeled, only = _wanted(request)
    rows = tasks_of(actor=actor, project=project, labeled=labeled)
    if only:
        rows = rows.filter(pk__in=only)
    page, size = page_of(request)
    found = list(rows[(page - 1) * size : page * size])
    if not found and page > 1:
        # The SDK stops here; to it an empty page is no end.
        raise DomainError("page_empty", _("There is no such page."), status=404)
    given, skipped = answer_counts([project])[project.pk]
    shown = show_tasks(actor=actor, project=project, tasks=found)
    if request.query_params.get("include") == "id":
        shown = [{"id": row["id"]} for row in shown]
    return Response(
        {
            "tasks": shown,
            "total": project.task_count if labeled is None and not only else rows.count(),
            "total_annotations": given - skipped,
            "total_predictions": sum(row.get("total_predictions", 0) for row in shown),
        }
    )


def _wanted(request: Request) -> tuple[bool | None, list[int]]:
    """Return whether only tasks with an answer are wanted, or only those without; and the numbers of some."""
    labeled: bool | None = True if flag_of(request.query_params.get("only_annotated")) else None
    query = query_of(request)
    filters = query.get("filters") or {}
    items = filters.get("items", []) if isinstance(filters, dict) else [None]
    for item in items if isinstance(items, list) else [None]:
        row = item if isinstance(item, dict) else {}
        if row.get("filter") not in _ANSWERED or row.get("operator") != "empty" or len(items) > 1:
            unsupported(
                _("This filter of the data manager"),
                _("Tasks can be asked for that are answered or not, with completed_at empty; all others by number."),
            )
        labeled = not flag_of(row.get("value"))
    chosen = query.get("selectedItems") or {}
    some = chosen.get("included") if isinstance(chosen, dict) and not chosen.get("all", True) else None
    return labeled, [number_of(each, "selectedItems") for each in some or []][:1_000]


def unsupported_delete() -> NoReturn:
    """Say that tasks stay, and what to do with those that nobody is to get."""
    unsupported(
        _("Deleting tasks"),
        _("An item stays in its version. Leave items out with a curation plan, and label the version that it makes."),
    )


class TaskView(LabelStudioView):
    """One task."""

    model = Task
    scopes = {"GET": SEEN, "PATCH": WRITE, "DELETE": WRITE}

    def get(self, request: Request, pk: str) -> Response:
        """Show it with everything that was said of it."""
        actor = request.actor  # type: ignore[attr-defined]
        return Response(one_task(actor, task_for(actor=actor, task_id=int(pk))))

    def patch(self, request: Request, pk: str) -> Response:
        """Say that items do not change."""
        task_for(actor=request.actor, task_id=int(pk))  # type: ignore[attr-defined]
        unsupported(
            _("Changing a task"), _("An item never changes: its answers are about what it was. Import another task.")
        )

    def delete(self, request: Request, pk: str) -> Response:
        """Say that items stay."""
        task_for(actor=request.actor, task_id=int(pk))  # type: ignore[attr-defined]
        unsupported_delete()
