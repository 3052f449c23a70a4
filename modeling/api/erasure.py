from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedViewSet, valid
from core.errors import NotFound
from modeling.models import Erasure
from modeling.services.erasure import (
    SCOPE,
    confirm_erasure,
    keep_hits,
    list_hits,
    request_erasure,
    visible_erasure,
    withdraw_erasure,
)


class IdentifierInput(serializers.Serializer[Any]):
    column = serializers.CharField(max_length=200, allow_blank=True, help_text="Any column when empty.")
    value = serializers.CharField(max_length=1000)


class ErasureInput(serializers.Serializer[Any]):
    """Whom to search. Values are sealed, and forgotten when the erasure is done."""

    reference = serializers.CharField(max_length=200, help_text="Number of the case; never the person.")
    identifiers = IdentifierInput(many=True, required=False, help_text="Rows with exactly this cell.")
    texts = serializers.ListField(
        child=serializers.CharField(max_length=1000), required=False, help_text="Found anywhere in any text."
    )
    pseudonyms = serializers.ListField(
        child=serializers.CharField(max_length=1000), required=False, help_text="Opened with the sealed mappings."
    )
    near = serializers.ListField(
        child=serializers.CharField(max_length=20_000), required=False, help_text="Whole texts; nearly equal ones too."
    )
    pictures = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, help_text="SHA-256 of originals."
    )
    alike_pictures = serializers.BooleanField(required=False, help_text="Also pictures that look like these.")


class ErasureOutput(serializers.ModelSerializer[Erasure]):
    class Meta:
        model = Erasure
        fields = [
            "id", "uid", "reference", "state", "job", "places", "removed", "created_by", "created_at", "confirmed_by",
            "confirmed_at", "finished_at",
        ]  # fmt: skip


class CellOutput(serializers.Serializer[Any]):
    column = serializers.CharField()
    text = serializers.CharField()
    spans = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    cut = serializers.ListField(child=serializers.BooleanField())


class HitOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    dataset = serializers.IntegerField()
    dataset_name = serializers.CharField()
    item_id = serializers.IntegerField()
    how = serializers.CharField()
    column = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    version_number = serializers.IntegerField(allow_null=True)
    version_count = serializers.IntegerField()
    kept = serializers.BooleanField()
    cells = CellOutput(many=True)


class HitsOutput(serializers.Serializer[Any]):
    results = HitOutput(many=True)
    next = serializers.IntegerField(allow_null=True, help_text="Give it as `after` to go on.")


class AfterInput(serializers.Serializer[Any]):
    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**62)


class KeepInput(serializers.Serializer[Any]):
    hits = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**62), max_length=1000)
    kept = serializers.BooleanField(default=True)


class KeptOutput(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class ConfirmInput(serializers.Serializer[Any]):
    typed = serializers.CharField(max_length=200, help_text="The reference, typed by hand.")


class ErasureViewSet(ScopedViewSet):
    """Persons who are erased from everything: searched, reviewed, confirmed, certified."""

    queryset = Erasure.objects.all()
    serializer_class = ErasureOutput
    scopes = {"GET": SCOPE, "POST": SCOPE}

    @extend_schema(responses=ErasureOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset().order_by("-pk"))
        return self.get_paginated_response(ErasureOutput(page, many=True).data)

    @extend_schema(responses=ErasureOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(ErasureOutput(self.get_object()).data)

    @extend_schema(request=ErasureInput, responses={202: ErasureOutput})
    def create(self, request: Request) -> Response:
        """Search a person; nothing is changed by it."""
        data = valid(ErasureInput, request.data)
        data["identifiers"] = [(one["column"], one["value"]) for one in data.get("identifiers", [])]
        erasure = request_erasure(actor=request.actor, **data)  # type: ignore[attr-defined]
        return Response(ErasureOutput(erasure).data, status=202)

    @extend_schema(parameters=[AfterInput], responses=HitsOutput)
    @action(detail=True, methods=["get"])
    def hits(self, request: Request, pk: int) -> Response:
        """List the items that were found, with where in them."""
        after = valid(AfterInput, request.query_params)["after"]
        return Response(list_hits(actor=request.actor, erasure_id=self.get_object().pk, after=after))  # type: ignore[attr-defined]

    @extend_schema(request=KeepInput, responses=KeptOutput)
    @action(detail=True, methods=["post"])
    def keep(self, request: Request, pk: int) -> Response:
        """Say that items are somebody else and stay, or that they go after all."""
        erasure = self.get_object()
        data = valid(KeepInput, request.data)
        changed = keep_hits(actor=request.actor, erasure_id=erasure.pk, hit_ids=data["hits"], kept=data["kept"])  # type: ignore[attr-defined]
        return Response({"changed": changed})

    @extend_schema(request=ConfirmInput, responses={202: ErasureOutput})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        """Erase what was reviewed; nothing of it can be taken back."""
        erasure = self.get_object()
        typed = valid(ConfirmInput, request.data)["typed"]
        done = confirm_erasure(actor=request.actor, erasure_id=erasure.pk, typed=typed)  # type: ignore[attr-defined]
        return Response(ErasureOutput(done).data, status=202)

    @extend_schema(request=None, responses=ErasureOutput)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: int) -> Response:
        """Give up an erasure that was not confirmed."""
        erasure = withdraw_erasure(actor=request.actor, erasure_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(ErasureOutput(erasure).data)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=True, methods=["get"])
    def certificate(self, request: Request, pk: int) -> Response:
        """Return the signed certificate of a finished erasure."""
        erasure = visible_erasure(actor=request.actor, erasure_id=self.get_object().pk)  # type: ignore[attr-defined]
        if erasure.certificate is None:
            raise NotFound(_("This erasure is not finished; it has no certificate yet."))
        return Response(erasure.certificate)
