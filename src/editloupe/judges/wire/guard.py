"""Runs a server and ends it, with all its children, as soon as our end of the pipe closes.

`launch` ties ``python -m editloupe.judges.wire.guard LOG KEY_VARIABLE COMMAND...`` to editloupe: however editloupe
ends, no server stays on the GPUs. The server's words go to the log, without the key.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from editloupe.lifeline import wait_until_cut

__all__ = ["main"]

PATIENCE = 10.0
"""Seconds between asking a server to end and ending it."""


def main(log: str, variable: str, *command: str) -> int:
    """Run the command until it or its parent ends; returns its exit status."""
    key = os.environ.get(variable, "").encode() if variable else b""
    with Path(log).open("ab", buffering=0) as file:
        try:
            server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            file.write(f"cannot start {command[0]!r}: {error.strerror}\n".encode())
            return 127
        assert server.stdout is not None
        copying = threading.Thread(target=_copy, args=(server.stdout, file, key), daemon=True)
        copying.start()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: _end_in_thread(server))
        threading.Thread(target=_until_closed, args=(server,), daemon=True).start()
        code = server.wait()
        _signal(server.pid, signal.SIGKILL)  # children that outlived it
        copying.join(timeout=2)
        return code


def _until_closed(server: subprocess.Popen[bytes]) -> None:
    wait_until_cut()
    _end(server)


def _end_in_thread(server: subprocess.Popen[bytes]) -> None:
    threading.Thread(target=_end, args=(server,), daemon=True).start()


def _end(server: subprocess.Popen[bytes]) -> None:
    _signal(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while server.returncode is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(server.pid, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _copy(source: IO[bytes], file: IO[bytes], key: bytes) -> None:
    for line in source:
        file.write(line.replace(key, b"***") if key else line)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
