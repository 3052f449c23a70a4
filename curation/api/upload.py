from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core import objects
from core.api import ScopedViewSet, valid
from core.errors import NotFound
from curation.engine.readers.sniffing import FORMATS
from curation.models import Upload
from curation.services.push import ROW_LIMIT
from curation.services.upload import preview_upload, start_import
from workers.api.job import JobOutput

ROLES = ("text", "label", "id")


class ProvenanceInput(serializers.Serializer[Any]):
    """Where rows come from; kept for each item through every version."""

    licence = serializers.CharField(max_length=120, required=False, allow_blank=True)
    source = serializers.CharField(max_length=500, required=False, allow_blank=True)
    consent = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="On what ground the data may be used."
    )
    collected_on = serializers.DateField(required=False, allow_null=True)


class UploadInput(ProvenanceInput):
    file = serializers.FileField(allow_empty_file=True, max_length=1000)


class ReadingInput(serializers.Serializer[Any]):
    """How to read a file, where the profile guessed wrong; every field may be left out."""

    format = serializers.ChoiceField(choices=FORMATS, required=False)
    sheet = serializers.CharField(max_length=255, required=False, trim_whitespace=False)
    encoding = serializers.CharField(max_length=40, required=False)
    delimiter = serializers.CharField(max_length=1, min_length=1, required=False, trim_whitespace=False)
    header = serializers.BooleanField(required=False)
    roles = serializers.DictField(child=serializers.CharField(max_length=500, allow_blank=True), required=False)

    def validate_roles(self, roles: dict[str, str]) -> dict[str, str]:
        return known_roles(roles)


def known_roles(roles: dict[str, str]) -> dict[str, str]:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise serializers.ValidationError(f"Roles are {', '.join(ROLES)}; {', '.join(unknown)} is none of them.")
    return roles


class AppendInput(serializers.Serializer[Any]):
    append = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Put the rows behind those of the newest version, which keep their ids; else they make a version.",
    )


class ImportInput(ReadingInput, AppendInput):
    """How to read a file, and whether its rows are added to the newest version."""


class PushInput(ProvenanceInput, AppendInput):
    """Rows as JSON objects, imported like a file of JSON Lines."""

    rows = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=ROW_LIMIT)
    roles = serializers.DictField(child=serializers.CharField(max_length=500, allow_blank=True), required=False)

    def validate_roles(self, roles: dict[str, str]) -> dict[str, str]:
        return known_roles(roles)


class UploadOutput(serializers.ModelSerializer[Upload]):
    class Meta:
        model = Upload
        fields = [
            "id", "dataset", "file_name", "address", "byte_count", "sha256", "profile", "options", "licence", "source",
            "consent", "collected_on", "job", "refused_count", "created_at",
        ]  # fmt: skip


class AddressOutput(serializers.Serializer[Any]):
    url = serializers.CharField()


class UploadViewSet(ScopedViewSet):
    """Files as clients sent them."""

    queryset = Upload.objects.all()
    serializer_class = UploadOutput
    scopes = {"GET": "data.read", "POST": "data.write"}

    @extend_schema(responses=UploadOutput)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(UploadOutput(self.get_object()).data)

    @extend_schema(request=ReadingInput, responses=dict[str, Any])
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: int) -> Response:
        """Read the first rows with other options."""
        options = valid(ReadingInput, request.data)
        upload = self.get_object()
        return Response(preview_upload(actor=request.actor, upload_id=upload.pk, options=options))  # type: ignore[attr-defined]

    @extend_schema(request=ImportInput, responses={202: JobOutput})
    @action(detail=True, methods=["post"], url_path="import")
    def import_(self, request: Request, pk: int) -> Response:
        """Import the file as a version, or behind the rows of the newest one."""
        options = valid(ImportInput, request.data)
        append = options.pop("append")
        job = start_import(
            actor=request.actor,  # type: ignore[attr-defined]
            upload_id=self.get_object().pk,
            options=options,
            append=append,
        )
        return Response(JobOutput(job).data, status=202)

    @extend_schema(responses=AddressOutput)
    @action(detail=True, methods=["get"])
    def refused(self, request: Request, pk: int) -> Response:
        """The address of a CSV of the refused rows."""
        upload = self.get_object()
        if not upload.refused_key:
            raise NotFound("No row of this upload was refused.")
        return Response({"url": objects.signed_url(upload.refused_key, f"{upload.file_name}.refused.csv")})
