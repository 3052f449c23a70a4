"""Exports over REST: asked for, listed, downloaded."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from labeling.engine.formats.table import WRITTEN
from labeling.models import Export, Project
from labeling.services.export import export_address, find_export, formats_for, list_exports, start_export
from labeling.services.project import find_project
from workers.api.job import JobOutput

# Originals of pictures are in it, and everybody's names.
RIGHT = "project.write"


class ExportOutput(serializers.ModelSerializer[Export]):
    format = serializers.CharField(source="file_format")
    job = JobOutput(allow_null=True)
    losses = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many objects were left out or changed, by code of the report."
    )

    class Meta:
        model = Export
        fields = [
            "id", "project", "format", "options", "job", "created_at", "finished_at", "item_count", "byte_count",
            "losses", "removed_at",
        ]  # fmt: skip


class AnswerExportInput(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=WRITTEN)
    only_answered = serializers.BooleanField(default=True, help_text="Leave out items that nobody answered.")
    only_reviewed = serializers.BooleanField(default=False, help_text="Only answers that a reviewer accepted or fixed.")
    with_gold = serializers.BooleanField(default=False, help_text="Also answers to items with a known answer.")
    with_predictions = serializers.BooleanField(default=False, help_text="Also what models suggested.")


class ExportFormatOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    why_not = serializers.CharField(help_text="Why it cannot hold these answers; empty where it can.")


class ExportAddress(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Works for an hour, for whoever has it.")


class ExportListView(ScopedViewSet):
    """Exports of a project."""

    queryset = Export.objects.all()
    serializer_class = ExportOutput
    scopes = {"GET": RIGHT, "POST": RIGHT}

    def get_queryset(self) -> Any:
        """Return those of the project, newest first."""
        actor = self.request.actor  # type: ignore[attr-defined]
        return list_exports(actor=actor, project=find_project(actor=actor, project_id=int(self.kwargs["pk"])))

    def list(self, request: Request, pk: int) -> Response:
        """List the exports, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(ExportOutput(page, many=True).data)

    @extend_schema(request=AnswerExportInput, responses={202: ExportOutput})
    def create(self, request: Request, pk: int) -> Response:
        """Write the answers in a format; a job does it."""
        actor = request.actor  # type: ignore[attr-defined]
        find_project(actor=actor, project_id=pk)
        options = valid(AnswerExportInput, request.data)
        file_format = options.pop("format")
        export = start_export(actor=actor, project_id=pk, file_format=file_format, options=options)
        return Response(ExportOutput(export).data, status=202)


class ExportFormatsView(ScopedAPIView):
    """The formats that a project's answers can be had in."""

    model = Project
    scopes = {"GET": RIGHT}

    @extend_schema(responses=ExportFormatOutput(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List the formats, with why one cannot hold these answers."""
        project = find_project(actor=request.actor, project_id=pk)  # type: ignore[attr-defined]
        rows = [{"name": name, "why_not": why_not} for name, why_not in formats_for(project).items()]
        return Response(ExportFormatOutput(rows, many=True).data)


class ExportView(ScopedAPIView):
    """One export."""

    model = Export
    scopes = {"GET": RIGHT}

    @extend_schema(responses=ExportOutput)
    def get(self, request: Request, pk: int) -> Response:
        """Show what it came to."""
        export = find_export(actor=request.actor, export_id=pk)  # type: ignore[attr-defined]
        return Response(ExportOutput(export).data)


class ExportFileView(ScopedAPIView):
    """The archive of an export."""

    model = Export
    scopes = {"GET": RIGHT}

    @extend_schema(responses=ExportAddress)
    def get(self, request: Request, pk: int) -> Response:
        """Give an address to download the zip from."""
        url = export_address(actor=request.actor, export_id=pk)  # type: ignore[attr-defined]
        return Response({"url": request.build_absolute_uri(url)})


class ExportLossesView(ScopedAPIView):
    """The report of an export."""

    model = Export
    scopes = {"GET": RIGHT}

    @extend_schema(responses=ExportAddress)
    def get(self, request: Request, pk: int) -> Response:
        """Give an address to download the CSV from: where, code and reason of each object left out or changed."""
        url = export_address(actor=request.actor, export_id=pk, report=True)  # type: ignore[attr-defined]
        return Response({"url": request.build_absolute_uri(url)})
