"""What a stage ran on, in words: a speed without its hardware says nothing."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

__all__ = ["hardware"]


def hardware() -> dict[str, str]:
    """Describe this machine: ``processor``, ``memory``, ``accelerators`` (empty without one) and ``system``.

    Accelerators are those that torch sees, where this process has loaded it.
    """
    return {
        "accelerators": _accelerators(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    }


def _accelerators() -> str:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ""
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    with suppress(ValueError, OSError):
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    return ""
