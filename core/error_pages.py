"""Error answers of the whole site: problem JSON under /api/, a page elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"type": f"https://assay.invalid/problems/{code}", "status": status, "code": code, "detail": detail}
        body["title"] = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}[status]
        body["request_id"] = getattr(request, "request_id", "")
        return JsonResponse(body, status=status, content_type="application/problem+json")
    return render(request, f"core/{status}.html", {"detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 400, "bad_request", "The server could not read this request.")


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 403, "forbidden", str(exception or "") or "You may not do this.")


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 404, "not_found", "There is nothing here, or it is not yours to see.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "server_error", "Something failed on our side. The log has the details.")
