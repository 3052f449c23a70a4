"""Bulk answers over REST: given by items or by a filter, listed, undone."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from labeling.engine.schema import parse_schema
from labeling.models import Bulk, Project
from labeling.services.bulk import MOST_NAMED, Order, find_bulk, refuse_without_grid, start_bulk
from labeling.services.bulk_undo import undo_bulk
from labeling.services.grid import LONGEST_ITEMS, STATES, count_matching, looker_of, wish_of
from labeling.services.project import find_project
from workers.api.job import JobOutput

BIGGEST = 2**62
SEEN = ("label", "review", "project.write", "data.read")


class GridFilter(serializers.Serializer[Any]):
    q = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Substring of the text, compared as in a search."
    )
    state = serializers.ChoiceField(
        choices=STATES,
        required=False,
        allow_blank=True,
        help_text="open: nobody answered; answered: somebody did; todo: you did not, and there is a place; "
        "skipped: somebody skipped it (for people who only label: they did).",
    )
    label = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="A label that was given, as control=label."
    )
    suggested = serializers.CharField(
        required=False, allow_blank=True, max_length=300, help_text="The label of the newest suggestion."
    )
    least = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Least confidence of that suggestion."
    )
    column = serializers.CharField(required=False, allow_blank=True, max_length=200, help_text="A column's name.")
    value = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="What stands in it; nothing when left out."
    )
    like = serializers.IntegerField(
        required=False, min_value=1, max_value=BIGGEST, help_text="The items nearest to this one by meaning."
    )
    cluster = serializers.IntegerField(
        required=False, min_value=0, max_value=BIGGEST, help_text="A cluster of the version's meaning."
    )
    items = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_ITEMS, help_text="Item numbers and ranges, as 1-5,9."
    )


class BulkInput(serializers.Serializer[Any]):
    answer = serializers.DictField(help_text='For example {"label": ["spam"]}.')
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST), required=False, max_length=MOST_NAMED
    )
    filter = GridFilter(required=False, help_text="Instead of items: everything that it finds. {} is every item.")
    change_own = serializers.BooleanField(
        default=False, help_text="Earlier answers of yours become this one; otherwise they are passed over."
    )
    client_key = serializers.UUIDField(required=False, help_text="Sending the same key again answers once.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("items" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"items": "Give either items or a filter."})
        return attrs


class BulkOutput(serializers.ModelSerializer[Bulk]):
    annotator_name = serializers.CharField(source="annotator")
    filter = serializers.DictField(
        source="selection", help_text="What was chosen: the filter, or items as numbers and ranges."
    )
    counts = serializers.DictField(
        help_text="stored and changed, and passed over: same, answered (by you before), earlier (to earlier "
        "questions), full, leased (somebody has it now), unknown."
    )
    undone = serializers.DictField(help_text="taken_back, restored and kept (changed since).")
    job = JobOutput(allow_null=True)

    class Meta:
        model = Bulk
        fields = [
            "id", "project", "annotator", "annotator_name", "answer", "filter", "change_own", "state", "counts",
            "undone", "job", "created_at", "undone_at", "undone_by",
        ]  # fmt: skip


class BulkCount(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    is_all = serializers.BooleanField(help_text="False when there are more, or when there was no time to look on.")


class BulkListView(ScopedViewSet):
    """Bulk answers of a project. People who only label see their own."""

    queryset = Project.objects.all()
    serializer_class = BulkOutput
    filter_backends = ()
    scopes = {"GET": SEEN, "POST": "label"}

    @extend_schema(responses=BulkOutput(many=True))
    def list(self, request: Request, pk: int) -> Response:
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        rows = Bulk.objects.visible_to(actor).filter(project=project).select_related("annotator", "job")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(BulkOutput(page, many=True).data)

    @extend_schema(request=BulkInput, responses={201: BulkOutput, 202: BulkOutput})
    def create(self, request: Request, pk: int) -> Response:
        """Give one answer to many items: 201 when it is done, 202 with a job when there are more than 500."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=int(pk))
        given = valid(BulkInput, request.data)
        wanted = given.get("filter")
        order = Order(
            given["answer"],
            given.get("items"),
            None if wanted is None else plain_filter(wanted),
            given["change_own"],
            given.get("client_key"),
        )
        bulk = start_bulk(actor=actor, project_id=project.pk, order=order)
        shown = BulkOutput(find_bulk(actor=actor, bulk_id=bulk.pk)).data
        return Response(shown, status=202 if bulk.state == "running" else 201)


class BulkCountView(ScopedAPIView):
    """How many items a filter finds."""

    model = Project
    scopes = {"GET": SEEN}

    @extend_schema(responses=BulkCount, parameters=[GridFilter])
    def get(self, request: Request, pk: int) -> Response:
        """Count the items that a filter finds, 10,000 at most."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        schema, looker = parse_schema(project.schema), looker_of(actor)
        refuse_without_grid(schema)
        wish = wish_of(
            plain_filter(valid(GridFilter, request.query_params)), project=project, schema=schema, looker=looker
        )
        count, is_all = count_matching(project=project, wish=wish, looker=looker)
        return Response({"count": count, "is_all": is_all})


class BulkView(ScopedAPIView):
    """Bulk answers."""

    model = Bulk
    scopes = {"GET": SEEN}

    @extend_schema(responses=BulkOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show bulk answers: what was given, and what became of it."""
        return Response(BulkOutput(find_bulk(actor=request.actor, bulk_id=pk)).data)  # type: ignore[attr-defined]


class BulkUndoView(ScopedAPIView):
    """The undoing of bulk answers."""

    model = Bulk
    scopes = {"POST": ("label", "project.write")}

    @extend_schema(request=None, responses={200: BulkOutput, 202: BulkOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Take back what nobody changed since: 200 when it is done, 202 with a job when there are more than 500."""
        bulk = undo_bulk(actor=request.actor, bulk_id=pk)  # type: ignore[attr-defined]
        return Response(BulkOutput(bulk).data, status=202 if bulk.state == "undoing" else 200)


def plain_filter(values: dict[str, Any]) -> dict[str, str]:
    """Return a filter as it stands in an address."""
    return {name: str(value) for name, value in values.items() if value not in ("", None)}
