"""Automatic acceptance over REST: how it is set, what it accepted and what its audit says, and giving back."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from labeling.models import Project
from labeling.services.acceptance import acceptance_page, change_acceptance
from labeling.services.acceptance_return import give_back
from labeling.services.project import find_project
from workers.api.job import JobOutput

BIGGEST = 2**62
SEEN = ("data.read", "review", "project.write")


class AuditFigures(serializers.Serializer[Any]):
    right = serializers.IntegerField(help_text="Audited answers that are what people said.")
    wrong = serializers.IntegerField(help_text="Another one, or people differ.")
    skipped = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Not answered by all who are to.")
    precision = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="95 %, at every moment at once."
    )


class AcceptRoundOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    epoch = serializers.IntegerField(help_text="Which switching on, or target, it belongs to.")
    number = serializers.IntegerField(help_text="From 1, in its epoch.")
    source = serializers.CharField(help_text="The model.")
    fingerprint = serializers.CharField()
    target = serializers.FloatField()
    threshold = serializers.FloatField(help_text="Answers of at least this confidence were accepted.")
    held_out = serializers.IntegerField(help_text="Labeled items, unseen by the model, that reach it.")
    held_out_right = serializers.IntegerField()
    bound = serializers.FloatField(help_text="The precision that these vouch for.")
    accepted = serializers.IntegerField()
    audited = serializers.IntegerField()
    standing = serializers.IntegerField(help_text="Accepted answers that nobody gave back.")
    refuted = serializers.BooleanField(help_text="Its labels are not published.")
    created_at = serializers.DateTimeField()
    audit = AuditFigures()


class AcceptanceOutput(serializers.Serializer[Any]):
    accepts = serializers.BooleanField()
    target = serializers.FloatField()
    audit_share = serializers.IntegerField()
    labels_from = serializers.IntegerField()
    gives_back = serializers.BooleanField()
    offered = serializers.BooleanField(help_text="Whether a model's answer could stand alone in this project.")
    obstacle = serializers.CharField(help_text="Why not.")
    standing = serializers.IntegerField(help_text="Tasks that are out of the queue because of it.")
    accepted = serializers.IntegerField(help_text="In this epoch.")
    audited = serializers.IntegerField(help_text="In this epoch.")
    measured = AuditFigures(help_text="The audit of this epoch.")
    stopped_at = serializers.DateTimeField(allow_null=True, help_text="When the audit switched it off.")
    stopped_by = serializers.DictField(help_text="round (0 for all together), right, wrong and target.")
    last = serializers.DictField(help_text="What the last suggestion job made of it.")
    rounds = AcceptRoundOutput(many=True)
    next = serializers.CharField(allow_null=True)


class AcceptanceInput(serializers.Serializer[Any]):
    accepts = serializers.BooleanField(required=False)
    target = serializers.FloatField(
        min_value=0.5, max_value=0.999, required=False, help_text="Precision that accepted answers must have."
    )
    audit_share = serializers.IntegerField(
        min_value=1, max_value=50, required=False, help_text="Per cent that people answer all the same; 30 at least."
    )
    labels_from = serializers.IntegerField(
        min_value=50, max_value=1_000_000, required=False, help_text="Not before so many labeled items."
    )
    gives_back = serializers.BooleanField(
        required=False, help_text="When the audit switches it off, what was accepted goes back to people by itself."
    )


class GiveBackInput(serializers.Serializer[Any]):
    below = serializers.FloatField(
        min_value=0, max_value=1, required=False, help_text="Only answers less sure than this; all when left out."
    )
    round = serializers.IntegerField(min_value=1, max_value=BIGGEST, required=False, help_text="Only of this round.")


class RoundCursor(serializers.Serializer[Any]):
    cursor = serializers.RegexField(r"^\d{1,18}$", required=False)


class AcceptanceView(ScopedAPIView):
    """Automatic acceptance of one project."""

    model = Project
    scopes = {"GET": SEEN, "PATCH": "project.write"}

    @extend_schema(responses=AcceptanceOutput, parameters=[RoundCursor])
    def get(self, request: Request, pk: int) -> Response:
        """Show how it is set, what it accepted and what its audit says; rounds newest first, 20 a page."""
        actor = request.actor  # type: ignore[attr-defined]
        project = find_project(actor=actor, project_id=pk)
        cursor = valid(RoundCursor, request.query_params).get("cursor")
        return Response(acceptance_page(actor=actor, project=project, before=None if cursor is None else int(cursor)))

    @extend_schema(request=AcceptanceInput, responses=AcceptanceOutput)
    def patch(self, request: Request, pk: int) -> Response:
        """Switch it on or off, or change how it is done. Switching on and another target begin a new audit."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        change_acceptance(actor=actor, project_id=pk, **valid(AcceptanceInput, request.data))
        return Response(acceptance_page(actor=actor, project=find_project(actor=actor, project_id=pk)))


class GiveBackView(ScopedAPIView):
    """Accepted answers that go back to people."""

    model = Project
    scopes = {"POST": "project.write"}

    @extend_schema(request=GiveBackInput, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Give accepted answers back to people: all, those of a round, or those less sure than a confidence."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        chosen = valid(GiveBackInput, request.data)
        job = give_back(actor=actor, project_id=pk, below=chosen.get("below"), round_id=chosen.get("round"))
        return Response(JobOutput(job).data, status=202)
