from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from curation.api.fetch import FetchInput
from curation.api.source import SourceInput, SourceOutput
from curation.api.upload import PushInput, UploadInput, UploadOutput
from curation.api.version import ProvenanceOutput, VersionOutput
from curation.models import Dataset
from curation.services.dataset import change_dataset, create_dataset, restore_dataset, trash_dataset
from curation.services.fetch import start_fetch
from curation.services.push import push_items
from curation.services.source import create_source
from curation.services.upload import receive_upload
from workers.api.job import JobOutput

PROVENANCE = ("licence", "source", "consent", "collected_on")


class DatasetInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=4000, required=False, allow_blank=True)


class VersionsInput(serializers.Serializer[Any]):
    tag = serializers.CharField(max_length=60, required=False)
    trash = serializers.BooleanField(required=False, default=False)


class DatasetOutput(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ["id", "name", "description", "created_at", "updated_at"]


class DatasetViewSet(ScopedViewSet):
    """A client's data under one name."""

    queryset = Dataset.objects.filter(deleted_at=None)
    serializer_class = DatasetOutput
    scopes = {"GET": "data.read", "POST": "data.write", "PATCH": "data.write", "DELETE": "data.write"}

    @extend_schema(responses=DatasetOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(DatasetOutput(page, many=True).data)

    @extend_schema(request=DatasetInput, responses={201: DatasetOutput})
    def create(self, request: Request) -> Response:
        dataset = create_dataset(actor=request.actor, **valid(DatasetInput, request.data))  # type: ignore[attr-defined]
        return Response(DatasetOutput(dataset).data, status=201)

    @extend_schema(responses=DatasetOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(DatasetOutput(self.get_object()).data)

    @extend_schema(request=DatasetInput(partial=True), responses=DatasetOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        changes = valid(DatasetInput, request.data, partial=True)
        dataset = change_dataset(actor=request.actor, dataset_id=self.get_object().pk, **changes)  # type: ignore[attr-defined]
        return Response(DatasetOutput(dataset).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        trash_dataset(actor=request.actor, dataset_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)

    @extend_schema(request=None, responses=DatasetOutput)
    @action(detail=True, methods=["post"], queryset=Dataset.objects.exclude(deleted_at=None))
    def restore(self, request: Request, pk: int) -> Response:
        """Bring a dataset back from the trash."""
        dataset = restore_dataset(actor=request.actor, dataset_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(DatasetOutput(dataset).data)

    @extend_schema(request={"multipart/form-data": UploadInput}, responses={201: UploadOutput})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def uploads(self, request: Request, pk: int) -> Response:
        """Send a file; the answer says what was found in it. Nothing is imported yet.

        `file` may come several times, for pictures say: the files are kept as one archive.
        """
        dataset = self.get_object()
        fields = valid(UploadInput, request.data)
        # The serializer sees the last of several files; all of them are taken, in their order.
        fields["file"], *more = request.FILES.getlist("file")
        upload = receive_upload(
            actor=request.actor,  # type: ignore[attr-defined]
            dataset_id=dataset.pk,
            more=more,
            **fields,
        )
        return Response(UploadOutput(upload).data, status=201)

    @extend_schema(
        request=PushInput,
        responses={202: JobOutput},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="Your name for these rows. Sent again with the same rows, it gives the same job.",
            )
        ],
    )
    @action(detail=True, methods=["post"])
    def items(self, request: Request, pk: int) -> Response:
        """Push up to 10,000 rows; they are imported as a version."""
        job = push_items(
            actor=request.actor,  # type: ignore[attr-defined]
            dataset_id=self.get_object().pk,
            key=request.headers.get("Idempotency-Key", ""),
            **valid(PushInput, request.data),
        )
        return Response(JobOutput(job).data, status=202)

    @extend_schema(request=FetchInput, responses={202: JobOutput})
    @action(detail=True, methods=["post"])
    def fetches(self, request: Request, pk: int) -> Response:
        """Have files fetched from web addresses and imported as one version."""
        dataset = self.get_object()
        given = valid(FetchInput, request.data)
        told = {name: given.pop(name) for name in ("urls", "append", *PROVENANCE) if name in given}
        job = start_fetch(actor=request.actor, dataset_id=dataset.pk, options=given, **told)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)

    @extend_schema(responses={200: SourceOutput(many=True)}, methods=["GET"])
    @extend_schema(request=SourceInput, responses={201: SourceOutput}, methods=["POST"])
    @action(detail=True, methods=["get", "post"])
    def sources(self, request: Request, pk: int) -> Response:
        """The buckets whose new files come into a dataset; or one more of them."""
        dataset = self.get_object()
        if request.method == "POST":
            given = valid(SourceInput, request.data)
            source = create_source(actor=request.actor, dataset_id=dataset.pk, **given)  # type: ignore[attr-defined]
            return Response(SourceOutput(source).data, status=201)
        page = self.paginate_queryset(dataset.sources.all())
        return self.get_paginated_response(SourceOutput(page, many=True).data)

    @extend_schema(responses=ProvenanceOutput(many=True))
    @action(detail=True, methods=["get"])
    def provenance(self, request: Request, pk: int) -> Response:
        """Where the items of each import come from, by ranges of ids; newest first."""
        page = self.paginate_queryset(self.get_object().provenance.all())
        return self.get_paginated_response(ProvenanceOutput(page, many=True).data)

    @extend_schema(parameters=[VersionsInput], responses=VersionOutput(many=True))
    @action(detail=True, methods=["get"])
    def versions(self, request: Request, pk: int) -> Response:
        """The versions of a dataset, newest first; of one tag, or those in the trash."""
        dataset, chosen = self.get_object(), valid(VersionsInput, request.query_params)
        rows = dataset.versions.filter(trashed_at__isnull=not chosen["trash"])
        rows = rows.defer("manifest").prefetch_related("tags")
        if "tag" in chosen:
            rows = rows.filter(tags__name=chosen["tag"])
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(VersionOutput(page, many=True).data)
