"""A web server and an S3 service on this machine, for tests of what the service fetches itself."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

BOTTOM = "127.0.0.1"


@dataclass
class Web:
    """What is served, by path: bytes, a status, or an address to be sent on to.

    Attributes:
        url: Address without a slash at the end.
        asked: Paths in the order of asking.
        slow: Seconds between pieces of 64 kB.
        lost: How often a path breaks off before it answers.
    """

    url: str = ""
    files: dict[str, bytes | int | str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    slow: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Host and port, as an operator allows them."""
        return self.url.removeprefix("http://")


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.lstrip("/").partition("?")[0]
            web.asked.append(path)
            if web.lost.get(path, 0) > 0:
                web.lost[path] -= 1
                self.close_connection = True
                return
            answer = web.files.get(path, 404)
            if isinstance(answer, str):
                self.send_response(302)
                self.send_header("Location", answer)
                self.end_headers()
                return
            self.send_response(answer if isinstance(answer, int) else 200)
            body = answer if isinstance(answer, bytes) else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for start in range(0, len(body), 1 << 16):
                    self.wfile.write(body[start : start + (1 << 16)])
                    time.sleep(web.slow)
            except OSError:  # whoever asked has hung up
                return

    with ThreadingHTTPServer((BOTTOM, 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        web.url = f"http://{BOTTOM}:{made.server_port}"
        yield web
        made.shutdown()


@contextmanager
def s3_service() -> Iterator[tuple[str, Any]]:
    """Give the endpoint of an S3 service and a client that fills it."""
    import boto3
    from botocore.config import Config
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address=BOTTOM, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIDTEST",
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    yield endpoint, client
    client.close()
    server.stop()


def rebinding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let ``rebinding.test`` be this machine; return the list of names that are looked up from now on."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, *arguments: object, **options: object) -> list:
        asked.append(host)
        return real("127.0.0.1" if host == "rebinding.test" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked
