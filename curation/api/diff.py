from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from curation.api.version import DownloadInput, ItemPageOutput, PageInput, VersionDownloadOutput
from curation.models import Diff
from curation.services.diff import page_of_diff, request_diff_download
from workers.api.job import JobOutput


class DiffOutput(serializers.ModelSerializer[Diff]):
    summary = serializers.SerializerMethodField(help_text="Counts and facets; null while the diff is being written.")

    class Meta:
        model = Diff
        fields = ["id", "older", "newer", "job", "summary", "created_at"]

    def get_summary(self, diff: Diff) -> dict[str, Any] | None:
        # The places of row groups are the file's own business.
        return None if diff.summary is None else {name: diff.summary[name] for name in diff.summary if name != "groups"}


class DiffRowsInput(PageInput):
    kind = serializers.ChoiceField(choices=["added", "dropped", "changed", "label"], required=False)
    column = serializers.CharField(max_length=500, required=False, help_text="Only changes of this column.")
    reason = serializers.CharField(max_length=60, required=False, help_text="Only drops for this reason.")
    facet = serializers.IntegerField(min_value=0, max_value=10**6, required=False, help_text="Place in the facets.")


class DiffViewSet(ScopedViewSet):
    """What differs between two versions, item by item."""

    queryset = Diff.objects.filter(older__dataset__deleted_at=None)
    serializer_class = DiffOutput
    scopes = {"GET": "data.read"}

    @extend_schema(responses=DiffOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(DiffOutput(self.get_object()).data)

    @extend_schema(parameters=[DiffRowsInput], responses=ItemPageOutput)
    @action(detail=True, methods=["get"])
    def rows(self, request: Request, pk: int) -> Response:
        """A page of differences, one row a changed field."""
        chosen = valid(DiffRowsInput, request.query_params)
        return Response(page_of_diff(actor=request.actor, diff_id=self.get_object().pk, **chosen))  # type: ignore[attr-defined]

    @extend_schema(parameters=[DownloadInput], responses={200: VersionDownloadOutput, 202: VersionDownloadOutput})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, pk: int) -> Response:
        """All differences as one file: its address, or the job that writes it."""
        file_format = valid(DownloadInput, request.query_params)["format"]
        url, job = request_diff_download(
            actor=request.actor,  # type: ignore[attr-defined]
            diff_id=self.get_object().pk,
            file_format=file_format,
        )
        return Response({"url": url, "job": JobOutput(job).data if job else None}, status=200 if url else 202)
