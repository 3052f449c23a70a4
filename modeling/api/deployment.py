from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView, ScopedViewSet, valid
from core.errors import DomainError
from modeling.models import Deployment, DeploymentRevision, DeploymentState
from modeling.services.deployment import deploy, rollback, stop_deployment, switch_bundle
from modeling.services.prediction import predict
from modeling.services.usage import usage_by_day


class DeploymentInput(serializers.Serializer[Any]):
    bundle = serializers.IntegerField(min_value=1, max_value=2**62)
    name = serializers.CharField(max_length=80)


class SwitchInput(serializers.Serializer[Any]):
    bundle = serializers.IntegerField(min_value=1, max_value=2**62)


class RollbackInput(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)


class DeploymentOutput(serializers.ModelSerializer[Deployment]):
    sha256 = serializers.CharField(source="bundle.sha256")
    model = serializers.IntegerField(source="bundle.model_id")

    class Meta:
        model = Deployment
        fields = ["id", "name", "slug", "state", "bundle", "sha256", "model", "created_by", "created_at", "stopped_at"]


class RevisionOutput(serializers.ModelSerializer[DeploymentRevision]):
    sha256 = serializers.CharField(source="bundle.sha256")

    class Meta:
        model = DeploymentRevision
        fields = ["number", "bundle", "sha256", "reason", "created_by", "created_at"]


class UsageOutput(serializers.Serializer[Any]):
    day = serializers.DateField()
    requests = serializers.IntegerField()
    texts = serializers.IntegerField()
    characters = serializers.IntegerField()
    milliseconds_per_text = serializers.FloatField(allow_null=True, help_text="Mean time inside the model.")


class DeploymentDetailOutput(DeploymentOutput):
    revisions = RevisionOutput(many=True)
    usage = UsageOutput(many=True)

    class Meta(DeploymentOutput.Meta):
        fields = [*DeploymentOutput.Meta.fields, "revisions", "usage"]


class TextsInput(serializers.Serializer[Any]):
    texts = serializers.ListField(child=serializers.CharField(allow_blank=True, max_length=20_000), max_length=256)


class PredictionOutput(serializers.Serializer[Any]):
    label = serializers.CharField()
    probabilities = serializers.DictField(child=serializers.FloatField())


class PredictionsOutput(serializers.Serializer[Any]):
    predictions = PredictionOutput(many=True)
    bundle = serializers.CharField(help_text="SHA-256 of the bundle that answered.")
    model = serializers.IntegerField()
    milliseconds = serializers.FloatField(help_text="Time inside the model.")


class DeploymentViewSet(ScopedViewSet):
    """Names that answer predictions."""

    queryset = Deployment.objects.select_related("bundle")
    serializer_class = DeploymentDetailOutput
    scopes = {"GET": "model.read", "POST": "model.write", "PATCH": "model.write", "DELETE": "model.write"}

    @extend_schema(responses=DeploymentOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(DeploymentOutput(page, many=True).data)

    @extend_schema(request=DeploymentInput, responses={201: DeploymentOutput})
    def create(self, request: Request) -> Response:
        """Put an accepted bundle behind a name."""
        chosen = valid(DeploymentInput, request.data)
        made = deploy(actor=request.actor, bundle_id=chosen["bundle"], name=chosen["name"])  # type: ignore[attr-defined]
        return Response(DeploymentOutput(made).data, status=201)

    @extend_schema(responses=DeploymentDetailOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        deployment = self.get_object()
        revisions = deployment.revisions.select_related("bundle").order_by("-number")
        return Response(
            {
                **DeploymentOutput(deployment).data,
                "revisions": RevisionOutput(revisions, many=True).data,
                "usage": usage_by_day(actor=request.actor, deployment=deployment),  # type: ignore[attr-defined]
            }
        )

    @extend_schema(request=SwitchInput, responses=DeploymentOutput)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Serve another bundle under the same name."""
        deployment = self.get_object()
        chosen = valid(SwitchInput, request.data)
        changed = switch_bundle(actor=request.actor, deployment_id=deployment.pk, bundle_id=chosen["bundle"])  # type: ignore[attr-defined]
        return Response(DeploymentOutput(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Stop the deployment; its history stays and its name is free."""
        stop_deployment(actor=request.actor, deployment_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)

    @extend_schema(request=RollbackInput, responses=DeploymentOutput)
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, pk: int) -> Response:
        """Serve an earlier bundle again: that of the named revision, or the one before."""
        deployment = self.get_object()
        chosen = valid(RollbackInput, request.data)
        changed = rollback(actor=request.actor, deployment_id=deployment.pk, **chosen)  # type: ignore[attr-defined]
        return Response(DeploymentOutput(changed).data)


class PredictView(ScopedAPIView):
    """Labels with calibrated probabilities for up to 256 texts."""

    model = Deployment
    scopes = {"POST": "predict"}

    @extend_schema(request=TextsInput, responses=PredictionsOutput)
    def post(self, request: Request, pk: int | None = None, slug: str | None = None) -> Response:
        """Predict; the deployment is named by its number or, while it is live, by its slug."""
        rows = Deployment.objects.visible_to(request.actor).select_related("bundle")  # type: ignore[attr-defined]
        which = {"pk": pk} if pk is not None else {"slug": slug, "state": DeploymentState.ACTIVE}
        deployment = get_object_or_404(rows, **which)
        answer = predict(actor=request.actor, deployment=deployment, texts=_texts(request))  # type: ignore[attr-defined]
        return Response(
            {
                "predictions": answer.predictions,
                "bundle": answer.bundle,
                "model": answer.model,
                "milliseconds": answer.milliseconds,
            }
        )


def _texts(request: Request) -> list[str]:
    """Return the texts of a body as they are; DRF's own fields would trim them and refuse the NUL."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        detail = "The request is larger than 16 MB. Send the texts in parts."
        raise DomainError("request_too_large", detail, status=413)
    try:
        data = request.data
    except (RecursionError, UnicodeError):
        raise ParseError("The body is not JSON in UTF-8.") from None
    texts = data.get("texts") if isinstance(data, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DomainError("texts_invalid", 'Send a body like {"texts": ["first text", "second text"]}.')
    return texts


@extend_schema_view(post=extend_schema(operation_id="deployments_predict_by_slug"))
class PredictBySlugView(PredictView):
    """The same, for the deployment that is live under a slug."""
