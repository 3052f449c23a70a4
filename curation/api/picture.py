from typing import Any

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from curation.models import Picture
from curation.services.media import find_picture, original_url, read_copy

# Whoever labels or reviews sees the pictures of their tasks; a hash is known only from an item that was shown.
SEE = ("data.read", "label", "review")


class OriginalOutput(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Works for an hour; the original with all its metadata.")


class PictureCopyView(ScopedAPIView):
    """A picture as people see it: sRGB, upright, without metadata; JPEG or PNG, whatever the original is."""

    scopes = {"GET": SEE}
    model = Picture
    kind = "view"

    @extend_schema(
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, (200, "image/png"): OpenApiTypes.BINARY, 304: None}
    )
    def get(self, request: Request, sha256: str) -> HttpResponseBase:
        picture = find_picture(actor=request.actor, sha256=sha256)  # type: ignore[attr-defined]
        mark = f'"{sha256[:32]}-{self.kind}"'
        response: HttpResponse
        if request.headers.get("If-None-Match") == mark:
            response = HttpResponseNotModified()
        else:
            data, kind = read_copy(picture=picture, kind=self.kind)
            response = HttpResponse(data, content_type=kind)
            # Whatever a browser makes of these bytes, it runs nothing and lends them to no other site.
            response["Content-Security-Policy"] = "sandbox; default-src 'none'"
            response["Cross-Origin-Resource-Policy"] = "same-origin"
            response["Content-Disposition"] = "inline"
        # Equal hash, equal picture: it never has to be asked for again. Private, since it took a member to see it.
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        response["ETag"] = mark
        return response


class PictureThumbView(PictureCopyView):
    """A picture of at most 256 pixels a side."""

    kind = "thumb"


class PictureOriginalView(ScopedAPIView):
    """The original of a picture with all that it says of place and device, for those who manage the data."""

    scopes = {"GET": "data.write"}
    model = Picture

    @extend_schema(responses=OriginalOutput)
    def get(self, request: Request, sha256: str) -> Response:
        return Response({"url": original_url(actor=request.actor, sha256=sha256)})  # type: ignore[attr-defined]
