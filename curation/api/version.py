from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from curation.models import Provenance, Version
from curation.services.download import FORMATS, request_download
from curation.services.item import find_item, page_of_items
from curation.services.provenance import provenance_of_item
from workers.api.job import JobOutput


class VersionOutput(serializers.ModelSerializer[Version]):
    class Meta:
        model = Version
        fields = [
            "id", "dataset", "number", "kind", "parent", "note", "content_hash", "row_count", "byte_count", "licence",
            "source", "consent", "collected_on", "created_at", "created_by",
        ]  # fmt: skip


class VersionDetailOutput(VersionOutput):
    class Meta(VersionOutput.Meta):
        fields = [*VersionOutput.Meta.fields, "manifest"]


class ProvenanceOutput(serializers.ModelSerializer[Provenance]):
    class Meta:
        model = Provenance
        fields = [
            "id", "dataset", "version", "upload", "first_item_id", "last_item_id", "file_name", "sha256", "licence",
            "source", "consent", "collected_on", "created_at",
        ]  # fmt: skip


class PageInput(serializers.Serializer[Any]):
    offset = serializers.IntegerField(min_value=0, max_value=2**40, required=False, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False, default=50)


class ItemPageInput(PageInput):
    label = serializers.CharField(max_length=500, required=False)


class ItemPageOutput(serializers.Serializer[Any]):
    results = serializers.ListField(child=serializers.DictField())
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)


class DownloadInput(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=sorted(FORMATS), default="parquet")


class VersionDownloadOutput(serializers.Serializer[Any]):
    url = serializers.CharField(allow_null=True, help_text="Works for an hour; null while the file is being written.")
    job = JobOutput(allow_null=True)


class VersionViewSet(ScopedViewSet):
    """Immutable states of datasets."""

    queryset = Version.objects.filter(dataset__deleted_at=None)
    serializer_class = VersionDetailOutput
    scopes = {"GET": "data.read", "POST": "data.write"}

    @extend_schema(responses=VersionDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(VersionDetailOutput(self.get_object()).data)

    @extend_schema(parameters=[ItemPageInput], responses=ItemPageOutput)
    @action(detail=True, methods=["get"])
    def items(self, request: Request, pk: int) -> Response:
        """A page of items in the version's order."""
        chosen = valid(ItemPageInput, request.query_params)
        return Response(page_of_items(actor=request.actor, version_id=self.get_object().pk, **chosen))  # type: ignore[attr-defined]

    @extend_schema(
        operation_id="versions_item_retrieve",
        parameters=[OpenApiParameter("item_id", int, "path")],
        responses=dict[str, Any],
    )
    @action(detail=True, methods=["get"], url_path=r"items/(?P<item_id>\d{1,18})")
    def item(self, request: Request, pk: int, item_id: str) -> Response:
        found = find_item(actor=request.actor, version_id=self.get_object().pk, item_id=int(item_id))  # type: ignore[attr-defined]
        return Response(found)

    @extend_schema(
        operation_id="versions_item_provenance",
        parameters=[OpenApiParameter("item_id", int, "path")],
        responses=ProvenanceOutput,
    )
    @action(detail=True, methods=["get"], url_path=r"items/(?P<item_id>\d{1,18})/provenance")
    def item_provenance(self, request: Request, pk: int, item_id: str) -> Response:
        """Where an item comes from: file, licence, source, consent basis and collection date of its import."""
        version = self.get_object()
        found = provenance_of_item(actor=request.actor, dataset_id=version.dataset_id, item_id=int(item_id))  # type: ignore[attr-defined]
        return Response(ProvenanceOutput(found).data)

    @extend_schema(parameters=[DownloadInput], responses={200: VersionDownloadOutput, 202: VersionDownloadOutput})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, pk: int) -> Response:
        """The version as one file: its address, or the job that writes it."""
        file_format = valid(DownloadInput, request.query_params)["format"]
        url, job = request_download(
            actor=request.actor,  # type: ignore[attr-defined]
            version_id=self.get_object().pk,
            file_format=file_format,
        )
        body = {"url": url, "job": JobOutput(job).data if job else None}
        return Response(body, status=200 if url else 202)
