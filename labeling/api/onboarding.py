"""The way into a project over REST: for whoever goes it, and for those who manage."""

import math
import uuid
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.api.labeling import BIGGEST, ItemOutput, member, number, refuse
from labeling.models import Project
from labeling.services.onboarding import answer_onboarding, begin_attempt, find_onboarding
from labeling.services.onboarding_people import grant_attempt, let_pass, onboarding_people, reset_onboarding
from labeling.services.project import find_project

STAGES = ("open", "training", "test", "unready", "passed", "failed")
ACTS = {"let_pass": let_pass, "grant_attempt": grant_attempt, "reset": reset_onboarding}


class TrainingFigures(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    right = serializers.IntegerField(help_text="Right at the first try.")


class TestFigures(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    least = serializers.IntegerField(help_text="Per cent that must be right.")
    needed = serializers.IntegerField(help_text="Right answers that these are.")
    attempt = serializers.IntegerField()
    attempts = serializers.IntegerField()


class OnboardingTaskOutput(ItemOutput):
    draft = serializers.DictField(allow_null=True)


class WrongOutput(serializers.Serializer[Any]):
    task = ItemOutput()
    answer = serializers.DictField()
    right = serializers.DictField(allow_null=True, help_text="Null while another attempt may ask it again.")
    explanation = serializers.CharField()


class TestResultOutput(serializers.Serializer[Any]):
    passed = serializers.BooleanField()
    right = serializers.IntegerField()
    answers = serializers.IntegerField()
    least = serializers.IntegerField()
    attempts_left = serializers.IntegerField()
    wrong = WrongOutput(many=True, allow_null=True, help_text="Null where the project does not tell.")


class OnboardingOutput(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(
        choices=STAGES, help_text="open: the queue is open to this person. unready: no test item is marked yet."
    )
    training = TrainingFigures(required=False)
    test = TestFigures(required=False)
    task = OnboardingTaskOutput(allow_null=True, required=False)
    result = TestResultOutput(allow_null=True, required=False)
    schema_revision = serializers.IntegerField(required=False)


class OnboardingAnswerInput(serializers.Serializer[Any]):
    client_key = serializers.UUIDField()
    task = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    answer = serializers.DictField(help_text="Complete: there is no skipping.")
    seconds = serializers.FloatField(required=False, min_value=0)
    schema_revision = serializers.IntegerField(required=False, min_value=1)


class FeedbackOutput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=("right", "wrong", "open"))
    answer = serializers.DictField(allow_null=True, help_text="The right answer.")
    explanation = serializers.CharField()


class OnboardingAnswerOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=("saved", "duplicate"))
    feedback = FeedbackOutput(allow_null=True, help_text="Null in a test.")
    state = OnboardingOutput()


class OnboardingPerson(serializers.Serializer[Any]):
    user = serializers.IntegerField()
    name = serializers.CharField()
    stage = serializers.ChoiceField(choices=("new", "before", "training", "test", "passed", "failed"))
    trained = serializers.IntegerField()
    trained_right = serializers.IntegerField()
    attempt = serializers.IntegerField()
    attempts_left = serializers.IntegerField(allow_null=True)
    right = serializers.IntegerField(help_text="Of the last finished test.")
    answers = serializers.IntegerField()
    seconds = serializers.FloatField(help_text="Spent on training and tests.")
    finished_at = serializers.DateTimeField(allow_null=True)
    passed_at = serializers.DateTimeField(allow_null=True)
    let_by = serializers.CharField(allow_null=True, help_text="Who let the person pass by hand.")


class OnboardingPeopleOutput(serializers.Serializer[Any]):
    results = OnboardingPerson(many=True)


class OnboardingActInput(serializers.Serializer[Any]):
    person = serializers.IntegerField(min_value=1, max_value=BIGGEST)
    act = serializers.ChoiceField(choices=tuple(ACTS))


class OnboardingView(ScopedAPIView):
    """Where this person stands on the way into a project."""

    model = Project
    scopes = {"GET": "label"}

    @extend_schema(responses=OnboardingOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show the stage and the task that is next; nothing of its right answer."""
        return Response(find_onboarding(actor=request.actor, project_id=pk))  # type: ignore[attr-defined]


class OnboardingAnswerView(ScopedAPIView):
    """Answers of training and test."""

    model = Project
    scopes = {"POST": "label"}

    @extend_schema(request=OnboardingAnswerInput, responses=OnboardingAnswerOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Answer a task of training or test; the same client_key again changes nothing."""
        actor, data = request.actor, request.data  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        revision = member(data, "schema_revision", None)
        said = answer_onboarding(
            actor=actor,
            project_id=pk,
            task=number(member(data, "task", None), "task", 1, BIGGEST),
            answer=member(data, "answer", None),
            client_key=_key(member(data, "client_key", None)),
            seconds=_seconds(member(data, "seconds", 0)),
            schema_revision=None if revision is None else number(revision, "schema_revision", 1, 2**31 - 1),
        )
        return Response(said)


class OnboardingAttemptView(ScopedAPIView):
    """Another test."""

    model = Project
    scopes = {"POST": "label"}

    @extend_schema(request=None, responses=OnboardingOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Begin another test after one that was failed; 409 when no attempt is left."""
        return Response(begin_attempt(actor=request.actor, project_id=pk))  # type: ignore[attr-defined]


class OnboardingPeopleView(ScopedAPIView):
    """Who is how far on the way into a project."""

    model = Project
    scopes = {"GET": "project.write", "POST": "project.write"}

    @extend_schema(responses=OnboardingPeopleOutput)
    def get(self, request: Request, pk: int) -> Response:
        """List everybody who goes through training and test, those who need somebody first; 500 at most."""
        actor = request.actor  # type: ignore[attr-defined]
        return Response({"results": onboarding_people(actor=actor, project=find_project(actor=actor, project_id=pk))})

    @extend_schema(request=OnboardingActInput, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Let a person pass, grant another attempt, or let them begin anew."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        given = valid(OnboardingActInput, request.data)
        ACTS[given["act"]](actor=actor, project_id=pk, person=given["person"])
        return Response(status=204)


def _key(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise refuse("client_key", _("This must be a UUID.")) from None


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise refuse("seconds", _("This must be a number of seconds."))
    return float(value)
