"""A service that answers from a script, to show what the client does about each answer."""

from collections.abc import Callable
from typing import Any

import httpx

from assay_client import Client

Answer = httpx.Response | Exception


class Script:
    """Answers one after the other, and keeps the requests and the pauses between them."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options: Any) -> Client:
        return Client(
            "http://assay.test",
            "assay_secret",
            transport=httpx.MockTransport(self),
            sleep=self.pauses.append,
            **options,
        )


def ok(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **extra: Any
) -> httpx.Response:
    body = {"type": "about:blank", "title": "Problem", "status": status, "code": code, "detail": detail, **extra}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json", **(headers or {})})


def job(state: str, **fields: Any) -> dict[str, Any]:
    return {"id": 4, "kind": "curation.import_file", "title": "Import a.csv", "state": state, **fields}


Handler = Callable[[httpx.Request], httpx.Response]
