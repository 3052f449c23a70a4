"""Predictions as Label Studio's clients store, list and delete them."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError
from labeling.api.label_studio.base import SEEN, WRITE, LabelStudioView, body, number_of, page_of, unsupported
from labeling.models import Project, Suggestion
from labeling.services.label_studio.annotation import task_for
from labeling.services.label_studio.prediction import (
    find_prediction,
    give_prediction,
    give_predictions,
    withdraw_prediction,
)
from labeling.services.label_studio.project import words_of
from labeling.services.label_studio.showing import Row, show_prediction
from labeling.services.project import find_project


def shown(row: Suggestion) -> Row:
    """Return one prediction."""
    return show_prediction(words_of(row.project), row, row.task.data)


class PredictionListView(LabelStudioView):
    """Predictions of a task or of a project."""

    scopes = {"GET": SEEN, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """List those of a task, or one page of those of a project."""
        actor = request.actor  # type: ignore[attr-defined]
        query = request.query_params
        if query.get("task"):
            task = task_for(actor=actor, task_id=number_of(query["task"], "task"))
            words, rows = words_of(task.project), Suggestion.objects.filter(task=task).select_related("task")
        elif query.get("project"):
            project = find_project(actor=actor, project_id=number_of(query["project"], "project"))
            words, rows = words_of(project), Suggestion.objects.filter(task__project=project).select_related("task")
        else:
            raise DomainError("task_missing", _("Say of which task or project: task=7 or project=2."), field="task")
        page, size = page_of(request)
        some = rows.order_by("task__item_id", "pk")[(page - 1) * size : page * size]
        return Response([show_prediction(words, row, row.task.data) for row in some])

    def post(self, request: Request) -> Response:
        """Store what a model answers to a task."""
        given = body(request)
        task = number_of(given.get("task"), "task")
        return Response(shown(give_prediction(actor=request.actor, task_id=task, given=given)), status=201)  # type: ignore[attr-defined]


class PredictionView(LabelStudioView):
    """One prediction."""

    model = Suggestion
    scopes = {"GET": SEEN, "PATCH": WRITE, "DELETE": WRITE}

    def get(self, request: Request, pk: str) -> Response:
        """Show it."""
        return Response(shown(find_prediction(actor=request.actor, number=int(pk))))  # type: ignore[attr-defined]

    def patch(self, request: Request, pk: str) -> Response:
        """Say that predictions do not change."""
        find_prediction(actor=request.actor, number=int(pk))  # type: ignore[attr-defined]
        unsupported(_("Changing a prediction"), _("Send another one to the task, and delete this one."))

    def delete(self, request: Request, pk: str) -> Response:
        """Remove one that nobody was shown."""
        withdraw_prediction(actor=request.actor, number=int(pk))  # type: ignore[attr-defined]
        return Response(status=204)


class ImportPredictionsView(LabelStudioView):
    """Predictions to many tasks of a project."""

    model = Project
    scopes = {"POST": WRITE}

    def post(self, request: Request, pk: str) -> Response:
        """Store them, all or none."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=int(pk))
        rows = request.data if isinstance(request.data, list) else [request.data]
        return Response({"created": give_predictions(actor=actor, project_id=int(pk), rows=rows)}, status=201)
