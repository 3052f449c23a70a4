"""HTTP to another tool: requests with retries, and files that never come from a host that nobody named."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from assay_client._exceptions import ConnectionFailed, InvalidRequest, TimedOut, UnexpectedAnswer, refusal
from assay_client._transport import SAFE_METHODS, Params, pause, retry_after

# The other tool may be small and busy: what it failed at once it often does the second time.
AGAIN = frozenset({429, 500, 502, 503, 504})
MOST_REDIRECTS = 5
# Bytes of one file; a picture of a hundred million pixels is smaller.
MOST_BYTES = 1 << 30
_PORTS = {"http": 80, "https": 443}
# What Django says with a 403 of a token that it does not know, where it looks for a session first.
_INVALID = re.compile(r"(?i)invalid token|credentials")
Origin = tuple[str, str, int]


class FileRefused(Exception):
    """A file that was not taken: a row of the report.

    Attributes:
        code: ``media_elsewhere``, ``media_missing``, ``media_refused``, ``media_large`` or ``media_lost``.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Peer:
    """One server of another tool.

    Args:
        tool: What people call it, for sentences.
        address: Its address; a path in it is kept.
        media_from: Hosts, with a port where it is not the usual one, that files may come from beside its own.
        retries: How often a request is sent again.
        timeout: Seconds for an answer to begin.
        sleep: How to pause between them.

    Attributes:
        headers: Who asks; sent to the tool's own address and nowhere else.
        renew: Makes `headers` anew when they are refused, and tells whether it could.
    """

    def __init__(
        self,
        tool: str,
        address: str,
        *,
        media_from: Iterable[str] = (),
        retries: int = 5,
        timeout: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.tool = tool
        self.root = address.rstrip("/")
        self.origin = origin_of(urlsplit(self.root))
        self.media_from = frozenset(host.lower() for host in media_from)
        self.headers: dict[str, str] = {}
        self.renew: Callable[[], bool] | None = None
        self._retries = retries
        self._sleep = sleep
        agent = {"User-Agent": "assay-client/0.1"}
        # No cookies: with a session beside the token, doccano asks for a CSRF token; and none can go to another host.
        jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._http = httpx.Client(timeout=httpx.Timeout(timeout, connect=10.0), headers=agent, cookies=jar)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(
        self, method: str, path: str, *, params: Params | None = None, body: Any = None, again: bool | None = None
    ) -> Any:
        """Send a request and return the JSON of its answer, None when it is empty.

        Args:
            method: HTTP method.
            path: Below the tool's address, beginning with a slash.
            params: Query; None values are left out.
            body: JSON body.
            again: Whether the request may be done twice; by default GET, HEAD, PUT and DELETE may.

        Raises:
            RequestRefused: the tool refused it; the sentence says what to do.
            ConnectionFailed: nobody answered, after the retries.
            UnexpectedAnswer: the answer is no JSON, or sends on to somewhere else.
        """
        query = {name: value for name, value in (params or {}).items() if value is not None}
        response = self._send(method, path, query, body, method in SAFE_METHODS if again is None else again)
        if response.is_redirect:
            raise UnexpectedAnswer(
                f"{self.tool} at {self.root} sends on to {response.headers.get('Location')}: use that address, or the "
                "token is not taken."
            )
        if response.status_code >= 400:
            raise self._refused(response, path)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise UnexpectedAnswer(
                f"{self.root}{path} answered with something else than JSON. Is this the address of {self.tool}?"
            ) from None

    def log_in(self, path: str, user: str, secret: str) -> str:
        """Sign in with a name and a password, and return the key that the tool gives for them.

        Raises:
            NotAuthenticated: They are refused.
        """
        try:
            answer = self.json("POST", path, body={"username": user, "password": secret}, again=True)
        except InvalidRequest:
            detail = f"{self.tool} at {self.root} does not take this name and password."
            raise refusal(401, {"code": "peer_token", "detail": detail}) from None
        if not isinstance(answer, dict) or not isinstance(answer.get("key"), str):
            raise UnexpectedAnswer(f"{self.root}{path} gave no key. Is this the address of {self.tool}?")
        return str(answer["key"])

    def _send(self, method: str, path: str, query: dict[str, Any], body: Any, may_repeat: bool) -> httpx.Response:
        renewed = False
        attempt = 0
        while True:
            last = attempt >= self._retries
            try:
                response = self._http.request(
                    method, self.root + path, params=query, json=body, headers={**self.headers, "Accept": "*/*"}
                )
            except httpx.TransportError as error:
                if last or not (may_repeat or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)):
                    raise self._lost(error) from error
                self._sleep(pause(attempt, None))
                attempt += 1
                continue
            if response.status_code == 401 and self.renew is not None and not renewed:
                renewed = True
                if self.renew():
                    continue
            if last or not (may_repeat and response.status_code in AGAIN):
                return response
            self._sleep(pause(attempt, retry_after(response)))
            attempt += 1

    def save(self, address: str, target: Path, *, most: int = MOST_BYTES) -> int:
        """Stream a file and return its bytes; it appears only when it is whole.

        Args:
            address: Absolute, or a path on the tool's own host.
            target: Where to write.
            most: Bytes that are taken.

        Raises:
            FileRefused: It is on a host that nobody named, is not there, is not given, or is too large.
            ConnectionFailed: the tool itself does not answer, after the retries.
        """
        draft = target.with_name(f".{target.name[-80:]}.part")
        for attempt in range(self._retries + 1):
            try:
                size = self._saved(self.absolute(address), draft, most)
            except httpx.TransportError as error:
                if attempt == self._retries:
                    draft.unlink(missing_ok=True)
                    if origin_of(urlsplit(self.absolute(address))) == self.origin:
                        raise self._lost(error) from error
                    raise FileRefused("media_lost", f"The connection broke: {error or type(error).__name__}.") from None
            except (httpx.InvalidURL, ValueError):
                raise FileRefused("media_refused", f"{address[:200]!r} is no address.") from None
            except _Again as error:
                if attempt == self._retries:
                    raise FileRefused("media_lost", f"The server answered {error.status}.") from None
            else:
                draft.replace(target)
                return size
            self._sleep(pause(attempt, None))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def absolute(self, address: str) -> str:
        """Return the address of a file; a path alone is on the tool's own host."""
        if urlsplit(address).scheme:
            return address
        prefix = urlsplit(self.root).path
        path = address if address.startswith("/") else f"/{address}"
        return urljoin(self.root, path if path.startswith(f"{prefix}/") else prefix + path)

    def _saved(self, address: str, draft: Path, most: int) -> int:
        renewed = False
        for _hop in range(MOST_REDIRECTS + 1):
            with self._opened(address) as response:
                if response.is_redirect:
                    address = urljoin(address, response.headers.get("Location", ""))
                    continue
                if response.status_code == 401 and self.renew is not None and not renewed:
                    renewed = True
                    if self.renew():
                        continue
                _refuse(response)
                return _written(response, draft, most)
        raise FileRefused("media_refused", f"It is sent on more than {MOST_REDIRECTS} times.")

    @contextmanager
    def _opened(self, address: str) -> Iterator[httpx.Response]:
        parts = urlsplit(address)
        own = _is_web(parts) and origin_of(parts) == self.origin
        if not own and not (_is_web(parts) and self._is_named(parts)):
            host = parts.netloc.rpartition("@")[2] or parts.scheme
            reason = f"It is at {host[:100]}, and only {self.root} is asked. --media-from {host[:100]} allows it."
            raise FileRefused("media_elsewhere", reason)
        with self._http.stream("GET", address, headers=self.headers if own else {}) as response:
            yield response

    def _is_named(self, parts: SplitResult) -> bool:
        _scheme, host, port = origin_of(parts)
        usual = _PORTS[parts.scheme] == port
        return f"{host}:{port}" in self.media_from or (usual and host in self.media_from)

    def _refused(self, response: httpx.Response, path: str) -> Exception:
        status = response.status_code
        said = _detail(response)
        if status == 401 or (status == 403 and _INVALID.search(said)):
            detail = f"{self.tool} at {self.root} does not take the token. Make one in your account there."
            return refusal(401, {"code": "peer_token", "detail": f"{detail} {said}".strip()})
        if status == 403:
            detail = f"{self.tool} does not let the owner of this token see {path}. Use the token of somebody who may."
            return refusal(403, {"code": "peer_forbidden", "detail": f"{detail} {said}".strip()})
        if status == 404:
            detail = f"{self.tool} at {self.root} has nothing at {path}. Is the number of the project right?"
            return refusal(404, {"code": "peer_missing", "detail": detail})
        detail = f"{self.tool} answered {status} to {path}. {said}".strip()
        return refusal(status, {"code": "peer_failed", "detail": detail}, retry_after(response))

    def _lost(self, error: httpx.TransportError) -> ConnectionFailed:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ConnectionFailed(f"{self.tool} does not answer at {self.root}. Is it running there?")
        if isinstance(error, httpx.TimeoutException):
            return TimedOut(f"{self.tool} at {self.root} did not answer in time.")
        return ConnectionFailed(f"The connection to {self.root} broke: {error or type(error).__name__}.")


