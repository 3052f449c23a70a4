"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from assay_client._records import Record
from assay_client._transport import Params, Transport

R = TypeVar("R", bound=Record)


def each(transport: Transport, path: str, kind: type[R], params: Params | None = None) -> Iterator[R]:
    """Give every record of a list, fetching the next page when the last one is used up."""
    for row in each_row(transport, path, params):
        yield kind.parse(row)


def each_row(transport: Transport, path: str, params: Params | None = None) -> Iterator[dict[str, Any]]:
    """Give every row of a cursor-paged list as it came."""
    query: Params = {"page_size": 200, **(params or {})}
    while True:
        page = transport.json("GET", path, params=query)
        yield from page["results"]
        if not page.get("next"):
            return
        # Only the query: behind a proxy the server may know itself under another address.
        query = dict(parse_qsl(urlsplit(page["next"]).query))


def each_after(transport: Transport, path: str, params: Params) -> Iterator[dict[str, Any]]:
    """Give every row of a list whose pages end with the cursor of the next one."""
    cursor: str | None = None
    while True:
        page = transport.json("GET", path, params={**params, "cursor": cursor})
        yield from page["results"]
        cursor = page["next"]
        if cursor is None:
            return


def each_item(
    transport: Transport, path: str, params: Params, *, offset: int = 0, page: int = 200
) -> Iterator[dict[str, Any]]:
    """Give every row of an offset-paged list."""
    while True:
        answer = transport.json("GET", path, params={**params, "offset": offset, "limit": page})
        rows = answer["results"]
        yield from rows
        offset += len(rows)
        if len(rows) < page:
            return
