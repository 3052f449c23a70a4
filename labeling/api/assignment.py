"""Giving tasks to people and taking them back, over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from labeling.api.bulk import BIGGEST, GridFilter, plain_filter
from labeling.models import Assignment, AssignmentKind, Project
from labeling.services.assignment import MOST_NAMED, MOST_PEOPLE, Order, find_assignment, give_tasks, take_tasks
from labeling.services.project import find_project
from workers.api.job import JobOutput

SCOPE = "project.write"


class AssignmentInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=AssignmentKind.choices, default=AssignmentKind.GIVE, help_text="give, or take back what is assigned."
    )
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST), min_length=1, max_length=MOST_PEOPLE,
        help_text="Members who label; each task goes to whoever has got the fewest.",
    )  # fmt: skip
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST), required=False, max_length=MOST_NAMED
    )
    filter = GridFilter(required=False, help_text="Instead of items: everything that it finds. {} is every item.")
    each = serializers.IntegerField(
        default=1, min_value=1, max_value=20, help_text="Of these people, how many get each task."
    )
    per_person = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=10_000_000, help_text="Tasks for one person at most."
    )
    skill_column = serializers.CharField(
        required=False, allow_blank=True, max_length=200,
        help_text="A column, such as lang: each item goes to people who have its value among their skills.",
    )  # fmt: skip
    client_key = serializers.UUIDField(required=False, help_text="Sending the same key again gives out once.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "items" in attrs and "filter" in attrs:
            raise serializers.ValidationError({"items": "Give either items or a filter."})
        if attrs["kind"] == AssignmentKind.GIVE and "items" not in attrs and "filter" not in attrs:
            raise serializers.ValidationError({"items": "Say which items, by numbers or by a filter."})
        return attrs


class AssignmentOutput(serializers.ModelSerializer[Assignment]):
    filter = serializers.SerializerMethodField(help_text="What was chosen; empty for all that a person has.")
    counts = serializers.DictField(
        help_text="people: places by person; tasks that went to somebody; and passed over: full (no place free), "
        "theirs (these people have it already), enough (everybody has as many as they may get); kept: open just now."
    )
    job = JobOutput(allow_null=True)

    class Meta:
        model = Assignment
        fields = [
            "id", "project", "kind", "people", "filter", "each", "per_person", "skill_column", "state", "counts", "job",
            "created_by", "created_at",
        ]  # fmt: skip

    def get_filter(self, row: Assignment) -> dict[str, Any]:
        return {name: value for name, value in row.selection.items() if name not in ("sees_all", "looker")}


class AssignmentListView(ScopedViewSet):
    """Orders by which tasks were given to people or taken back."""

    queryset = Project.objects.all()
    serializer_class = AssignmentOutput
    filter_backends = ()
    scopes = {"GET": SCOPE, "POST": SCOPE}

    @extend_schema(responses=AssignmentOutput(many=True))
    def list(self, request: Request, pk: int) -> Response:
        """List the orders, newest first."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        rows = Assignment.objects.visible_to(actor).filter(project=project).select_related("job")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(AssignmentOutput(page, many=True).data)

    @extend_schema(request=AssignmentInput, responses={201: AssignmentOutput, 202: AssignmentOutput})
    def create(self, request: Request, pk: int) -> Response:
        """Give tasks to people or take them back: 201 when it is done, 202 with a job when there are more than 500."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        given = valid(AssignmentInput, request.data)
        wanted = given.get("filter")
        order = Order(
            people=given["people"],
            items=given.get("items"),
            wanted=None if wanted is None else plain_filter(wanted),
            each=given["each"],
            per_person=given.get("per_person"),
            skill_column=given.get("skill_column", ""),
            client_key=given.get("client_key"),
        )
        carry_out = give_tasks if given["kind"] == AssignmentKind.GIVE else take_tasks
        made = carry_out(actor=actor, project_id=project.pk, order=order)
        return Response(AssignmentOutput(made).data, status=202 if made.state == "running" else 201)


class AssignmentView(ScopedAPIView):
    """One order."""

    model = Assignment
    scopes = {"GET": SCOPE}

    @extend_schema(responses=AssignmentOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show an order: what was chosen, and what became of it."""
        return Response(AssignmentOutput(find_assignment(actor=request.actor, assignment_id=pk)).data)  # type: ignore[attr-defined]
