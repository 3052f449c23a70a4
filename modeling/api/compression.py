from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from modeling.api.bundle import BundleOutput
from modeling.api.training import SEED_LIMIT, TrainingOutput
from modeling.models import Compression
from modeling.services.compression import CANDIDATES, MOST_BYTES, MOST_MS, export_candidate, start_compression
from workers.api.job import JobOutput
from workers.models import JobState


class CompressionInput(serializers.Serializer[Any]):
    model = serializers.IntegerField(min_value=1, max_value=2**62, help_text="The model that is made smaller.")
    limit_drop = serializers.FloatField(
        min_value=0, max_value=100, required=False, help_text="Points that may be lost on the validation split."
    )
    limit_bytes = serializers.IntegerField(
        min_value=1, max_value=MOST_BYTES, required=False, allow_null=True, help_text="Of the bundle."
    )
    limit_ms = serializers.FloatField(
        min_value=0.001, max_value=MOST_MS, required=False, allow_null=True, help_text="Of the median answer."
    )
    recipes = serializers.ListField(
        child=serializers.ChoiceField(choices=CANDIDATES),
        required=False,
        max_length=len(CANDIDATES),
        help_text="Names of the candidates to try; all when left out.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=SEED_LIMIT, required=False)


class CompressionOutput(serializers.ModelSerializer[Compression]):
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state", default=None, allow_null=True)

    class Meta:
        model = Compression
        fields = [
            "id", "model", "limit_drop", "limit_bytes", "limit_ms", "recipes", "seed", "job", "state", "created_by",
            "created_at",
        ]  # fmt: skip


class CandidateOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    rung = serializers.CharField(help_text="The export that was measured.")
    student = serializers.BooleanField(help_text="Whether it is a model of its own.")
    lost = serializers.FloatField(help_text="Points lost on the validation split; the choice is made by it.")
    figure = serializers.FloatField(help_text="On the test split, in 0 to 1.")
    lost_test = serializers.FloatField(help_text="Points lost on the test split.")
    low = serializers.FloatField(help_text="Of the 95 % interval of the loss on the test split.")
    high = serializers.FloatField()
    bytes = serializers.IntegerField(help_text="Of the bundle.")
    ms = serializers.FloatField(help_text="Median milliseconds of one answer.")
    per_cpu_second = serializers.FloatField(help_text="Texts answered in a second of processor time.")
    seconds = serializers.FloatField(help_text="Processor seconds to make it.")
    failed = serializers.CharField(help_text="Why it was not made; empty where it was.")


class CompressionReportOutput(serializers.Serializer[Any]):
    figure = serializers.CharField(help_text="The primary figure of the task.")
    teacher = serializers.DictField(
        child=serializers.FloatField(), help_text="The figure of the model on `validation` and `test`."
    )
    rows = CandidateOutput(many=True)
    front = serializers.ListField(child=serializers.CharField(), help_text="Those that nothing beats, small to large.")
    proposed = serializers.CharField(allow_null=True, help_text="The smallest within the limits.")
    sentence = serializers.CharField(help_text="Why it is proposed, or what is closest.")


class CompressionDetailOutput(CompressionOutput):
    report = CompressionReportOutput(allow_null=True, read_only=True)

    class Meta(CompressionOutput.Meta):
        fields = [*CompressionOutput.Meta.fields, "report"]


class StartedCompressionOutput(serializers.Serializer[Any]):
    compression = CompressionOutput()
    job = JobOutput()


class ExportCandidateInput(serializers.Serializer[Any]):
    candidate = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="One of the front; the proposed one when left out."
    )


class ExportedCandidateOutput(serializers.Serializer[Any]):
    training = TrainingOutput(allow_null=True, help_text="Of a student: what keeps its model and exports it then.")
    bundle = BundleOutput(allow_null=True, help_text="Of an export of the model itself.")
    job = JobOutput()


class CompressionFilter(filters.FilterSet):
    model = filters.NumberFilter(min_value=1, max_value=2**62)

    class Meta:
        model = Compression
        fields = ["model"]


class CompressionViewSet(ScopedViewSet):
    """Searches for a smaller form of a model. The job's metrics have a row for each candidate."""

    queryset = Compression.objects.select_related("job")
    serializer_class = CompressionDetailOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = CompressionFilter
    scopes = {"GET": "model.read", "POST": "model.write"}

    @extend_schema(responses=CompressionOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset().defer("report")))
        return self.get_paginated_response(CompressionOutput(page, many=True).data)

    @extend_schema(request=CompressionInput, responses={202: StartedCompressionOutput})
    def create(self, request: Request) -> Response:
        """Try exports and students of a model, and propose the smallest within limits."""
        chosen = valid(CompressionInput, request.data)
        actor = request.actor  # type: ignore[attr-defined]
        search = start_compression(actor=actor, model_id=chosen.pop("model"), **chosen)
        told = {"compression": CompressionOutput(search).data, "job": JobOutput(search.job).data}
        return Response(told, status=202)

    @extend_schema(responses=CompressionDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(CompressionDetailOutput(self.get_object()).data)

    @extend_schema(request=ExportCandidateInput, responses={202: ExportedCandidateOutput})
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: int) -> Response:
        """Make a bundle of one candidate of the front."""
        name = valid(ExportCandidateInput, request.data).get("candidate", "")
        actor = request.actor  # type: ignore[attr-defined]
        student, bundle = export_candidate(actor=actor, compression_id=self.get_object().pk, candidate=name)
        row = student if student is not None else bundle
        told = {
            "training": TrainingOutput(student).data if student is not None else None,
            "bundle": BundleOutput(bundle).data if bundle is not None else None,
            "job": JobOutput(row.job).data if row is not None else None,
        }
        return Response(told, status=202)
