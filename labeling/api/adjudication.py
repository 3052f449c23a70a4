"""Tasks on which people differ, and what somebody decided of them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from core.errors import NotFound
from labeling.api.comment import PersonOutput
from labeling.api.labeling import BIGGEST, ItemOutput
from labeling.engine.schema import parse_schema
from labeling.models import DisputeState, Project, Task
from labeling.services.adjudication import CHOICES, LONGEST_REASON, decide_task, find_adjudication, undo_decision
from labeling.services.dispute import start_weighing
from labeling.services.project import find_project
from labeling.services.side_by_side import SORTS, DisputeWish, find_disputes, show_decision
from workers.api.job import JobOutput

SEEN = ("review", "project.write", "data.read")
WEIGH = ("review", "project.write")


class FinalAnswerOutput(serializers.Serializer[Any]):
    task = serializers.IntegerField()
    state = serializers.ChoiceField(choices=CHOICES)
    answer = serializers.DictField(allow_null=True)
    annotation = serializers.IntegerField(allow_null=True, help_text="The answer that it was taken from.")
    edited = serializers.BooleanField(help_text="Whether it says something else than that one.")
    incomplete = serializers.BooleanField()
    reason = serializers.CharField()
    revision = serializers.IntegerField()
    by = PersonOutput(allow_null=True)
    at = serializers.DateTimeField()


class SkillOutput(serializers.Serializer[Any]):
    accuracy = serializers.FloatField(allow_null=True)
    skill = serializers.FloatField(allow_null=True)
    answers = serializers.IntegerField()


class GivenOutput(serializers.Serializer[Any]):
    annotation = serializers.IntegerField()
    revision = serializers.IntegerField()
    annotator = PersonOutput(allow_null=True, help_text="Null unless names=true.")
    answer = serializers.DictField(allow_null=True)
    skipped = serializers.BooleanField()
    reason = serializers.CharField()
    verdict = serializers.CharField()
    skill = SkillOutput(allow_null=True, help_text="By the last measure of agreement.")


class DisputeOutput(serializers.Serializer[Any]):
    task = ItemOutput()
    confidence = serializers.FloatField(allow_null=True, help_text="How probable the leading answer is, 0 to 1.")
    agreement = serializers.FloatField(allow_null=True, help_text="How far people agree, 0 to 1.")
    controls = serializers.DictField(help_text="By control on which people differ: the same, votes, probable labels.")
    answers = GivenOutput(many=True)
    decision = FinalAnswerOutput(allow_null=True)


class DisputesOutput(serializers.Serializer[Any]):
    results = DisputeOutput(many=True)
    next = serializers.CharField(allow_null=True)


class DisputeFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=DisputeState.choices, default=DisputeState.OPEN)
    control = serializers.CharField(max_length=60, required=False, help_text="People differ on this one.")
    label = serializers.CharField(max_length=300, required=False, help_text="control=value: somebody gave it.")
    person = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False, help_text="Answered it.")
    sort = serializers.ChoiceField(choices=SORTS, default=SORTS[0], help_text="The least of which comes first.")
    task = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False, help_text="This one alone.")
    item = serializers.IntegerField(min_value=0, max_value=BIGGEST, required=False, help_text="This one alone.")
    names = serializers.BooleanField(default=False, help_text="Say who gave which answer.")
    cursor = serializers.CharField(max_length=60, required=False)


class FinalAnswerInput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=CHOICES, default=DisputeState.DECIDED)
    annotation = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=BIGGEST, help_text="The answer that is taken."
    )
    answer = serializers.DictField(required=False, allow_null=True, help_text="Where it is not simply that one's.")
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_REASON, help_text="A must when it is left undecided."
    )
    revision = serializers.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Of the decision that you saw, 0 for none."
    )


class UndoFilter(serializers.Serializer[Any]):
    revision = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class DisputesView(ScopedAPIView):
    """Tasks of a project on which people differ."""

    model = Project
    scopes = {"GET": SEEN, "POST": WEIGH}

    @extend_schema(responses=DisputesOutput, parameters=[DisputeFilter])
    def get(self, request: Request, pk: int) -> Response:
        """List tasks on which people differ, the most open first, 20 a page, each with all answers side by side."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        # An empty field of a form is as if it were not there.
        given = {name: value for name, value in request.query_params.items() if value != ""}
        asked = valid(DisputeFilter, given)
        names, after = asked.pop("names"), asked.pop("cursor", "")
        found = find_disputes(
            actor=actor, project=project, schema=parse_schema(project.schema), wish=DisputeWish(**asked), after=after,
            names=names,
        )  # fmt: skip
        return Response({"results": found.rows, "next": found.after})

    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Compare all answers, by a job, so that the list says where people differ now."""
        job = start_weighing(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)


class AdjudicationView(ScopedAPIView):
    """The final answer to a task."""

    model = Task
    scopes = {"GET": SEEN, "PUT": "review", "DELETE": "review"}

    @extend_schema(responses=FinalAnswerOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show what was decided; 404 where nobody did."""
        found = find_adjudication(actor=request.actor, task_id=pk)  # type: ignore[attr-defined]
        return Response(show_decision(found))

    @extend_schema(request=FinalAnswerInput, responses=FinalAnswerOutput)
    def put(self, request: Request, pk: int) -> Response:
        """Decide a task, or leave it undecided with a reason; 412 when somebody decided it meanwhile."""
        actor = request.actor  # type: ignore[attr-defined]
        _find_task(actor, pk)
        decide_task(actor=actor, task_id=pk, **valid(FinalAnswerInput, request.data))
        return Response(show_decision(find_adjudication(actor=actor, task_id=pk)))

    @extend_schema(responses={204: None}, parameters=[UndoFilter])
    def delete(self, request: Request, pk: int) -> Response:
        """Take a decision back; the answers vote as before."""
        actor = request.actor  # type: ignore[attr-defined]
        _find_task(actor, pk)
        undo_decision(actor=actor, task_id=pk, **valid(UndoFilter, request.query_params))
        return Response(status=204)


def _find_task(actor: Any, pk: int) -> None:
    """A stranger hears that there is nothing, and not what is wrong with the body."""
    if not Task.objects.visible_to(actor).filter(pk=pk).exists():
        raise NotFound("There is no such task.")
