from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet
from workers.models import Job, JobState
from workers.services.job import cancel_job, retry_job


class JobOutput(serializers.ModelSerializer[Job]):
    class Meta:
        model = Job
        fields = [
            "id", "kind", "title", "subject", "state", "stage", "done", "total", "rows_done", "rows_refused",
            "result", "error", "attempt", "created_by", "created_at", "started_at", "finished_at",
        ]  # fmt: skip


class JobFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=JobState.choices)
    kind = filters.CharFilter(max_length=60)
    subject = filters.CharFilter(max_length=80)

    class Meta:
        model = Job
        fields = ["state", "kind", "subject"]


class MetricOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    data = serializers.JSONField()


class MetricsOutput(serializers.Serializer[Any]):
    results = MetricOutput(many=True)


METRIC_LIMIT = 2000


class JobViewSet(ScopedViewSet):
    """Long work: its state, progress, result and error. Members without data.read see the jobs they asked for."""

    queryset = Job.objects.all()
    serializer_class = JobOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = JobFilter
    scopes = {"GET": None, "POST": ("data.write", "project.write", "model.write")}

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        actor = getattr(self.request, "actor", None)
        if actor is not None and not (actor.can("data.read") or actor.can("model.read")):
            queryset = queryset.filter(created_by_id=actor.user_id)
        # Pieces are found through the job that they belong to.
        return queryset.filter(parent=None) if self.action == "list" else queryset

    @extend_schema(responses=JobOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(JobOutput(page, many=True).data)

    @extend_schema(responses=JobOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(JobOutput(self.get_object()).data)

    @extend_schema(request=None, responses=JobOutput)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        job = cancel_job(actor=request.actor, job_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data)

    @extend_schema(request=None, responses=JobOutput)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        job = retry_job(actor=request.actor, job_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(JobOutput(job).data, status=202)

    @extend_schema(responses=MetricsOutput, filters=False)
    @action(detail=True, methods=["get"], filter_backends=[])
    def metrics(self, request: Request, pk: int) -> Response:
        """The figures of a running training, oldest first; `after` asks for those past a number."""
        after = request.query_params.get("after", "-1")
        number = int(after) if after.lstrip("-").isdigit() and len(after) < 10 else -1
        rows = self.get_object().metrics.filter(number__gt=number).order_by("number")[:METRIC_LIMIT]
        return Response({"results": [{"number": row.number, "data": row.data} for row in rows]})
