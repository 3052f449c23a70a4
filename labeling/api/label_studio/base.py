"""What the views of Label Studio's API share: bodies, pages, and the words for what there is not."""

from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ScopedAPIView
from core.errors import DomainError
from labeling.services.label_studio.showing import Row

SEEN = ("data.read", "project.write", "review")
WRITE = "project.write"
BIGGEST = 2**31 - 1
# Of one page; clients that ask for more get this many, and the address of the next page.
MOST_ON_PAGE, ON_PAGE = 1_000, 100


class LabelStudioView(ScopedAPIView):
    """A route of Label Studio's API. It stands in no OpenAPI file of ours: Label Studio's own describes it."""

    schema = None

    def initial(self, request: Request, *arguments: Any, **named: Any) -> None:
        """Refuse a body that would fill the memory; files of a form lie on the disk."""
        super().initial(request, *arguments, **named)
        refuse_large(request)


def refuse_large(request: Request) -> None:
    """Raise what becomes 413 for a body that is read as a whole and is larger than one may be."""
    is_form = request.content_type.startswith("multipart/")
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not is_form:
        raise RequestDataTooBig


def body(request: Request) -> Row:
    """Return a body that is an object.

    Raises:
        DomainError: ``body_invalid``.
    """
    data = request.data
    if not isinstance(data, Mapping):
        raise DomainError("body_invalid", _("The body must be a JSON object."))
    return dict(data)


def number_of(value: Any, name: str, default: int | None = None) -> int:
    """Return a whole number from 1 of a query or body.

    Raises:
        DomainError: ``number_invalid``.
    """
    if value in (None, "") and default is not None:
        return default
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and 0 < len(text) < 19 and int(text) > 0):
        detail = _("%(name)s must be a whole number from 1.") % {"name": name}
        raise DomainError("number_invalid", detail, field=name)
    return int(text)


def flag_of(value: Any) -> bool:
    """Return a switch of a query, as Python and JavaScript write it."""
    return str(value).lower() in {"1", "true", "yes", "on"}


def page_of(request: Request) -> tuple[int, int]:
    """Return the number of the wanted page, from 1, and how much is on one."""
    page = min(number_of(request.query_params.get("page"), "page", 1), BIGGEST)
    size = number_of(request.query_params.get("page_size"), "page_size", ON_PAGE)
    return page, min(size, MOST_ON_PAGE)


def page_link(request: Request, page: int) -> str:
    """Return the address of another page of the same list."""
    query = request.query_params.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def listed(request: Request, rows: list[Row], count: int, page: int, size: int) -> Response:
    """Return one page of a list with its count and neighbours."""
    following = page_link(request, page + 1) if page * size < count else None
    before = page_link(request, page - 1) if page > 1 else None
    return Response({"count": count, "next": following, "previous": before, "results": rows})


def unsupported(what: str, instead: str = "") -> NoReturn:
    """Say that something of Label Studio is not offered here, and what to do instead.

    The status is 400: the SDK sends a request that was answered with 500 or more, 501 among them, three times.
    """
    detail = _("%(what)s is not offered to Label Studio's clients here.") % {"what": what}
    raise DomainError("not_supported", f"{detail} {instead}".strip(), title=_("Not offered here"))


def query_of(request: Request) -> Row:
    """Return what the data manager's ``query`` says; empty for none.

    Raises:
        DomainError: ``query_invalid``.
    """
    given = request.query_params.get("query")
    if not given:
        return {}
    try:
        found = orjson.loads(given)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise DomainError("query_invalid", _("“query” must be a JSON object."), field="query")
    return found
