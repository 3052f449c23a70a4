"""Suggestions from outside over REST: predictions that are sent, columns of the version, and servers that are asked."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from core.errors import NotFound
from labeling.api.labeling import BIGGEST
from labeling.models import Backend, Project
from labeling.services.backend import (
    LONGEST_URL,
    MOST_TASKS,
    find_backend,
    last_ask,
    remove_backend,
    save_backend,
    start_ask,
)
from labeling.services.prediction_import import MOST_ROWS, start_import, store_predictions
from labeling.services.project import find_project
from labeling.services.suggestion import LONGEST_SOURCE
from workers.api.job import JobOutput

SEEN = ("review", "project.write", "data.read")
WRITE = "project.write"


class SuggestedAnswer(serializers.Serializer[Any]):
    item = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    answer = serializers.DictField(help_text="As the project's questions take it; it may leave some of them open.")
    confidence = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=1)


class SuggestedAnswersInput(serializers.Serializer[Any]):
    source = serializers.CharField(max_length=LONGEST_SOURCE, help_text="What made them, as annotators read it.")
    predictions = serializers.ListField(child=SuggestedAnswer(), max_length=MOST_ROWS)


class RefusedAnswer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="Its place in the request, from 0.")
    item = serializers.IntegerField()
    where = serializers.CharField(help_text="The part of the answer; empty for the whole.")
    reason = serializers.CharField()


class SuggestedAnswersOutput(serializers.Serializer[Any]):
    stored = serializers.IntegerField()
    passed = serializers.IntegerField(help_text="Their task is full, or the project has no such item.")
    refused = RefusedAnswer(many=True)


class SuggestionImportInput(serializers.Serializer[Any]):
    column = serializers.CharField(max_length=200, help_text="Labels, several with | between them; or JSON.")
    confidence = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Column with how sure the model was, 0 to 1."
    )
    control = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="The question; empty for the one that classifies."
    )
    source = serializers.CharField(max_length=LONGEST_SOURCE, required=False, allow_blank=True)


class BackendInput(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=LONGEST_URL)
    user = serializers.CharField(max_length=200, required=False, allow_blank=True)
    password = serializers.CharField(
        max_length=500, required=False, allow_blank=True, trim_whitespace=False, write_only=True,
        help_text="Left out, the stored one stays while address and user do.",
    )  # fmt: skip
    live = serializers.BooleanField(required=False, help_text="Ask again for the next tasks as people go on.")


class BackendOutput(serializers.ModelSerializer[Backend]):
    has_password = serializers.SerializerMethodField()
    job = JobOutput(allow_null=True, help_text="The newest job that asked it.")

    class Meta:
        model = Backend
        fields = ["url", "user", "has_password", "live", "state", "problem", "model_version", "asked_at", "job"]

    def get_has_password(self, row: Backend) -> bool:
        return bool(row.sealed_password)


class AskInput(serializers.Serializer[Any]):
    tasks = serializers.IntegerField(required=False, min_value=1, max_value=MOST_TASKS)
    only_check = serializers.BooleanField(required=False, help_text="Only see whether it answers, with one task.")


class PredictionsView(ScopedAPIView):
    """Predictions of a model of yours."""

    model = Project
    scopes = {"POST": WRITE}

    @extend_schema(request=SuggestedAnswersInput, responses=SuggestedAnswersOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Keep predictions as suggestions, at most 5,000 at once; those that fit are kept whatever the others are."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        given = valid(SuggestedAnswersInput, request.data)
        kept = store_predictions(actor=actor, project_id=pk, source=given["source"], rows=given["predictions"])
        return Response({"stored": kept.stored, "passed": kept.passed, "refused": kept.refused})


class PredictionImportView(ScopedAPIView):
    """Predictions from a column."""

    model = Project
    scopes = {"POST": WRITE}

    @extend_schema(request=SuggestionImportInput, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Send the job that takes predictions from a column of the project's version."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        job = start_import(actor=actor, project_id=pk, **valid(SuggestionImportInput, request.data))
        return Response(JobOutput(job).data, status=202)


class BackendView(ScopedAPIView):
    """The server that suggests answers for a project, by Label Studio's ML backend protocol."""

    model = Project
    scopes = {"GET": SEEN, "PUT": WRITE, "DELETE": WRITE}

    @extend_schema(responses=BackendOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show the server and whether it answered when it was asked last; 404 when none is named."""
        return self._shown(request, find_project(actor=request.actor, project_id=pk))  # type: ignore[attr-defined]

    @extend_schema(request=BackendInput, responses=BackendOutput)
    def put(self, request: Request, pk: int) -> Response:
        """Name the server that suggests answers, in place of the one before."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        save_backend(actor=actor, project_id=pk, **valid(BackendInput, request.data))
        return self._shown(request, project)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Ask the server no more; what it suggested stays."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        remove_backend(actor=actor, project_id=pk)
        return Response(status=204)

    def _shown(self, request: Request, project: Project) -> Response:
        actor = request.actor  # type: ignore[attr-defined]
        found = find_backend(actor=actor, project=project)
        if found is None:
            raise NotFound(_("This project names no server."))
        found.job = last_ask(actor=actor, project=project)  # type: ignore[attr-defined]
        return Response(BackendOutput(found).data)


class AskBackendView(ScopedAPIView):
    """Asking the server."""

    model = Project
    scopes = {"POST": WRITE}

    @extend_schema(request=AskInput, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Send the job that asks the server for the tasks that come next and have no suggestion of it yet."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        job = start_ask(actor=actor, project_id=pk, **valid(AskInput, request.data))
        return Response(JobOutput(job).data, status=202)
