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
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit

REDIRECT_LIMIT = 5
# A server that sends a byte now and then is given up after this, whatever the time limit of the whole is.
SILENCE_SECONDS = 15.0
_CHUNK = 1 << 17
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# IPv6 addresses that carry an IPv4 address in their last 32 bits. Source: RFC 6052 and RFC 4291, section 2.5.5.1.
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UrlRefused(Exception):
    """An address that is not fetched, or could not be.

    Args:
        code: Stable name, snake_case.
        message: What is wrong and how to mend it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


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


def check_url(url: str, allowed: Collection[str] = ()) -> tuple[SplitResult, list[str]]:
    """Return the parts of a URL and the addresses that its host may be reached at.

    Args:
        url: http or https.
        allowed: Host names that an operator trusts although their addresses are not public.

    Raises:
        UrlRefused: ``url_invalid``, ``url_scheme``, ``url_credentials``, ``host_unknown``, ``host_not_public``.
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
    return parts, _addresses(host, port, allowed)


def _addresses(host: str, port: int, allowed: Collection[str]) -> list[str]:
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = _looked_up(host, port)
    # One address that is not public refuses the host: which one a connection takes is chance.
    if host not in allowed and not all(is_public(ipaddress.ip_address(each.split("%")[0])) for each in addresses):
        raise UrlRefused(
            "host_not_public", f"The host {host} is not on the public internet. An operator may allow it by name."
        )
    return addresses


def _looked_up(host: str, port: int) -> list[str]:
    """Ask for the addresses of a name; short forms such as 127.1 are names here, and come back whole."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise UrlRefused("host_unknown", f"The host {host} cannot be found.") from None
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def fetch(url: str, sink: BinaryIO, *, limits: Limits | None = None, allowed: Collection[str] = ()) -> Fetched:
    """Write what an address gives into a file, and say what it was.

    Args:
        url: http or https.
        sink: Takes the bytes; what was written before an error is to be thrown away.
        limits: Bytes and seconds.
        allowed: Host names that an operator trusts.

    Raises:
        UrlRefused: What `check_url` raises, and ``too_many_redirects``, ``redirect_to_http``, ``url_status``,
            ``url_too_large``, ``url_too_slow``, ``url_encoding``, ``url_cut_off``, ``url_unreachable``.
    """
    limits = limits or Limits()
    deadline = time.monotonic() + limits.seconds
    for _turn in range(REDIRECT_LIMIT + 1):
        parts, addresses = check_url(url, allowed)
        connection = _Pinned(parts, addresses[0], deadline)
        try:
            response = connection.ask()
            if response.status in _REDIRECTS:
                url = _next(url, response.getheader("Location", ""))
                continue
            return _save(url, response, sink, limits, deadline)
        except TimeoutError:
            raise UrlRefused("url_too_slow", f"The host {parts.hostname} did not answer in time.") from None
        except (OSError, http.client.HTTPException) as error:
            raise UrlRefused(
                "url_unreachable", f"The host {parts.hostname} gave no usable answer: {type(error).__name__}."
            ) from error
        finally:
            connection.close()
    raise UrlRefused("too_many_redirects", f"The address was sent on more than {REDIRECT_LIMIT} times.")


def _next(url: str, location: str) -> str:
    if not location:
        raise UrlRefused("url_status", "The host sends on to nowhere.")
    target = urljoin(url, location)
    if url.startswith("https:") and target.startswith("http:"):
        raise UrlRefused("redirect_to_http", "The host sends on from https to http, which anybody could listen to.")
    return target


class _Pinned:
    """One request on a connection to an address that was checked; name and certificate are those of the host."""

    def __init__(self, parts: SplitResult, address: str, deadline: float) -> None:
        assert parts.hostname is not None
        secure = parts.scheme == "https"
        host = parts.hostname.encode("idna").decode("ascii")
        port = parts.port or (443 if secure else 80)
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(host, port)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        left = max(0.001, min(SILENCE_SECONDS, deadline - time.monotonic()))
        plain = socket.create_connection((address, port), timeout=left)
        if not secure:
            self._connection.sock = plain
            return
        try:
            self._connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise

    def ask(self) -> http.client.HTTPResponse:
        """Send the request and return the answer's head."""
        headers = {"User-Agent": "assay", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        self._connection.request("GET", self._target, headers=headers)
        return self._connection.getresponse()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _save(url: str, response: http.client.HTTPResponse, sink: BinaryIO, limits: Limits, deadline: float) -> Fetched:
    if response.status != 200:
        raise UrlRefused("url_status", f"The host answered with {response.status} where 200 was awaited.")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise UrlRefused("url_encoding", "The host packs its answer although it was asked not to.")
    if (response.length or 0) > limits.bytes:
        raise _too_large(limits)
    digest, size = hashlib.sha256(), 0
    while True:
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        size += len(chunk)
        if size > limits.bytes:
            raise _too_large(limits)
        if time.monotonic() > deadline:
            raise UrlRefused("url_too_slow", f"The file did not come within {limits.seconds:.0f} seconds.")
        digest.update(chunk)
        sink.write(chunk)
    if response.length:
        raise UrlRefused("url_cut_off", f"The host ended {response.length} bytes before it said it would.")
    return Fetched(url, response.getheader("Content-Type", ""), size, digest.hexdigest())


def _too_large(limits: Limits) -> UrlRefused:
    return UrlRefused("url_too_large", f"The file is larger than {limits.bytes} bytes.")
