from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from curation.api.upload import ProvenanceInput, ReadingInput
from curation.models import Source
from curation.services.source import change_source, delete_source, start_sync
from workers.api.job import JobOutput


class SourceInput(ProvenanceInput):
    """A bucket. Its keys are named, never given: an operator keeps them on the server."""

    name = serializers.CharField(max_length=120)
    endpoint = serializers.CharField(max_length=300, help_text="Address of the S3 service, without the bucket.")
    bucket = serializers.CharField(max_length=63)
    prefix = serializers.CharField(max_length=900, required=False, allow_blank=True, trim_whitespace=False)
    pattern = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Such as *.jsonl; everything when empty."
    )
    region = serializers.CharField(max_length=40, required=False, allow_blank=True)
    keys_name = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="Name of the keys; empty for a public bucket."
    )
    options = ReadingInput(required=False)


class SyncInput(serializers.Serializer[Any]):
    again = serializers.BooleanField(
        required=False, default=False, help_text="Also try objects that were refused before and have not changed."
    )


class SourceOutput(serializers.ModelSerializer[Source]):
    class Meta:
        model = Source
        fields = [
            "id", "dataset", "name", "endpoint", "bucket", "prefix", "pattern", "region", "keys_name", "options",
            "licence", "source", "consent", "collected_on", "job", "synced_at", "created_at",
        ]  # fmt: skip


class SourceViewSet(ScopedViewSet):
    """Buckets whose new files come into a dataset."""

    queryset = Source.objects.filter(dataset__deleted_at=None)
    serializer_class = SourceOutput
    scopes = {"GET": "data.read", "POST": "data.write", "PATCH": "data.write", "DELETE": "data.write"}

    @extend_schema(responses=SourceOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(SourceOutput(self.get_object()).data)

    @extend_schema(request=SourceInput(partial=True), responses=SourceOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        changes = valid(SourceInput, request.data, partial=True)
        source = change_source(actor=request.actor, source_id=self.get_object().pk, **changes)  # type: ignore[attr-defined]
        return Response(SourceOutput(source).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Forget a source; the versions made from it stay."""
        delete_source(actor=request.actor, source_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)

    @extend_schema(request=SyncInput, responses={202: JobOutput})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, pk: int) -> Response:
        """Take what is new in the bucket and add it to the dataset's newest version."""
        source = self.get_object()
        job = start_sync(actor=request.actor, source_id=source.pk, **valid(SyncInput, request.data))  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)
