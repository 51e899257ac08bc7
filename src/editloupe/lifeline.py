"""Children that end with us, however we end: each holds one end of a pipe whose other end is ours.

By ourselves, by Ctrl-C or killed on the spot: when this process is gone the system closes the pipe, and the child,
which waits for that, does what is left to do. A child is a module with a `main`: `editloupe.judges.wire.guard` ends a
server that it started, and this one ends what a Ray leaves behind.

Ray ends its own processes when the one that started them dies, but for two agents, which wait a minute for a server
that is dead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from editloupe.machine import calls_itself, descendants

__all__ = ["cut", "main", "reaped", "tied", "wait_until_cut"]

RAY = "ray::"
"""How Ray's processes call themselves. A number may belong to another process by then: only these are ended."""


def tied(module: str, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a module that calls `wait_until_cut`; it says nothing.

    Args:
        module: as ``python -m`` takes it.
        words: its arguments.
        environment: of the child; ours where None.
    """
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # a Ctrl-C in the terminal is for us, who then close the pipe
    )


def cut(child: subprocess.Popen[bytes]) -> None:
    """Close our end of the pipe; the child then does its duty and ends."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()


def wait_until_cut() -> None:
    """In the child: return when the other end of the pipe is closed."""
    while os.read(0, 1024):
        pass


@contextmanager
def reaped() -> Iterator[None]:
    """Let no process of Ray among our present descendants outlive the block, nor us."""
    watch = tied("editloupe.lifeline", *map(str, descendants()))
    try:
        yield
    finally:
        cut(watch)
        watch.wait(timeout=10)


def main(*numbers: str) -> None:
    """Wait, then end those of these processes that are still Ray's."""
    wait_until_cut()
    for pid in map(int, numbers):
        if calls_itself(pid, RAY):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
