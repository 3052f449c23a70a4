"""A server of bundles in a thread of the test, and raw connections to it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from modeling.engine.errors import EngineError
from modeling.engine.server.run import Server
from modeling.engine.server.settings import ServerSettings

WAIT = 60


class Running:
    """A server that is ready: its port, what it said, and a client."""

    def __init__(self, server: Server, client: httpx.Client, said: list[str], loop: asyncio.AbstractEventLoop) -> None:
        self.server, self.client, self.said, self.loop = server, client, said, loop
        self.port = server.port

    def ask(self, *inputs: Any, name: str = "", **headers: str) -> httpx.Response:
        """Send inputs as JSON."""
        where = f"/predict/{name}" if name else "/predict"
        return self.client.post(where, json={"inputs": list(inputs)}, headers=headers)

    def raw(self, *parts: bytes) -> socket.socket:
        """Open a connection and send bytes."""
        connection = socket.create_connection(("127.0.0.1", self.port), WAIT)
        for part in parts:
            connection.sendall(part)
        return connection


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    found = b""
    with connection:
        while chunk := connection.recv(65536):
            found += chunk
    return found


@contextmanager
def running(*bundles: tuple[str, Path], **settings: Any) -> Iterator[Running]:
    """Serve bundles until the block ends; what the server raises is raised here."""
    ready, said, failed, loops = threading.Event(), [], [], []
    held: list[Server] = []

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("Ready"):
            ready.set()

    async def main() -> None:
        held.append(Server(ServerSettings(dict(bundles), port=0, **settings), say))
        loops.append(asyncio.get_running_loop())
        await held[0].run()

    def run() -> None:
        try:
            asyncio.run(main())
        except EngineError as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(WAIT)
        if failed:
            raise failed[0]
        with httpx.Client(base_url=f"http://127.0.0.1:{held[0].port}", timeout=WAIT) as client:
            yield Running(held[0], client, said, loops[0])
    finally:
        if thread.is_alive():
            loops[0].call_soon_threadsafe(held[0].stop)
        thread.join(WAIT)
        assert not thread.is_alive()
