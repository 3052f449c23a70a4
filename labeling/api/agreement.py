"""How far the people of a project agree."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from core.errors import NotFound
from labeling.models import AgreementReport, Project
from labeling.services.project import find_project
from labeling.services.quality import find_agreement, start_measure
from workers.api.job import JobOutput


class AgreementOutput(serializers.ModelSerializer[AgreementReport]):
    report = serializers.DictField(
        help_text="For each control: coefficients with intervals, labels, pairs of people, people, differing items."
    )

    class Meta:
        model = AgreementReport
        fields = ["project", "report", "answers", "measured_at"]


class AgreementView(ScopedAPIView):
    """How far the people of a project agree, as a job measured it last."""

    model = Project
    scopes = {"GET": ("data.read", "review", "project.write"), "POST": ("review", "project.write")}

    @extend_schema(responses=AgreementOutput)
    def get(self, request: Request, pk: int) -> Response:
        actor: Any = request.actor  # type: ignore[attr-defined]
        found = find_agreement(actor=actor, project=find_project(actor=actor, project_id=pk))
        if found is None:
            raise NotFound(_("Nobody has measured the agreement of this project yet. POST here to do so."))
        return Response(AgreementOutput(found).data)

    @extend_schema(request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Measure how far people agree, by a job."""
        job = start_measure(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)