class _Again(Exception):
    """An answer that may be another one the next time."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def origin_of(parts: SplitResult) -> Origin:
    """Return scheme, host and port of an address."""
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme.lower(), 0)


def _is_web(parts: SplitResult) -> bool:
    return parts.scheme in _PORTS and bool(parts.hostname)


def _refuse(response: httpx.Response) -> None:
    status = response.status_code
    if status in AGAIN:
        raise _Again(status)
    if status == 404:
        raise FileRefused("media_missing", "The server says that it is not there (404).")
    if status != 200:
        raise FileRefused("media_refused", f"The server answered {status}.")


def _written(response: httpx.Response, draft: Path, most: int) -> int:
    size = 0
    with draft.open("wb") as sink:
        for chunk in response.iter_bytes(1 << 17):
            size += len(chunk)
            if size > most:
                break
            sink.write(chunk)
    if size > most:
        draft.unlink()
        raise FileRefused("media_large", f"It is larger than {most >> 20} MB.")
    return size


def _detail(response: httpx.Response) -> str:
    """Return what the tool said of a refusal, as far as it is a short sentence."""
    try:
        body = response.json()
    except ValueError:
        return ""
    said = body.get("detail") if isinstance(body, dict) else None
    return f"It says: {said[:200]}" if isinstance(said, str) else ""
