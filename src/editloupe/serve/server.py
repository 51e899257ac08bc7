"""The process: uvicorn with a limit on slow headers, a listening socket, and an end that drains."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from editloupe.errors import ConfigError
from editloupe.serve.service import Service

__all__ = ["Server", "listen", "serve_until_told"]

CONNECTIONS = 1024
"""Open connections; what comes beyond them is answered with 503."""

KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than a trainer's pause between two batches of rewards."""

BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """Bind an address.

    Raises:
        ConfigError: it is no address of this machine, or taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise ConfigError(f"serve: {host} port {port} cannot be bound: {error.strerror or error}") from error
    return bound


def serve_until_told(service: Service, app: ASGIApp, bound: socket.socket, started: Callable[[], None]) -> None:
    """Serve until SIGTERM, which lets accepted requests end, or SIGINT, which raises `KeyboardInterrupt` after that.

    Args:
        service: that the application asks.
        app: the application.
        bound: the socket that listens.
        started: called when connections are accepted.
    """
    before = signal.signal(signal.SIGTERM, _nothing)  # uvicorn raises it once more when it has drained
    try:
        asyncio.run(Server(service, app, started).serve([bound]))
    finally:
        signal.signal(signal.SIGTERM, before)


def _nothing(_: int, __: FrameType | None) -> None:
    """A drained service has ended as it was told to."""


class Server(uvicorn.Server):
    """Asks the canary question when it listens, and drains when it is told to end."""

    def __init__(self, service: Service, app: ASGIApp, started: Callable[[], None]) -> None:
        limits = service.limits
        super().__init__(
            uvicorn.Config(
                app,
                http=_protocol(limits.header_seconds),
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=int(limits.drain_seconds) + 5,
            )
        )
        self._service = service
        self._started = started
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then load the judge, while the service says that it is not ready."""
        await super().startup(sockets)
        self._watching = asyncio.ensure_future(self._service.watch())
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing more, answer what was accepted; what has not begun when the time is up fails, retryably."""
        self._service.drain()
        limit = asyncio.get_running_loop().call_later(
            self._service.limits.drain_seconds, self._service.batcher.abandon, "the service had to end"
        )
        try:
            await super().shutdown(sockets)
        finally:
            limit.cancel()
            if self._watching is not None:
                self._watching.cancel()


def _protocol(seconds: float) -> type[H11Protocol]:
    """HTTP/1.1 that closes a connection whose request headers do not arrive within so many seconds."""

    class Punctual(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self._forget()
            elif self._late is None:
                self._late = self.loop.call_later(seconds, self._close)

        def _forget(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _close(self) -> None:
            self._late = None
            if self.cycle is None or self.cycle.response_complete:
                self.transport.close()

    return Punctual
