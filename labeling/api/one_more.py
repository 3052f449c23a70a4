"""From which confidence on a label stands, and what may be spent on asking one more person."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.models import Project
from labeling.services.one_more import (
    LEAST_EVERY,
    MOST_ANSWERS,
    MOST_CAP,
    MOST_EVERY,
    change_target,
    show_target,
    start_sending,
)
from labeling.services.project import find_project
from workers.api.job import JobOutput

SEEN = ("project.write", "review", "data.read")


class TargetInput(serializers.Serializer[Any]):
    target_confidence = serializers.FloatField(
        required=False, min_value=0, max_value=0.999, help_text="0 sends nothing; else from 0.5."
    )
    most_answers = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_ANSWERS, help_text="The most answers to one task."
    )
    extra_cap = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_CAP, help_text="The most extra answers in all."
    )
    weigh_every = serializers.IntegerField(
        required=False, min_value=LEAST_EVERY, max_value=MOST_EVERY, help_text="Answers after which it is looked again."
    )


class SentOutput(serializers.Serializer[Any]):
    sent = serializers.IntegerField(help_text="Places that this job opened.")
    spent = serializers.IntegerField()
    cap = serializers.IntegerField()
    target = serializers.FloatField()
    weighed = serializers.IntegerField(help_text="Tasks that have a confidence.")
    met = serializers.IntegerField(help_text="Of these, tasks that meet the target.")
    below = serializers.IntegerField()
    reasons = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Tasks below the target: waiting for an answer, decided, most answers, no people left, cap met.",
    )
    off = serializers.CharField(help_text="Why nothing can be sent: target, assigned, unweighed; or empty.")


class TargetOutput(serializers.Serializer[Any]):
    target_confidence = serializers.FloatField()
    most_answers = serializers.IntegerField()
    extra_cap = serializers.IntegerField()
    weigh_every = serializers.IntegerField()
    spent = serializers.IntegerField(help_text="Extra answers asked for so far.")
    last = SentOutput(allow_null=True)
    measured_at = serializers.DateTimeField(allow_null=True)


class OneMoreView(ScopedAPIView):
    """Asking one more person where the answers leave the label open."""

    model = Project
    scopes = {"GET": SEEN, "PATCH": "project.write", "POST": "project.write"}

    @extend_schema(responses=TargetOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show target and caps, what was spent, and what the last job came to."""
        actor = request.actor  # type: ignore[attr-defined]
        return Response(show_target(actor=actor, project=find_project(actor=actor, project_id=pk)))

    @extend_schema(request=TargetInput, responses=TargetOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Change target or caps."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        project = change_target(actor=actor, project_id=pk, **valid(TargetInput, request.data))
        return Response(show_target(actor=actor, project=project))

    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Weigh the answers now and send open tasks to one more person, by a job."""
        job = start_sending(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)
