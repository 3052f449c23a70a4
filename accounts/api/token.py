from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Token
from accounts.roles import SCOPES
from accounts.services.token import create_token, revoke_token
from core.api import ScopedViewSet, valid


class TokenInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=sorted(SCOPES)), max_length=len(SCOPES))
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class TokenOutput(serializers.ModelSerializer[Token]):
    class Meta:
        model = Token
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"]


class NewTokenOutput(TokenOutput):
    secret = serializers.CharField(help_text="Shown once; only its hash is kept.")

    class Meta(TokenOutput.Meta):
        fields = [*TokenOutput.Meta.fields, "secret"]


class TokenViewSet(ScopedViewSet):
    """The caller's own tokens."""

    queryset = Token.objects.all()
    serializer_class = TokenOutput
    scopes = {"GET": None, "POST": None, "DELETE": None}

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        actor = getattr(self.request, "actor", None)
        return queryset.filter(user_id=actor.user_id) if actor else queryset.none()

    @extend_schema(responses=TokenOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TokenOutput(page, many=True).data)

    @extend_schema(request=TokenInput, responses={201: NewTokenOutput})
    def create(self, request: Request) -> Response:
        token, secret = create_token(actor=request.actor, **valid(TokenInput, request.data))  # type: ignore[attr-defined]
        return Response({**TokenOutput(token).data, "secret": secret}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        revoke_token(actor=request.actor, token_id=self.get_object().pk)  # type: ignore[attr-defined]
        return Response(status=204)
