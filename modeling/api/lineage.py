from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from curation.models import Dataset
from modeling.services.lineage import item_lineage


class LineageOutput(serializers.Serializer[Any]):
    item_id = serializers.IntegerField()
    dataset = serializers.DictField()
    versions = serializers.ListField(child=serializers.DictField())
    annotations = serializers.ListField(child=serializers.DictField())
    trainings = serializers.ListField(child=serializers.DictField())
    bundles = serializers.ListField(child=serializers.DictField())
    deployments = serializers.ListField(child=serializers.DictField())


class LineageView(ScopedAPIView):
    """Everything that happened to one item: versions, annotations, trainings, bundles, deployments."""

    model = Dataset
    scopes = {"GET": "data.read"}

    @extend_schema(responses=LineageOutput)
    def get(self, request: Request, pk: int, item_id: int) -> Response:
        return Response(item_lineage(actor=request.actor, dataset_id=pk, item_id=item_id))  # type: ignore[attr-defined]
