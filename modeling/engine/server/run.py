"""A server from its start to its stop."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from modeling.engine.errors import EngineError
from modeling.engine.server.admission import Places
from modeling.engine.server.app import App
from modeling.engine.server.connection import Connection
from modeling.engine.server.fleet import Fleet
from modeling.engine.server.metrics import Metrics
from modeling.engine.server.problem import retry_later

if TYPE_CHECKING:
    from collections.abc import Callable

    from modeling.engine.server.settings import ServerSettings

BACKLOG = 512


class Server:
    """Listens, loads, and answers until it is told to stop.

    Args:
        settings: Limits and places.
        say: Takes one line for whoever runs this.
    """

    def __init__(self, settings: ServerSettings, say: Callable[[str], None]) -> None:
        self._settings, self._say = settings, say
        metrics = Metrics()
        self._places = Places(settings.at_once + settings.waiting, settings.held_bodies)
        self._fleet = Fleet(settings, metrics, say)
        self._app = App(self._fleet, settings, metrics, self._places, say)
        self._open: dict[asyncio.Task[None], Connection] = {}
        self._reloading: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self.port = 0

    async def run(self) -> None:
        """Serve until `stop`; health is answered from the start, predictions when every bundle is warm.

        Raises:
            EngineError: The address is taken (`cannot_listen`), or a bundle is not to be served.
        """
        settings = self._settings
        try:
            listening = await asyncio.start_server(self._connected, settings.host, settings.port, backlog=BACKLOG)
        except OSError as error:
            # asyncio puts a sentence of its own where the system's words are.
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            raise EngineError(
                f"Cannot listen at {settings.host}:{settings.port}: {reason}.", code="cannot_listen"
            ) from error
        self.port = listening.sockets[0].getsockname()[1]
        try:
            loading, stopped = asyncio.create_task(self._fleet.load()), asyncio.create_task(self._stop.wait())
            await asyncio.wait({loading, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if loading.done():
                loading.result()
                self._say(f"Ready at http://{settings.host}:{self.port}/ with {', '.join(settings.bundles)}.")
            await stopped
        finally:
            self._app.stopping = True
            listening.close()
            await self._drain()

    def stop(self) -> None:
        """Answer what is under way, then end."""
        self._stop.set()

    def reload(self) -> None:
        """Look for files that changed."""
        if self._fleet.ready:
            task = asyncio.get_running_loop().create_task(self._fleet.reload())
            self._reloading.add(task)
            task.add_done_callback(self._reloading.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(reader, writer, self._app.answer, self._settings, self._places)
        if len(self._open) >= self._settings.connections:
            await connection.refuse(retry_later(503, "too_many_connections", "Too many connections are open."))
            return
        self._open[task] = connection
        try:
            await connection.serve()
        finally:
            del self._open[task]

    async def _drain(self) -> None:
        for connection in self._open.values():
            connection.finish()
        if self._open:
            await asyncio.wait(self._open, timeout=self._settings.drain_seconds)
        for task in (*self._open, *self._reloading):
            task.cancel()
        await asyncio.gather(*self._open, *self._reloading, return_exceptions=True)
        await asyncio.to_thread(self._fleet.close)


async def serve(settings: ServerSettings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP looks for files that changed. Raises as `Server.run` does."""
    server, loop = Server(settings, say), asyncio.get_running_loop()
    for name, act in (("SIGTERM", server.stop), ("SIGINT", server.stop), ("SIGHUP", server.reload)):
        if hasattr(signal, name):
            loop.add_signal_handler(getattr(signal, name), act)
    await server.run()
