"""Nothing of a Ray that this process started outlives it, even when it is killed.

Ray ends its own processes when the one that started them dies, but for two agents, which wait a minute for a server
that is dead. A shell that reads from this process wakes when the pipe breaks, and ends what is left.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["reaped"]

# A number may belong to another process by then: only what still calls itself a part of Ray is ended.
_SCRIPT = 'cat; for pid in "$@"; do grep -aq "^ray::" "/proc/$pid/cmdline" 2>/dev/null && kill -9 "$pid"; done'


@contextmanager
def reaped() -> Iterator[None]:
    """Watch over the descendants that this process has now."""
    if not Path("/proc/self/stat").exists():
        yield
        return
    command = ["sh", "-c", _SCRIPT, "reaper", *map(str, _descendants(os.getpid()))]
    # A session of its own: Ctrl-C in the terminal is for this process, which then closes the pipe.
    watch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        assert watch.stdin is not None
        watch.stdin.close()
        watch.wait(timeout=10)


def _descendants(pid: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended meanwhile
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {pid})
