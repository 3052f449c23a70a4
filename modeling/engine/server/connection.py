"""One client's connection: requests in, answers out, each within its time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from modeling.engine.server.problem import Problem, Response

if TYPE_CHECKING:
    from modeling.engine.server.admission import Places
    from modeling.engine.server.settings import ServerSettings

LONGEST_HEAD = 16 * 1024
CHUNK = 64 * 1024
# After a refusal the rest of the body is read this long and this far, so that the client sees the answer and not a
# connection that broke while it was sending.
LINGER_SECONDS = 2.0
LINGER_BYTES = 32 * 2**20
ALWAYS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


@dataclass
class Request:
    """A request whose body is not read yet; `body` reads it, within its limits, once."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    address: str
    body: Callable[[], Awaitable[bytes]]


Answer = Callable[[Request], Awaitable[Response]]


class Connection:
    """Serves one connection until either side ends it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answer: Answer,
        settings: ServerSettings,
        places: Places,
    ) -> None:
        self._reader, self._writer, self._answer, self._settings = reader, writer, answer, settings
        self._places, self._held = places, 0
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        peer = writer.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._last = self._head_only = False
        self.busy = False

    async def serve(self) -> None:
        """Answer requests one after the other."""
        try:
            while await self._one():
                self._http.start_next_cycle()
        except (ConnectionError, TimeoutError, h11.LocalProtocolError):
            pass
        finally:
            self._writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(self._writer.wait_closed(), self._settings.head_seconds)

    async def refuse(self, problem: Problem) -> None:
        """Answer one refusal without reading anything, and close."""
        self._last = True
        with contextlib.suppress(ConnectionError, TimeoutError, h11.LocalProtocolError):
            await self._send(problem.response())
        self._writer.close()

    def finish(self) -> None:
        """Close after the answer that is under way; at once where none is."""
        self._last = True
        if not self.busy:
            self._writer.close()

    async def _one(self) -> bool:
        """Serve one request; tell whether another may follow."""
        try:
            head = await self._head()
            if head is None:
                return False
            self.busy = True
            response = await self._answer(self._request(head))
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            code = {431: "head_too_large", 501: "not_implemented"}.get(status, "bad_request")
            response = Problem(status, code, f"This is not HTTP as it should be: {error}.").response()
        except Problem as problem:
            response = problem.response()
        finally:
            self._places.release(self._held)
            self._held = 0
        return await self._send(response)

    async def _head(self) -> h11.Request | None:
        """Return the next request's head; None where the client is done or says nothing any more."""
        if self._http.trailing_data == (b"", False):
            try:
                first = await asyncio.wait_for(self._reader.read(CHUNK), self._settings.idle_seconds)
            except TimeoutError:
                return None
            self._http.receive_data(first)
            self.busy = bool(first)
        try:
            async with asyncio.timeout(self._settings.head_seconds):
                event = await self._event()
        except TimeoutError:
            detail = f"The head of the request was not there within {self._settings.head_seconds:g} seconds."
            raise Problem(408, "client_too_slow", detail) from None
        return event if isinstance(event, h11.Request) else None

    async def _event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            self._http.receive_data(await self._reader.read(CHUNK))
        return event

    def _request(self, head: h11.Request) -> Request:
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        if {"content-length", "transfer-encoding"} <= set(headers):
            # A proxy before us may believe the other one, and take what follows for somebody else's request.
            self._last = True
            raise Problem(400, "bad_request", "Send either Content-Length or Transfer-Encoding.")
        try:
            target = urlsplit(head.target.decode("latin-1"))
            query = {name: values[-1] for name, values in parse_qs(target.query, max_num_fields=50).items()}
            path = unquote(target.path)
        except ValueError:
            raise Problem(400, "bad_address", "The address cannot be read.") from None
        self._head_only = head.method == b"HEAD"
        return Request(head.method.decode("latin-1"), path, query, headers, self._address, lambda: self._body(headers))

    async def _body(self, headers: dict[str, str]) -> bytes:
        """Return the whole body.

        Raises:
            Problem: 413 as soon as it is known to be too large, 408 where it takes too long.
        """
        limit = self._settings.largest_body
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(415, "encoded_body", "Send the body as it is, without Content-Encoding.")
        announced = headers.get("content-length", "")
        if announced.isdigit() and (len(announced) > 15 or int(announced) > limit):
            raise _too_large(limit)
        parts = bytearray()
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                while isinstance(event := await self._event(), h11.Data):
                    if len(parts) + len(event.data) > limit:
                        raise _too_large(limit)
                    self._places.hold(len(event.data))
                    self._held += len(event.data)
                    parts += event.data
        except TimeoutError:
            detail = f"The body was not there within {self._settings.body_seconds:g} seconds."
            raise Problem(408, "client_too_slow", detail) from None
        return bytes(parts)

    async def _send(self, response: Response) -> bool:
        """Send an answer; tell whether the connection can go on."""
        if self._http.states[h11.SERVER] not in {h11.IDLE, h11.SEND_RESPONSE}:
            return False
        keep = self._is_read() and not self._last
        headers = {
            **ALWAYS,
            **response.headers,
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            **({} if keep else {"Connection": "close"}),
        }
        said = HTTPStatus(response.status).phrase
        head = h11.Response(status_code=response.status, headers=list(headers.items()), reason=said.encode())
        sent = self._http.send(head) or b""
        if not self._head_only:
            sent += self._http.send(h11.Data(data=response.body)) or b""
        sent += self._http.send(h11.EndOfMessage()) or b""
        self._writer.write(sent)
        async with asyncio.timeout(self._settings.body_seconds):
            await self._writer.drain()
        self.busy = False
        if self._last or not keep or self._http.states[h11.SERVER] is h11.MUST_CLOSE:
            await self._linger()
            return False
        return True

    def _is_read(self) -> bool:
        """Tell whether nothing of the request is left; what has not come yet of a body nobody asked for, is."""
        try:
            while self._http.their_state is h11.SEND_BODY:
                if not isinstance(self._http.next_event(), h11.Data | h11.EndOfMessage):
                    return False
        except h11.RemoteProtocolError:
            return False
        return self._http.their_state is not h11.ERROR

    async def _linger(self) -> None:
        if self._http.their_state not in {h11.SEND_BODY, h11.ERROR}:
            return
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write_eof()
            async with asyncio.timeout(LINGER_SECONDS):
                left = LINGER_BYTES
                while left > 0 and (chunk := await self._reader.read(CHUNK)):
                    left -= len(chunk)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body_too_large", f"A request may have {limit:,} bytes. Send it in parts.", limit=limit)
