from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from core.paging import IdCursorPagination
from curation.api.upload import ImportInput, ProvenanceInput
from curation.models import Fetch
from curation.services.fetch import ADDRESS_LENGTH, ADDRESS_LIMIT, fetches_of_job, retry_refused
from workers.api.job import JobOutput
from workers.models import Job


class FetchInput(ProvenanceInput, ImportInput):
    """Addresses of files, imported as one version; how to read them holds for each."""

    urls = serializers.ListField(
        child=serializers.CharField(max_length=ADDRESS_LENGTH), min_length=1, max_length=ADDRESS_LIMIT
    )


class FetchOutput(serializers.ModelSerializer[Fetch]):
    address = serializers.CharField(source="shown_address", read_only=True)
    reason = serializers.CharField(source="said", read_only=True)
    refused_count = serializers.IntegerField(source="upload.refused_count", default=0, read_only=True)

    class Meta:
        model = Fetch
        fields = [
            "id", "number", "address", "etag", "byte_count", "state", "code", "reason", "transient", "upload",
            "row_count", "refused_count", "version",
        ]  # fmt: skip


class FetchesView(ScopedAPIView):
    """The files that a job gets itself, and what became of each."""

    model = Job
    scopes = {"GET": "data.read"}

    @extend_schema(operation_id="jobs_fetches", responses=FetchOutput(many=True))
    def get(self, request: Request, pk: int) -> Response:
        rows = fetches_of_job(actor=request.actor, job_id=pk)  # type: ignore[attr-defined]
        pages = IdCursorPagination()
        pages.ordering = "pk"
        page: Any = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(FetchOutput(page, many=True).data)


class RetryFetchesView(ScopedAPIView):
    """Tries the refused addresses of a job again; what comes is added to the newest version."""

    model = Job
    scopes = {"POST": "data.write"}

    @extend_schema(operation_id="jobs_fetches_retry", request=None, responses={202: JobOutput})
    def post(self, request: Request, pk: int) -> Response:
        job = retry_refused(actor=request.actor, job_id=pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)
