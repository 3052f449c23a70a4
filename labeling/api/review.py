"""Reviewing: others' answers one after the other, and a verdict on each."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.api.comment import PersonOutput
from labeling.api.labeling import BIGGEST, OwnAnswerOutput
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, Project, Rejection
from labeling.services.project import find_project
from labeling.services.result import REVIEWS, STATES, Wish
from labeling.services.review import LONGEST_REASON, VERDICTS, answers_to_review, judge_answer


class ReviewedOutput(OwnAnswerOutput):
    annotator = PersonOutput()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reviewer = PersonOutput(allow_null=True)
    reviewed_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(help_text="Why it was rejected.")


class ReviewListOutput(serializers.Serializer[Any]):
    results = ReviewedOutput(many=True)
    next = serializers.CharField(allow_null=True)


class ReviewFilter(serializers.Serializer[Any]):
    review = serializers.ChoiceField(choices=REVIEWS, required=False, help_text="All that count by default.")
    person = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False)
    label = serializers.CharField(max_length=300, required=False, allow_blank=True, help_text="control=value")
    state = serializers.ChoiceField(choices=STATES, required=False, allow_blank=True)
    text = serializers.CharField(max_length=200, required=False, allow_blank=True)
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    item = serializers.IntegerField(min_value=0, max_value=BIGGEST, required=False)
    share = serializers.IntegerField(min_value=1, max_value=100, required=False, help_text="Per cent, at random.")
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, help_text="Of the random share.")
    reason = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="Why it was skipped, word for word."
    )
    annotation = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False, help_text="This one alone.")
    cursor = serializers.RegexField(r"^\d{1,18}$", required=False)


class JudgementInput(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS, help_text="none takes a verdict back.")
    revision = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Of the answer that was looked at."
    )
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_REASON, help_text="Why it is rejected; a must then."
    )
    answer = serializers.DictField(required=False, help_text="What a fix makes of it.")


class ReviewView(ScopedAPIView):
    """Others' answers to review."""

    model = Project
    scopes = {"GET": "review"}

    @extend_schema(responses=ReviewListOutput, parameters=[ReviewFilter])
    def get(self, request: Request, pk: int) -> Response:
        """List the answers of others, newest first, with the filters of the page of answers."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        # An empty field of a form is as if it were not there.
        given = {name: value for name, value in request.query_params.items() if value != ""}
        asked = valid(ReviewFilter, given)
        cursor, number = asked.pop("cursor", None), asked.pop("annotation", None)
        control, _sign, value = asked.pop("label", "").partition("=")
        wish = Wish(control=control, value=value, except_of=actor.user_id, **asked)
        return Response(
            answers_to_review(
                actor=actor,
                project=project,
                schema=parse_schema(project.schema),
                wish=wish,
                number=number,
                before=None if cursor is None else int(cursor),
            )
        )


class JudgementView(ScopedAPIView):
    """A verdict on somebody else's answer."""

    model = Annotation
    scopes = {"POST": "review"}

    @extend_schema(request=JudgementInput, responses=ReviewedOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Accept, fix or reject an answer, or take that back; 412 when it was changed meanwhile."""
        actor = request.actor  # type: ignore[attr-defined]
        fields = valid(JudgementInput, request.data) if _names_answer(actor, pk) else {"verdict": "none"}
        return Response(judge_answer(actor=actor, annotation_id=pk, **fields))


def _names_answer(actor: Any, number: int) -> bool:
    """A stranger hears that there is nothing, and not what is wrong with the body."""
    return bool(Annotation.objects.visible_to(actor).filter(pk=number).exists()) or bool(
        Rejection.objects.visible_to(actor).filter(annotation_number=number).exists()
    )
