"""The routes of the labeling page. They are the hot ones, so they read their few members by hand."""

import uuid
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from core.errors import DomainError
from core.number import whole_number
from labeling.models import Annotation, Project, Task
from labeling.services.annotation import (
    change_annotation,
    find_own,
    list_history,
    show_annotation,
    take_back,
)
from labeling.services.answer import save_answers
from labeling.services.draft import save_draft
from labeling.services.page import page_of_project
from labeling.services.queue import MOST_AT_ONCE, lease_tasks, release_tasks

BIGGEST = 2**63 - 1


class ProgressOutput(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Answers wanted: the places of all tasks.")
    done = serializers.IntegerField(help_text="Answers given, skipped ones included.")
    mine = serializers.IntegerField()
    suggestions_accepted = serializers.IntegerField()
    suggestions_shown = serializers.IntegerField()


class ItemOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item_id = serializers.IntegerField()
    data = serializers.DictField()


class TaskOutput(ItemOutput):
    lease = serializers.DictField()
    draft = serializers.DictField(allow_null=True)
    suggestion = serializers.DictField(allow_null=True)
    comments = serializers.IntegerField(help_text="Open comments on the task.")


class PageOutput(serializers.Serializer[Any]):
    project = serializers.DictField()
    me = serializers.DictField()
    progress = ProgressOutput()
    onboarding = serializers.DictField(
        allow_null=True, help_text="As onboarding/ gives it, while the queue is not open to this person yet."
    )


class LeaseInput(serializers.Serializer[Any]):
    count = serializers.IntegerField(min_value=0, max_value=MOST_AT_ONCE, required=False, default=1)
    holding = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=BIGGEST), required=False)
    sender = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="Name of the window or program that asks: tasks that it was given and does not hold come again.",
    )


class LeaseOutput(serializers.Serializer[Any]):
    tasks = TaskOutput(many=True)
    lost = serializers.ListField(child=serializers.IntegerField())
    progress = ProgressOutput()
    remaining = serializers.BooleanField()
    schema_revision = serializers.IntegerField(
        help_text="The number of the project's questions; another one than page/ gave means that they were changed."
    )


class AnswerInput(serializers.Serializer[Any]):
    client_key = serializers.UUIDField()
    task = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    lease = serializers.CharField(required=False)
    answer = serializers.DictField(allow_null=True)
    skipped = serializers.BooleanField(required=False)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)
    seconds = serializers.FloatField(required=False, min_value=0)
    suggestion = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=BIGGEST)
    schema_revision = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="Of the questions that were answered, the present ones by default. Earlier ones are brought along.",
    )


class AnswersInput(serializers.Serializer[Any]):
    answers = AnswerInput(many=True)


class AnswerResult(serializers.Serializer[Any]):
    client_key = serializers.CharField(allow_null=True)
    status = serializers.CharField(help_text="saved, duplicate, kept_as_draft or invalid")
    annotation = serializers.IntegerField(allow_null=True)
    task = serializers.IntegerField(allow_null=True)
    problem = serializers.DictField(required=False)


class AnswersOutput(serializers.Serializer[Any]):
    results = AnswerResult(many=True)
    progress = ProgressOutput()


class TasksInput(serializers.Serializer[Any]):
    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=BIGGEST))


class ReleasedOutput(serializers.Serializer[Any]):
    released = serializers.IntegerField()


class DraftInput(serializers.Serializer[Any]):
    answer = serializers.DictField()
    schema_revision = serializers.IntegerField(
        min_value=1, required=False, help_text="The number of the questions that it fits; the present ones without it."
    )


class DraftOutput(serializers.Serializer[Any]):
    saved_at = serializers.DateTimeField()
    answer = serializers.DictField(
        required=False, help_text="What a draft of earlier questions became; missing when nothing was changed."
    )


class OwnAnswerOutput(serializers.Serializer[Any]):
    annotation = serializers.IntegerField()
    revision = serializers.IntegerField()
    task = ItemOutput()
    answer = serializers.DictField(allow_null=True)
    skipped = serializers.BooleanField()
    at = serializers.DateTimeField()
    comments = serializers.IntegerField(help_text="Open comments on the task.")


class HistoryOutput(serializers.Serializer[Any]):
    results = OwnAnswerOutput(many=True)
    next = serializers.CharField(allow_null=True)


