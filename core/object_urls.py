from django.core import signing
from django.http import FileResponse, Http404, HttpRequest
from django.urls import path
from django.views.decorators.http import require_safe

from core import objects


@require_safe
def download(request: HttpRequest, token: str) -> FileResponse:
    """Send an object as a download, never as something the browser would run."""
    try:
        name, file_name = objects.read_signature(token)
        stream = objects.open(name)
    except (signing.BadSignature, FileNotFoundError):
        raise Http404 from None
    response = FileResponse(stream, content_type="application/octet-stream")
    response["Content-Disposition"] = objects.disposition(file_name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


urlpatterns = [path("<str:token>", download, name="object")]
