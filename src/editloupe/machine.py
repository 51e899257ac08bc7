"""All that is asked of the machine: memory, processors, processes, accelerators and file systems.

Only this file asks, by psutil and NVML; so there is one place to fake a machine in a test, and one to mend for another
system. What cannot be told is None or empty, never a guess and never an error.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = [
    "accelerators",
    "available_memory",
    "calls_itself",
    "cores",
    "descendants",
    "file_system",
    "hardware",
    "load_average",
    "peak_memory",
    "peak_since_reset",
    "processor",
    "reset_peak",
    "visible_gpus",
]

_TROUBLE = (psutil.Error, OSError, ValueError, KeyError, NotImplementedError, RuntimeError)
"""What psutil raises where a system does not tell: no /proc, a sandbox, a platform that it does not know."""


def hardware() -> dict[str, str]:
    """Describe this machine: ``processor``, ``memory``, ``accelerators`` (empty without one) and ``system``.

    Accelerators are those that torch sees, where this process has loaded it.
    """
    return {
        "accelerators": _names_of_accelerators(),
        "processor": f"{processor()}, {cores()} cores",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    }


def cores() -> int:
    """Logical processors, at least 1."""
    with suppress(*_TROUBLE):
        return psutil.cpu_count() or os.cpu_count() or 1
    return os.cpu_count() or 1


def load_average() -> float | None:
    """Processes that wanted a processor, on average over the last minute; None where the system does not tell."""
    with suppress(AttributeError, *_TROUBLE):
        return float(psutil.getloadavg()[0])
    return None


def processor() -> str:
    """The processor's name, as the system gives it; its architecture where it gives none."""
    # psutil has no name of the processor.
    if sys.platform == "darwin":
        with suppress(OSError, subprocess.SubprocessError):
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def available_memory() -> int | None:
    """Bytes that new work may take without swapping; None where the system does not tell."""
    with suppress(*_TROUBLE):
        return int(psutil.virtual_memory().available)
    return None


def peak_memory() -> int | None:
    """Peak memory in bytes: of the accelerators where torch used them, else of this process; None where unknown."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return int(sum(torch.cuda.max_memory_allocated(index) for index in range(torch.cuda.device_count())))
    try:
        import resource
    except ImportError:
        return None
    # The BSDs, and macOS is one, count kilobytes or bytes: macOS alone counts bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


def reset_peak() -> None:
    """Forget the peak so far, of the accelerators or of this process, where that is possible."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return
    with suppress(OSError):  # only Linux can; psutil has no way to ask for it
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_since_reset() -> int | None:
    """Peak memory in bytes since `reset_peak`; None where no peak can be forgotten, and so none is of this work."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def descendants() -> list[int]:
    """The numbers of all processes that this one has started, and that those have started."""
    with suppress(*_TROUBLE):
        return sorted(child.pid for child in psutil.Process().children(recursive=True))
    return []


def calls_itself(pid: int, name: str) -> bool:
    """Whether a process of this machine runs whose command line begins with a name; a zombie has none."""
    with suppress(*_TROUBLE):
        return " ".join(psutil.Process(pid).cmdline()).startswith(name)
    return False


def process_exists(pid: int) -> bool:
    """Whether there is such a process, one that has ended and is not reaped yet included."""
    return bool(psutil.pid_exists(pid))


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder, by the longest mount point; empty where it cannot be told."""
    with suppress(*_TROUBLE):
        resolved = folder.resolve()
        mounts = [part for part in psutil.disk_partitions(all=True) if resolved.is_relative_to(part.mountpoint)]
        return max(mounts, key=lambda mount: len(mount.mountpoint)).fstype if mounts else ""
    return ""


def visible_gpus() -> int:
    """How many GPUs this process may use."""
    import torch

    return int(torch.cuda.device_count())


def accelerators(only: Sequence[str] | None = None) -> list[str]:
    """Memory and utilisation of each NVIDIA GPU, as short texts; empty without a GPU or without nvidia-ml-py.

    Args:
        only: indices, as CUDA_VISIBLE_DEVICES gives them; all where None.
    """
    try:
        import pynvml
    except ImportError:
        return []
    texts = []
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        for index in range(pynvml.nvmlDeviceGetCount()):
            if only is not None and str(index) not in only:
                continue
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            busy = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu
            texts.append(f"gpu{index} {memory.used / 2**30:.0f}/{memory.total / 2**30:.0f} GiB {busy} %")
    return texts


def _names_of_accelerators() -> str:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ""
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))


def _memory() -> str:
    with suppress(*_TROUBLE):
        return f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    return ""
