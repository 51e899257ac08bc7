"""Where a model's weights go: one GPU where they fit on one, several otherwise, never silently to the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from editloupe.errors import ConfigError

__all__ = ["choose_device", "refuse_offload", "weight_bytes"]

ROOM = 1.15
"""Free memory that a device needs, in sizes of the weights, so that batches have room beside them."""

GIB = 2**30


def choose_device(weights: int, free: Sequence[int]) -> str:
    """Choose where ``device: auto`` loads a checkpoint.

    Args:
        weights: bytes of the checkpoint's weights.
        free: free bytes of each visible GPU, in order.

    Returns:
        ``cpu`` without a GPU; the emptiest GPU (``cuda:1``) where the weights fit there with room for batches; else
        ``auto``, which spreads the layers over all GPUs: each then waits for the others, but the judge runs.
    """
    if not free:
        return "cpu"
    emptiest = max(range(len(free)), key=lambda index: (free[index], -index))
    return f"cuda:{emptiest}" if len(free) == 1 or weights * ROOM <= free[emptiest] else "auto"


def refuse_offload(device_map: Mapping[str, object], model: str, weights: int) -> None:
    """Make sure that no layer of a model that was meant for GPUs was put into the computer's memory or onto its disk.

    Args:
        device_map: device by module, as accelerate made it.
        model: how to call it in the message.
        weights: bytes of its weights.

    Raises:
        ConfigError: some are there: every pass would carry them over the bus, some fifty times as slow.
    """
    elsewhere = sorted(module for module, device in device_map.items() if str(device) in ("cpu", "disk"))
    if elsewhere:
        raise ConfigError(
            f"the judge {model!r} ({weights / GIB:.0f} GiB of weights) does not fit on the GPUs that are here: "
            f"{len(elsewhere)} of its {len(device_map)} parts would lie outside of them, the first {elsewhere[0]!r}; "
            "free GPU memory, use more GPUs or a smaller judge, or say `device: cpu`"
        )


def weight_bytes(folder: Path) -> int:
    """Bytes of a checkpoint's weight files; of one form where it has several."""
    for pattern in ("*.safetensors", "*.bin"):
        sizes = [path.stat().st_size for path in folder.glob(pattern)]
        if sizes:
            return sum(sizes)
    return 0
