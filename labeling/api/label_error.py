"""Suspected label errors over REST: searched for by a job, listed, decided."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.api.comment import PersonOutput
from labeling.models import Project, SuspectKind, SuspectLabel, SuspectState
from labeling.services.label_error import (
    DECISIONS,
    count_suspects,
    decide_suspect,
    find_suspect,
    find_suspects,
    last_search,
    start_search,
)
from labeling.services.project import find_project
from workers.api.job import JobOutput

SEEN = ("review", "project.write", "data.read")
SEARCH = ("review", "project.write")


class SuspectTask(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item_id = serializers.IntegerField()
    data = serializers.DictField()


class SuspectOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    task = SuspectTask()
    annotation = serializers.IntegerField(source="annotation_number")
    annotator = serializers.SerializerMethodField()
    control = serializers.CharField(help_text="The question; empty for the project's first choice.")
    mark = serializers.CharField(
        help_text="Id of the span or shape, of an overlooked one the id that it would get; empty for a choice."
    )
    kind = serializers.ChoiceField(
        choices=SuspectKind.choices,
        help_text="label: another label is likelier; spurious: nothing is there; overlooked: nobody marked what is "
        "there; edge: it begins or ends elsewhere.",
    )
    before = serializers.DictField(allow_null=True, help_text="The span or shape as the answer holds it, if it does.")
    after = serializers.DictField(allow_null=True, help_text="As it should be; null for one that should not be there.")
    given = serializers.ListField(child=serializers.CharField())
    suggested = serializers.ListField(child=serializers.CharField())
    score = serializers.FloatField(help_text="How far what was given can be believed, 0 to 1; lower is worse.")
    state = serializers.ChoiceField(choices=SuspectState.choices)
    decided_by = serializers.IntegerField(source="decided_by_id", allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(PersonOutput(allow_null=True))
    def get_annotator(self, row: SuspectLabel) -> dict[str, Any] | None:
        answer = row.answer  # type: ignore[attr-defined]
        return None if answer is None else {"id": answer.annotator_id, "name": str(answer.annotator)}


class SuspectsOutput(serializers.Serializer[Any]):
    results = SuspectOutput(many=True)
    next = serializers.CharField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Suspicions in each state.")
    search = JobOutput(allow_null=True, help_text="The newest search; its result says what it learned from.")


class SuspectFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=SuspectState.choices, default=SuspectState.OPEN)
    control = serializers.CharField(
        required=False, max_length=60, allow_blank=True, help_text="Only those of this question; empty: of the choice."
    )
    kind = serializers.ChoiceField(choices=SuspectKind.choices, required=False)
    cursor = serializers.RegexField(r"^\d{1,18}$", required=False)


class DecisionInput(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(
        choices=DECISIONS, help_text="accept takes what is suggested, keep what was given, none takes that back."
    )


class LabelErrorsView(ScopedAPIView):
    """Suspected label errors of a project."""

    model = Project
    scopes = {"GET": SEEN, "POST": SEARCH}

    @extend_schema(responses=SuspectsOutput, parameters=[SuspectFilter])
    def get(self, request: Request, pk: int) -> Response:
        """List suspicions, most suspicious first, 50 a page: those to look at by default."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        asked = valid(SuspectFilter, request.query_params)
        after = asked.get("cursor")
        found = find_suspects(
            actor=actor,
            project=project,
            state=asked["state"],
            after=None if after is None else int(after),
            control=asked.get("control"),
            kind=asked.get("kind", ""),
        )
        body = {
            "results": found.rows,
            "next": None if found.after is None else str(found.after),
            "counts": count_suspects(actor=actor, project=project),
            "search": last_search(actor=actor, project=project),
        }
        return Response(SuspectsOutput(body).data)

    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Search the answers for label errors; what an earlier search found and nobody decided is replaced."""
        job = start_search(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)


class LabelErrorView(ScopedAPIView):
    """One suspected label error."""

    model = SuspectLabel
    scopes = {"GET": SEEN}

    @extend_schema(responses=SuspectOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show one suspicion."""
        return Response(SuspectOutput(find_suspect(actor=request.actor, suspect_id=pk)).data)  # type: ignore[attr-defined]


class LabelErrorDecisionView(ScopedAPIView):
    """A decision on a suspected label error."""

    model = SuspectLabel
    scopes = {"POST": "review"}

    @extend_schema(request=DecisionInput, responses=SuspectOutput)
    def post(self, request: Request, pk: int) -> Response:
        """Change the answer as suggested, keep it, or take that back; 412 when it was changed meanwhile."""
        actor = request.actor  # type: ignore[attr-defined]
        find_suspect(actor=actor, suspect_id=pk)
        decision = valid(DecisionInput, request.data)["decision"]
        return Response(SuspectOutput(decide_suspect(actor=actor, suspect_id=pk, decision=decision)).data)
