"""Servers of our own: started on free ports, waited for, and ended with everything they started."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from editloupe import lifeline
from editloupe.errors import ConfigError
from editloupe.judges.wire.options import WireOptions

__all__ = ["LaunchedServer", "end", "start"]

log = logging.getLogger(__name__)

POLL = 0.2
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy


@dataclass(frozen=True, slots=True)
class LaunchedServer:
    """A running server."""

    address: str
    guard: subprocess.Popen[bytes]
    log: Path

    @property
    def base_url(self) -> str:
        """Where its API begins."""
        return f"{self.address}/v1"


def start(options: WireOptions, folder: Path) -> list[LaunchedServer]:
    """Start all replicas and wait until every one answers.

    Args:
        options: the judge's; `launch` is set.
        folder: where the logs go.

    Raises:
        ConfigError: a server ended, or did not answer in time; the message has the end of its log.
    """
    assert options.launch is not None
    servers: list[LaunchedServer] = []
    try:
        for index, port in enumerate(_free_ports(options.replicas)):
            words = [
                word.replace("{model}", options.model).replace("{port}", str(port))
                for word in shlex.split(options.launch)
            ]
            servers.append(_start(words, port, folder / f"judge-server-{index}.log", options, index))
            log.info("judge server %d: %s (log: %s)", index, shlex.join(words), servers[-1].log)
        deadline = time.monotonic() + options.ready_within
        for server in servers:
            _wait(server, deadline, options.ready_within)
    except BaseException:
        end(servers)
        raise
    return servers


def end(servers: Sequence[LaunchedServer]) -> None:
    """End the servers and all that they started; returns when they are gone."""
    for server in servers:
        lifeline.cut(server.guard)
    for server in servers:
        server.guard.wait()


def _start(words: list[str], port: int, path: Path, options: WireOptions, index: int) -> LaunchedServer:
    environment = dict(os.environ)
    if options.devices is not None:
        share = len(options.devices) // options.replicas
        mine = options.devices[index * share : (index + 1) * share]
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(str(device) for device in mine)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    guard = lifeline.tied(
        "editloupe.judges.wire.guard", str(path), options.api_key_env or "", *words, environment=environment
    )
    return LaunchedServer(f"http://127.0.0.1:{port}", guard, path)


def _wait(server: LaunchedServer, deadline: float, allowed: float) -> None:
    while not _answers(server):
        if server.guard.poll() is not None:
            raise ConfigError(
                f"the judge's server ended with status {server.guard.returncode} before it answered; its log "
                f"{str(server.log)!r} ends with: {_last_words(server.log)}"
            )
        if time.monotonic() > deadline:
            raise ConfigError(
                f"the judge's server did not answer within {allowed:g} s (judge.ready_within); its log "
                f"{str(server.log)!r} ends with: {_last_words(server.log)}"
            )
        time.sleep(POLL)


def _answers(server: LaunchedServer) -> bool:
    """``/health`` says 200, or there is none and ``/v1/models`` does."""
    health = _status(f"{server.address}/health")
    return health == 200 or (health in (404, 405) and _status(f"{server.base_url}/models") in (200, 401, 403))


def _status(url: str) -> int | None:
    try:
        with LOCAL.open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def _last_words(path: Path) -> str:
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-400:] or "nothing"


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:  # all held until the last is found, so that they differ
        servers = []
        for _ in range(count):
            holder = stack.enter_context(socket.socket())
            holder.bind(("127.0.0.1", 0))
            servers.append(int(holder.getsockname()[1]))
        return servers
