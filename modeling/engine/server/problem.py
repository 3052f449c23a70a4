"""Refusals as RFC 9457 says them, and what else is answered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Response:
    """A status, a body and its headers."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Problem(Exception):
    """A refusal: `code` is stable, `detail` says what is wrong and how to mend it, `facts` are JSON-ready."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **facts: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.facts = headers or {}, facts

    def response(self) -> Response:
        """Return the problem as application/problem+json."""
        content = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.facts,
        }
        return Response(self.status, as_json(content), "application/problem+json", self.headers)


def retry_later(status: int, code: str, detail: str, seconds: int = 1) -> Problem:
    """Return a refusal that says when to come again, in whole seconds."""
    return Problem(status, code, detail, headers={"Retry-After": str(seconds)})


def as_json(value: Any) -> bytes:
    """Return JSON in UTF-8.

    Raises:
        ValueError: A number in it is none; such an answer is never sent.
    """
    # Half a surrogate pair in a label has no UTF-8.
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
