"""The one way to fetch an address that a user gave: public hosts only, pinned, and within limits of size and time.

A server that fetches what it is told to is a door into its own network. So the host is resolved here, every address
that it resolves to must be public, and the connection goes to the address that was checked and not to the name, which
may resolve to something else a moment later. Each redirect is checked like the first address.
"""

import hashlib
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

REDIRECT_LIMIT = 5
# A server that sends a byte now and then is given up after this, whatever the time limit of the whole is.
SILENCE_SECONDS = 15.0
_CHUNK = 1 << 17
# What a path or query may hold as it is; anything else, such as Chinese, is sent percent-encoded. Source: RFC 3986.
_PLAIN = "!$%&'()*+,-./:;=?@_~[]"
COMMON_HEADERS = {"User-Agent": "assay", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# IPv6 addresses that carry an IPv4 address in their last 32 bits. Source: RFC 6052 and RFC 4291, section 2.5.5.1.
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UrlRefused(Exception):
    """An address that is not fetched, or could not be.

    Args:
        code: Stable name, snake_case.
        message: What is wrong and how to mend it.
        transient: Whether the same address may well be given a little later.
    """

    def __init__(self, code: str, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.transient = transient


class SinkFailed(Exception):
    """The place where the bytes go took no more; the cause is the error that it raised."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is fetched at most: bytes, and seconds from the first look-up to the last byte."""

    bytes: int = 1 << 30
    seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the address behind all redirects, its declared type, its size and SHA-256."""

    url: str
    content_type: str
    bytes: int
    sha256: str


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet, whatever form it is written in.

    Loopback, link-local (also that of cloud metadata), private, carrier-grade NAT, multicast and reserved ones do not.
    An IPv6 address that carries an IPv4 one (mapped, compatible, 6to4, NAT64) is what it carries; Teredo never is.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.teredo or address.is_site_local:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in network for network in _CARRIERS):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def parse_url(url: str) -> tuple[SplitResult, str, int]:
    """Return the parts of a URL, its host in ASCII and its port; nobody is asked for anything.

    Raises:
        UrlRefused: ``url_invalid``, ``url_scheme``, ``url_credentials``.
    """
    if any(ord(letter) <= 32 or letter == "\\" for letter in url):
        raise UrlRefused(
            "url_invalid", "The address holds blanks, control characters or backslashes. Write it plainly."
        )
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
    except (ValueError, UnicodeError):
        raise UrlRefused("url_invalid", "This is not a web address.") from None
    if parts.scheme not in {"http", "https"}:
        raise UrlRefused("url_scheme", "Only addresses that begin with https:// or http:// are fetched.")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("url_credentials", "The address holds a user name or password. Leave it out.")
    if not host:
        raise UrlRefused("url_invalid", "The address names no host.")
    return parts, host, port


def check_form(url: str, allowed: Collection[str] = ()) -> None:
    """Refuse what can be refused without looking a name up: the form of a URL, and a literal address inside.

    Raises:
        UrlRefused: What `parse_url` raises, and ``host_not_public``.
    """
    _parts, host, port = parse_url(url)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    _check_public(host, port, [str(address)], allowed)


def check_url(url: str, allowed: Collection[str] = ()) -> tuple[SplitResult, list[str]]:
    """Return the parts of a URL and the addresses that its host may be reached at.

    Args:
        url: http or https.
        allowed: Host names that an operator trusts although their addresses are not public; ``name:port`` trusts that
            port alone.

    Raises:
        UrlRefused: ``url_invalid``, ``url_scheme``, ``url_credentials``, ``host_unknown``, ``host_not_public``.
    """
    parts, host, port = parse_url(url)
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = _looked_up(host, port)
    _check_public(host, port, addresses, allowed)
    return parts, addresses


def _check_public(host: str, port: int, addresses: list[str], allowed: Collection[str]) -> None:
    if host in allowed or f"{host}:{port}" in allowed:
        return
    # One address that is not public refuses the host: which one a connection takes is chance.
    if not all(is_public(ipaddress.ip_address(each.split("%")[0])) for each in addresses):
        raise UrlRefused(
            "host_not_public", f"The host {host} is not on the public internet. An operator may allow it by name."
        )


def _looked_up(host: str, port: int) -> list[str]:
    """Ask for the addresses of a name; short forms such as 127.1 are names here, and come back whole."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise UrlRefused("host_unknown", f"The host {host} cannot be found.", transient=True) from None
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def fetch(
    url: str,
    sink: BinaryIO,
    *,
    limits: Limits | None = None,
    allowed: Collection[str] = (),
    on_length: Callable[[int | None], None] | None = None,
) -> Fetched:
    """Write what an address gives into a file, and say what it was.

    Args:
        url: http or https.
        sink: Takes the bytes; what was written before an error is to be thrown away.
        limits: Bytes and seconds.
        allowed: Host names that an operator trusts.
        on_length: Called before the first byte with the size that the host tells, None when it tells none.

    Raises:
        UrlRefused: What `check_url` raises, and ``too_many_redirects``, ``redirect_to_http``, ``url_status``,
            ``url_too_large``, ``url_too_slow``, ``url_encoding``, ``url_cut_off``, ``url_unreachable``.
        SinkFailed: Writing into the file failed, as on a full disk.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.seconds
    for _turn in range(REDIRECT_LIMIT + 1):
        parts, addresses = check_url(url, allowed)
        connection = None
        try:
            connection = PinnedConnection(parts, addresses, deadline)
            response = connection.ask()
            if response.status in _REDIRECTS:
                url = _next(url, response.getheader("Location", ""))
                continue
            _check_head(response, limits)
            if on_length is not None:
                on_length(response.length)
            return _save(url, response, sink, limits, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise unanswered(parts, error) from error
        finally:
            if connection is not None:
                connection.close()
    raise UrlRefused("too_many_redirects", f"The address was sent on more than {REDIRECT_LIMIT} times.")


def exchange(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    allowed: Collection[str] = (),
) -> tuple[int, bytes]:
    """Send one request and return the status and the body of the answer; redirects are not followed.

    Args:
        url: http or https.
        method: Such as POST.
        body: What is sent.
        headers: Beside those that every request has.
        limits: Bytes of the answer, and seconds from the first look-up to its last byte.
        allowed: Host names that an operator trusts.

    Raises:
        UrlRefused: What `check_url` raises, and ``url_too_large``, ``url_too_slow``, ``url_encoding``,
            ``url_unreachable``.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.seconds
    parts, addresses = check_url(url, allowed)
    connection = None
    try:
        connection = PinnedConnection(parts, addresses, deadline)
        connection.wait_at_most(max(0.001, deadline - time.monotonic()))
        response = connection.send(method, target_of(parts), {**COMMON_HEADERS, **(headers or {})}, body)
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise _packed()
        chunks, size = [], 0
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > limits.bytes:
                raise _too_large(limits)
            if time.monotonic() > deadline:
                raise _too_slow(limits)
        return response.status, b"".join(chunks)
    except (OSError, http.client.HTTPException) as error:
        raise unanswered(parts, error) from error
    finally:
        if connection is not None:
            connection.close()


def unanswered(parts: SplitResult, error: Exception) -> UrlRefused:
    """Return the refusal that an error of a connection amounts to."""
    if isinstance(error, TimeoutError):
        return UrlRefused("url_too_slow", f"The host {parts.hostname} did not answer in time.", transient=True)
    detail = f"The host {parts.hostname} gave no usable answer: {type(error).__name__}."
    return UrlRefused("url_unreachable", detail, transient=True)


def _next(url: str, location: str) -> str:
    if not location:
        raise UrlRefused("url_status", "The host sends on to nowhere.")
    target = urljoin(url, location)
    if url.startswith("https:") and target.startswith("http:"):
        raise UrlRefused("redirect_to_http", "The host sends on from https to http, which anybody could listen to.")
    return target


class PinnedConnection:
    """A connection to an address that was checked; name and certificate are those of the host.

    Args:
        parts: From `check_url`.
        addresses: Those that `check_url` gave with them, tried in order: many machines cannot reach all of a host's.
        deadline: Of `time.monotonic`; the silence of the other side is limited besides.
    """

    def __init__(self, parts: SplitResult, addresses: Sequence[str], deadline: float) -> None:
        assert parts.hostname is not None
        secure = parts.scheme == "https"
        host = parts.hostname.encode("idna").decode("ascii")
        port = parts.port or (443 if secure else 80)
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(host, port)
        # Once closed it would connect again by the name of the host, to wherever that leads by then.
        self._connection.auto_open = 0
        self._target = target_of(parts)
        plain = _connected(addresses, port, deadline)
        if not secure:
            self._connection.sock = plain
            return
        try:
            self._connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise

    def wait_at_most(self, seconds: float) -> None:
        """Let the other side be silent for so long: a model may compute before it answers."""
        self._connection.sock.settimeout(seconds)

    def ask(self) -> http.client.HTTPResponse:
        """Send the request and return the answer's head."""
        return self.send("GET", self._target, COMMON_HEADERS)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        """Send a request on this connection and return the answer's head."""
        self._connection.request(method, target, body=body, headers=dict(headers))
        return self._connection.getresponse()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _connected(addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    for last, address in enumerate(addresses, 1 - len(addresses)):
        left = max(0.001, min(SILENCE_SECONDS, deadline - time.monotonic()))
        try:
            return socket.create_connection((address, port), timeout=left)
        except OSError:
            if not last:
                raise
    raise OSError("the host has no address")


def target_of(parts: SplitResult) -> str:
    """Return path and query as they stand in a request."""
    return quote(parts.path or "/", safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")


def _check_head(response: http.client.HTTPResponse, limits: Limits) -> None:
    if response.status != 200:
        detail = f"The host answered with {response.status} where 200 was awaited."
        raise UrlRefused("url_status", detail, transient=response.status == 429 or response.status >= 500)
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise _packed()
    if (response.length or 0) > limits.bytes:
        raise _too_large(limits)


def _save(url: str, response: http.client.HTTPResponse, sink: BinaryIO, limits: Limits, deadline: float) -> Fetched:
    digest, size = hashlib.sha256(), 0
    while True:
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        size += len(chunk)
        if size > limits.bytes:
            raise _too_large(limits)
        if time.monotonic() > deadline:
            raise _too_slow(limits)
        digest.update(chunk)
        try:
            sink.write(chunk)
        except OSError as error:
            # A full disk here is no fault of the host.
            raise SinkFailed from error
    if response.length:
        detail = f"The host ended {response.length} bytes before it said it would."
        raise UrlRefused("url_cut_off", detail, transient=True)
    return Fetched(url, response.getheader("Content-Type", ""), size, digest.hexdigest())


def _packed() -> UrlRefused:
    return UrlRefused("url_encoding", "The host packs its answer although it was asked not to.")


def _too_slow(limits: Limits) -> UrlRefused:
    return UrlRefused("url_too_slow", f"The file did not come within {limits.seconds:.0f} seconds.")


def _too_large(limits: Limits) -> UrlRefused:
    return UrlRefused("url_too_large", f"The file is larger than {limits.bytes} bytes.")
