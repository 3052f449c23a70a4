from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from modeling.models import Bundle, BundleState
from modeling.services.bundle import download_url, start_export, verify_stored
from modeling.services.signing import public_key
from workers.api.job import JobOutput


class BundleInput(serializers.Serializer[Any]):
    model = serializers.IntegerField(min_value=1, max_value=2**62)
    limit_points = serializers.FloatField(min_value=0, max_value=100, required=False)


class BundleOutput(serializers.ModelSerializer[Bundle]):
    class Meta:
        model = Bundle
        fields = [
            "id", "model", "state", "limit_points", "sha256", "byte_count", "files", "gate", "job", "created_by",
            "created_at",
        ]  # fmt: skip


class StartedBundleOutput(serializers.Serializer[Any]):
    bundle = BundleOutput()
    job = JobOutput()


class DownloadOutput(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Works for an hour, without a token.")
    sha256 = serializers.CharField()
    byte_count = serializers.IntegerField()


class SignatureOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=["ours", "other", "broken", "none"],
        help_text="Whether the signature holds, and whether this service's key made it.",
    )
    fingerprint = serializers.CharField(allow_null=True, help_text="Of the key that signed.")


class KeyOutput(serializers.Serializer[Any]):
    algorithm = serializers.CharField()
    key = serializers.CharField(help_text="The raw public key in base64.")
    pem = serializers.CharField()
    fingerprint = serializers.CharField()


class VerifyOutput(serializers.Serializer[Any]):
    sha256 = serializers.CharField()
    whole = serializers.BooleanField(help_text="Every stored byte hashes to what was recorded at the export.")
    files = serializers.ListField(child=serializers.DictField())
    signature = SignatureOutput()


class BundleFilter(filters.FilterSet):
    model = filters.NumberFilter(min_value=1, max_value=2**62)
    state = filters.ChoiceFilter(choices=BundleState.choices)

    class Meta:
        model = Bundle
        fields = ["model", "state"]


class BundleViewSet(ScopedViewSet):
    """Exported models with what their accuracy gate measured."""

    queryset = Bundle.objects.all()
    serializer_class = BundleOutput
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = BundleFilter
    scopes = {"GET": "model.read", "POST": "model.write"}

    @extend_schema(responses=BundleOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(BundleOutput(page, many=True).data)

    @extend_schema(request=BundleInput, responses={202: StartedBundleOutput})
    def create(self, request: Request) -> Response:
        """Export a model as an int8 bundle; a bundle that its gate refuses has both figures and no file."""
        chosen = valid(BundleInput, request.data)
        bundle = start_export(actor=request.actor, model_id=chosen.pop("model"), **chosen)  # type: ignore[attr-defined]
        return Response({"bundle": BundleOutput(bundle).data, "job": JobOutput(bundle.job).data}, status=202)

    @extend_schema(responses=BundleOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(BundleOutput(self.get_object()).data)

    @extend_schema(responses=KeyOutput, filters=False)
    @action(detail=False, methods=["get"], filter_backends=[], pagination_class=None)
    def key(self, request: Request) -> Response:
        """The public key by which this service signs its bundles."""
        return Response(public_key())

    @extend_schema(responses=DownloadOutput, filters=False)
    @action(detail=True, methods=["get"], filter_backends=[])
    def download(self, request: Request, pk: int) -> Response:
        """The address of the bundle as one zip file."""
        bundle = self.get_object()
        url = download_url(actor=request.actor, bundle_id=bundle.pk)  # type: ignore[attr-defined]
        return Response({"url": url, "sha256": bundle.sha256, "byte_count": bundle.byte_count})

    @extend_schema(responses=VerifyOutput, filters=False)
    @action(detail=True, methods=["get"], filter_backends=[])
    def verify(self, request: Request, pk: int) -> Response:
        """Hash the stored bundle and each file in it again."""
        return Response(verify_stored(actor=request.actor, bundle_id=self.get_object().pk))  # type: ignore[attr-defined]
