"""One HTTP request, with its retries, and its answer or its exception."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from assay_client._exceptions import ConnectionFailed, TimedOut, UnexpectedAnswer, refusal

# A request that never reached the server, or that it turned away unread, may be sent again whatever it was.
ALWAYS_AGAIN = frozenset({429})
# These may come after the work was done, so only a request that can be done twice is sent again.
SAFE_AGAIN = frozenset({502, 503, 504})
SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0

Params = Mapping[str, str | int | None]


class Transport:
    """Sends requests to one service with one token.

    Args:
        base_url: Address of the service, with or without `/api/v1`.
        token: An API token; sent to this service alone, never to an address that it redirects to.
        timeout: Seconds for an answer to begin.
        retries: How often a request is sent again.
        sleep: How to pause between them.
        transport: For tests: another httpx transport.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout: float = 30.0,
        retries: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        root = base_url.rstrip("/").removesuffix("/api/v1")
        if not root.startswith(("http://", "https://")):
            raise ValueError(f"The address must begin with http:// or https://: {base_url!r}")
        self.root = root
        self.retries = retries
        self._sleep = sleep
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=root,
            timeout=httpx.Timeout(timeout, connect=5.0),
            headers={"User-Agent": "assay-client/0.1", "Accept": "application/json"},
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        again: bool | None = None,
        prepare: Callable[[], dict[str, Any]] | None = None,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request to `/api/v1/<path>` and return the JSON of its answer, None when it is empty.

        Args:
            method: HTTP method.
            path: Below `/api/v1/`.
            params: Query; None values are left out.
            body: JSON body.
            again: Whether the request may be done twice; by default GET, HEAD, PUT and DELETE may. Say True for a
                POST that carries its own idempotency keys.
            prepare: Makes further arguments of the request anew for each attempt, such as a rewound file.
            timeout: Seconds, where the default is too short.
            headers: Further headers.

        Raises:
            RequestRefused: the server answered with a problem.
            ConnectionFailed: nobody answered, after the retries.
            UnexpectedAnswer: the answer is not JSON.
        """
        query = {name: value for name, value in (params or {}).items() if value is not None}
        arguments: dict[str, Any] = {"params": query, "headers": {**self._headers, **(headers or {})}}
        if body is not None:
            arguments["json"] = body
        if timeout is not None:
            arguments["timeout"] = httpx.Timeout(timeout, connect=5.0)
        may_repeat = method in SAFE_METHODS if again is None else again
        response = self._send(method, f"/api/v1/{path}", arguments, may_repeat, prepare)
        return _decoded(response)

    def _send(
        self,
        method: str,
        path: str,
        arguments: dict[str, Any],
        may_repeat: bool,
        prepare: Callable[[], dict[str, Any]] | None,
    ) -> httpx.Response:
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                fresh = prepare() if prepare else {}
                response = self._http.request(method, path, **arguments, **fresh)
            except httpx.TransportError as error:
                if last or not (may_repeat or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)):
                    raise self._lost(error) from error
                self._sleep(pause(attempt, None))
                continue
            again = response.status_code in ALWAYS_AGAIN or (may_repeat and response.status_code in SAFE_AGAIN)
            if last or not again:
                return response
            self._sleep(pause(attempt, retry_after(response)))
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def download(self, url: str) -> Iterator[httpx.Response]:
        """Open a signed address for reading. The token is not sent: the address is its own proof.

        Raises:
            RequestRefused: the address has expired or is wrong.
            ConnectionFailed: nobody answered.
        """
        try:
            with self._http.stream("GET", url, follow_redirects=True) as response:
                if response.status_code != 200:
                    response.read()
                    raise _refused(response)
                yield response
        except httpx.TransportError as error:
            raise self._lost(error) from error

    def _lost(self, error: httpx.TransportError) -> ConnectionFailed:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ConnectionFailed(f"Nobody answers at {self.root}. Is the service running, and the address right?")
        if isinstance(error, httpx.TimeoutException):
            return TimedOut(f"{self.root} did not answer in time.")
        return ConnectionFailed(f"The connection to {self.root} broke: {error or type(error).__name__}.")


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the answer asks to wait, by its header or its problem body; None when it does not say."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    wanted = _problem_body(response).get("retry_after")
    return float(wanted) if isinstance(wanted, int | float) else None


def pause(attempt: int, wanted: float | None) -> float:
    """Return seconds to wait: what the server asked for, or a doubling pause with jitter."""
    if wanted is not None:
        return min(wanted, LONGEST_PAUSE)
    return float(min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE) * random.uniform(0.75, 1.25))  # noqa: S311  (jitter)


def _decoded(response: httpx.Response) -> Any:
    if response.status_code >= 400:
        raise _refused(response)
    if response.is_redirect:
        raise UnexpectedAnswer(f"The server sends on to {response.headers.get('Location')}; use that address.")
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise UnexpectedAnswer(f"{response.url} is no Assay service: it answered with something else.") from None


def _refused(response: httpx.Response) -> Exception:
    body = _problem_body(response)
    if not body:
        body = {"code": "error", "detail": f"The server answered {response.status_code} {response.reason_phrase}."}
    return refusal(response.status_code, body, retry_after(response))


def _problem_body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
