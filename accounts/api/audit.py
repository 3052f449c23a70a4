from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import AuditEntry
from core.api import ScopedViewSet


class AuditOutput(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = ["id", "at", "user", "token", "action", "subject", "data", "request_id"]


class AuditViewSet(ScopedViewSet):
    """Who did what, newest first."""

    queryset = AuditEntry.objects.all()
    serializer_class = AuditOutput
    scopes = {"GET": "member.read"}

    @extend_schema(responses=AuditOutput(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(AuditOutput(page, many=True).data)
