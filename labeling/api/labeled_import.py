"""Labeled datasets of other tools over REST: a file that was sent becomes a project with its answers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, valid
from curation.models import Upload
from curation.services.upload import find_upload
from labeling.engine.formats.table import NAMES
from labeling.services.labeled_import import start_labeled_import
from workers.api.job import JobOutput


class LabeledImportInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, help_text="Of the project.")
    format = serializers.ChoiceField(
        choices=NAMES, required=False, allow_blank=True, help_text="Found by content when left out."
    )


class LabeledImportView(ScopedAPIView):
    """A file with labels."""

    model = Upload
    scopes = {"POST": "project.write"}

    @extend_schema(request=LabeledImportInput, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        """Make a version and a project of a labeled dataset, with everybody's answers; needs data.write too.

        The job's result names the project, what was left out by code, and the job that brings the answers.
        """
        actor = request.actor  # type: ignore[attr-defined]
        find_upload(actor=actor, upload_id=pk)
        chosen = valid(LabeledImportInput, request.data)
        job = start_labeled_import(
            actor=actor,
            upload_id=pk,
            name=chosen["name"],
            file_format=chosen.get("format", ""),
        )
        return Response(JobOutput(job).data, status=202)
