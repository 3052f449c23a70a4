from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from modeling.api.bundle import BundleOutput
from modeling.models import Model
from modeling.services.bundle import start_export
from workers.api.job import JobOutput


class ModelOutput(serializers.ModelSerializer[Model]):
    name = serializers.CharField(source="training.name")
    family = serializers.CharField(source="training.family")
    version = serializers.IntegerField(source="training.version_id")

    class Meta:
        model = Model
        fields = [
            "id", "name", "family", "version", "training", "labels", "metrics", "fingerprint", "sha256", "byte_count",
            "created_at",
        ]  # fmt: skip


class ExportInput(serializers.Serializer[Any]):
    limit_points = serializers.FloatField(
        min_value=0,
        max_value=100,
        required=False,
        help_text="How many points of macro-F1 the small model may lose against the float one; 0.5 when left out.",
    )


class StartedExportOutput(serializers.Serializer[Any]):
    bundle = BundleOutput()
    job = JobOutput()


class ModelViewSet(ScopedViewSet):
    """What trainings left behind."""

    queryset = Model.objects.select_related("training")
    serializer_class = ModelOutput
    scopes = {"GET": "model.read", "POST": "model.write"}

    @extend_schema(responses=ModelOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(ModelOutput(page, many=True).data)

    @extend_schema(responses=ModelOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(ModelOutput(self.get_object()).data)

    @extend_schema(request=ExportInput, responses={202: StartedExportOutput})
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: int) -> Response:
        """Make an int8 bundle; the accuracy gate decides whether it may be used."""
        bundle = start_export(
            actor=request.actor,  # type: ignore[attr-defined]
            model_id=self.get_object().pk,
            **valid(ExportInput, request.data),
        )
        return Response({"bundle": BundleOutput(bundle).data, "job": JobOutput(bundle.job).data}, status=202)
