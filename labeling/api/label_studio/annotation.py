"""Annotations as Label Studio's clients give, read, change and delete them."""

from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.label_studio.base import SEEN, LabelStudioView, body
from labeling.models import Annotation, Task
from labeling.services.label_studio.annotation import (
    alter_annotation,
    find_annotation,
    give_annotation,
    task_for,
    withdraw_annotation,
)
from labeling.services.label_studio.project import words_of
from labeling.services.label_studio.showing import Row, show_annotation, truths_of


def shown(annotation: Annotation) -> Row:
    """Return one annotation."""
    truths = truths_of([annotation.task_id])
    return show_annotation(words_of(annotation.project), annotation, annotation.task.data, truths)


class TaskAnnotationsView(LabelStudioView):
    """Annotations of a task."""

    model = Task
    scopes = {"GET": (*SEEN, "label"), "POST": "label"}

    def get(self, request: Request, pk: str) -> Response:
        """List them in the order in which they were given; people who only label see their own."""
        actor = request.actor  # type: ignore[attr-defined]
        task = task_for(actor=actor, task_id=int(pk))
        words = words_of(task.project)
        rows = Annotation.objects.visible_to(actor).filter(task=task).order_by("pk")
        truths = truths_of([task.pk])
        return Response([show_annotation(words, row, task.data, truths) for row in rows])

    def post(self, request: Request, pk: str) -> Response:
        """Give the answer of whoever sends it, or of the member that completed_by names."""
        actor = request.actor  # type: ignore[attr-defined]
        task_for(actor=actor, task_id=int(pk))
        made = give_annotation(actor=actor, task_id=int(pk), given=body(request))
        return Response(shown(made), status=201)


class AnnotationView(LabelStudioView):
    """One annotation."""

    model = Annotation
    scopes = {"GET": (*SEEN, "label"), "PATCH": "label", "DELETE": "label"}

    def get(self, request: Request, pk: str) -> Response:
        """Show it."""
        return Response(shown(find_annotation(actor=request.actor, annotation_id=int(pk))))  # type: ignore[attr-defined]

    def patch(self, request: Request, pk: str) -> Response:
        """Change one's own."""
        actor = request.actor  # type: ignore[attr-defined]
        find_annotation(actor=actor, annotation_id=int(pk))
        return Response(shown(alter_annotation(actor=actor, annotation_id=int(pk), given=body(request))))

    def delete(self, request: Request, pk: str) -> Response:
        """Take one's own back."""
        withdraw_annotation(actor=request.actor, annotation_id=int(pk))  # type: ignore[attr-defined]
        return Response(status=204)