class ChangeInput(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    answer = serializers.DictField(allow_null=True, required=False)
    skipped = serializers.BooleanField(required=False)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class LabelingView(ScopedAPIView):
    model: Any = Project


def refuse(field: str, message: str) -> DomainError:
    rows = [{"field": field, "code": "invalid", "message": message}]
    return DomainError("invalid", _("Some fields are wrong; each is named under errors."), errors=rows)


def member(data: Any, name: str, default: Any) -> Any:
    return data.get(name, default) if isinstance(data, dict) else default


def numbers(data: Any, name: str, most: int) -> list[int]:
    """Return a list of ids from the body; anything else is refused."""
    value = member(data, name, [])
    if not isinstance(value, list) or len(value) > most:
        raise refuse(name, _("This must be a list of at most %(most)s numbers.") % {"most": most})
    if not all(type(item) is int and 0 < item <= BIGGEST for item in value):
        raise refuse(name, _("This must be a list of task numbers."))
    return value


def number(value: Any, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise refuse(name, _("This must be a whole number from %(low)s to %(high)s.") % {"low": low, "high": high})
    return value


def sender_of(data: Any) -> uuid.UUID | None:
    value = member(data, "sender", None)
    try:
        return None if value is None else uuid.UUID(str(value))
    except ValueError:
        raise refuse("sender", _("This must be a UUID.")) from None


class PageView(LabelingView):
    """What the labeling page needs once."""

    scopes = {"GET": "label"}

    @extend_schema(responses=PageOutput)
    def get(self, request: Request, pk: int) -> Response:
        return Response(page_of_project(actor=request.actor, project_id=pk))  # type: ignore[attr-defined]


class LeaseView(LabelingView):
    """Tasks for this person."""

    scopes = {"POST": "label"}

    @extend_schema(request=LeaseInput, responses=LeaseOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Hand out further tasks and renew the leases on those that are held."""
        count = number(member(request.data, "count", 1), "count", 0, MOST_AT_ONCE)
        holding = numbers(request.data, "holding", 500)
        where: Any = {"actor": request.actor, "project_id": pk}  # type: ignore[attr-defined]
        return Response(lease_tasks(**where, count=count, holding=holding, sender=sender_of(request.data)))


class AnswersView(LabelingView):
    """Answers of this person."""

    scopes = {"POST": "label"}

    @extend_schema(request=AnswersInput, responses=AnswersOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Save answers, each on its own; a saved answer is on disk before this is answered."""
        answers = member(request.data, "answers", [])
        if not isinstance(answers, list):
            raise refuse("answers", _("This must be a list of answers."))
        return Response(save_answers(actor=request.actor, project_id=pk, answers=answers))  # type: ignore[attr-defined]


class ReleaseView(LabelingView):
    """Leases given back."""

    scopes = {"POST": "label"}

    @extend_schema(request=TasksInput, responses=ReleasedOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Give leases back to the queue."""
        tasks = numbers(request.data, "tasks", 500)
        released = release_tasks(actor=request.actor, project_id=pk, tasks=tasks)  # type: ignore[attr-defined]
        return Response({"released": released})


class HistoryView(LabelingView):
    """This person's answers."""

    scopes = {"GET": "label"}

    @extend_schema(responses=HistoryOutput, parameters=[OpenApiParameter("cursor", str)])
    def get(self, request: Request, pk: int) -> Response:
        """List this person's answers, newest first, 50 a page."""
        cursor = request.query_params.get("cursor", "")
        before = whole_number(cursor) if cursor else BIGGEST
        if before is None:
            raise refuse("cursor", _("This is not a cursor that an earlier page gave."))
        return Response(list_history(actor=request.actor, project_id=pk, before=before))  # type: ignore[attr-defined]


class DraftView(LabelingView):
    """An unfinished answer."""

    model = Task
    scopes = {"PUT": "label"}

    @extend_schema(request=DraftInput, responses=DraftOutput)
    def put(self, request: Request, pk: int) -> Response:
        """Keep an unfinished answer."""
        answer = member(request.data, "answer", None)
        given = member(request.data, "schema_revision", None)
        revision = None if given is None else number(given, "schema_revision", 1, 2**31 - 1)
        saved_at, moved = save_draft(
            actor=request.actor,  # type: ignore[attr-defined]
            task_id=pk,
            answer=answer,
            schema_revision=revision,
        )
        return Response({"saved_at": saved_at} if moved is None else {"saved_at": saved_at, "answer": moved})


class AnnotationView(LabelingView):
    """One answer of this person."""

    model = Annotation
    scopes = {"GET": "label", "PATCH": "label", "DELETE": "label"}

    @extend_schema(responses=OwnAnswerOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show one answer of this person."""
        return Response(show_annotation(annotation=find_own(actor=request.actor, annotation_id=pk)))  # type: ignore[attr-defined]

    @extend_schema(request=ChangeInput, responses=OwnAnswerOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Change the answer; 412 when somebody changed it meanwhile."""
        actor, data = request.actor, request.data  # type: ignore[attr-defined]
        find_own(actor=actor, annotation_id=pk)
        skipped, reason = member(data, "skipped", False), member(data, "reason", "")
        if not isinstance(skipped, bool):
            raise refuse("skipped", _("This must be true or false."))
        if not isinstance(reason, str) or len(reason) > 500 or "\0" in reason:
            raise refuse("reason", _("This must be a text of at most 500 characters."))
        annotation = change_annotation(
            actor=actor,
            annotation_id=pk,
            revision=number(member(data, "revision", None), "revision", 1, 2**31 - 1),
            answer=member(data, "answer", None),
            skipped=skipped,
            reason=reason,
        )
        return Response(show_annotation(annotation=annotation))

    @extend_schema(responses=TaskOutput, parameters=[OpenApiParameter("revision", int, required=True)])
    def delete(self, request: Request, pk: int) -> Response:
        """Take the answer back: its task is leased to the same person again, with the answer as its draft."""
        actor = request.actor  # type: ignore[attr-defined]
        find_own(actor=actor, annotation_id=pk)
        given = request.query_params.get("revision", "")
        revision = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
        return Response(take_back(actor=actor, annotation_id=pk, revision=number(revision, "revision", 1, 2**31 - 1)))
