"""What the guard refuses, and what it fetches from a server of this test; the real network is never asked."""

import hashlib
import io
import ipaddress
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from curation.engine.url_guard import Limits, UrlRefused, check_url, fetch, is_public
from tests.curation.places import rebinding

HERE = frozenset({"127.0.0.1"})


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        name = self.path.strip("/").split("?")[0]
        if name.startswith("to-"):
            self.send_response(302)
            self.send_header("Location", TARGETS[name])
            self.end_headers()
            return
        self.send_response(404 if name == "missing" else 200)
        self.send_header("Content-Type", "text/csv")
        if name == "packed":
            self.send_header("Content-Encoding", "gzip")
        if name == "short":
            self.send_header("Content-Length", "100")
        self.end_headers()
        for _piece in range(50 if name in {"slow", "large"} else 1):
            try:
                self.wfile.write(b"text\nhello\n")
            except OSError:  # the guard has hung up
                return
            if name == "slow":
                time.sleep(0.1)


TARGETS = {
    "to-file": "/file?again=1",
    "to-itself": "/to-itself",
    "to-metadata": "http://169.254.169.254/latest/meta-data/",
    "to-localhost": "http://localhost:1/",
    "to-disk": "file:///etc/passwd",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::5db8:d70e", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.31.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2001:0:5db8:d70e::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://127.0.0.1/a", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("//127.0.0.1/a", "url_scheme"),
        ("http://me:secret@127.0.0.1/", "url_credentials"),
        ("http:///a", "url_invalid"),
        ("http://127.0.0.1:99999/", "url_invalid"),
        ("http://127.0.0.1/a\r\nHost: b", "url_invalid"),
        ("http://127.0.0.1\\@example.com/", "url_invalid"),
        ("http://127.0.0.1/", "host_not_public"),
        ("http://127.1/", "host_not_public"),
        ("http://localhost:8000/", "host_not_public"),
        ("http://[::1]/", "host_not_public"),
    ],
)
def test_what_is_refused_before_anything_is_asked(url: str, code: str) -> None:
    with pytest.raises(UrlRefused) as caught:
        check_url(url)
    assert caught.value.code == code


def test_a_file_of_an_allowed_host_is_fetched(server: str) -> None:
    sink = io.BytesIO()
    got = fetch(f"{server}/to-file", sink, allowed=HERE)
    assert sink.getvalue() == b"text\nhello\n"
    assert (got.url, got.content_type, got.bytes) == (f"{server}/file?again=1", "text/csv", 11)
    assert got.sha256 == hashlib.sha256(sink.getvalue()).hexdigest()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("to-itself", "too_many_redirects"),
        ("to-metadata", "host_not_public"),
        ("to-localhost", "host_not_public"),
        ("to-disk", "url_scheme"),
        ("missing", "url_status"),
        ("packed", "url_encoding"),
        ("short", "url_cut_off"),
        ("large", "url_too_large"),
        ("slow", "url_too_slow"),
    ],
)
def test_what_a_host_may_not_do(server: str, path: str, code: str) -> None:
    with pytest.raises(UrlRefused) as caught:
        fetch(f"{server}/{path}", io.BytesIO(), limits=Limits(bytes=200, seconds=0.5), allowed=HERE)
    assert caught.value.code == code


def test_a_name_that_changes_its_address_is_asked_for_once(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Re-binding: the first look-up gives a harmless address; no second one may decide where the request goes."""
    port = int(server.rsplit(":", 1)[1])
    asked = rebinding(monkeypatch)
    fetch(f"http://rebinding.test:{port}/file", io.BytesIO(), allowed={"rebinding.test"})
    assert asked.count("rebinding.test") == 1


def test_an_address_of_a_host_that_does_not_answer_is_passed_over(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name often has an IPv6 address besides, and many machines have no way there."""
    import socket

    port = int(server.rsplit(":", 1)[1])
    real = socket.getaddrinfo

    def look_up(host: str, *arguments: object, **options: object) -> list:
        if host == "two.test":
            return [row for address in ("::1", "127.0.0.1") for row in real(address, *arguments, **options)]
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    sink = io.BytesIO()
    fetch(f"http://two.test:{port}/file", sink, allowed={"two.test"})
    assert sink.getvalue() == b"text\nhello\n"


def test_a_full_disk_here_is_no_fault_of_the_host(server: str) -> None:
    from pathlib import Path

    from curation.engine.url_guard import SinkFailed

    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(SinkFailed) as caught:
        fetch(f"{server}/file", full, allowed=HERE)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == 28


def test_nobody_there_is_a_refusal_that_may_pass(server: str) -> None:
    with pytest.raises(UrlRefused) as caught:
        fetch("http://127.0.0.1:1/", io.BytesIO(), allowed=HERE)
    assert (caught.value.code, caught.value.transient) == ("url_unreachable", True)


def test_letters_of_any_language_are_sent_encoded(server: str) -> None:
    sink = io.BytesIO()
    got = fetch(f"{server}/数据 表.csv?名=值".replace(" ", ""), sink, allowed=HERE)
    assert got.bytes == 11
