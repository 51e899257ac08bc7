"""From a picture to the patches that the vision tower sees: one byte per value until they are on the model's device.

The processor's arithmetic on a resized picture is a function of each value's 256 possibilities, so it is done once, as
a table, with the processor's own methods; looking values up on the device gives the same bits as its float32 patches,
which take eight times the memory (4 bytes instead of 1, and every frame twice).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.image_utils import SizeDict
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from editloupe.errors import ImageError
from editloupe.images import decode, dimensions, fit, fitted_size
from editloupe.judges.qwen.lru import ByteLRU
from editloupe.records import Picture

__all__ = ["PatchMaker", "Patches"]

Patches = NDArray[np.uint8]
"""(patches, channels, pixels of a patch)."""

PATCHES_KEPT = 2**30
"""Bytes of patches that are kept: 320 pictures of 1024 x 1024, more than three batches of an 80 GB GPU show."""

GRIDS_KEPT = 16 * 2**20
"""Bytes of sizes that are kept, by picture; a name and two numbers take about 200."""


class PatchMaker:
    """Sizes pictures and cuts them into patches, as one checkpoint's image processor does.

    Args:
        processor: the checkpoint's image processor, Pillow's backend.
        longest_edge: images are shrunk to it first; None leaves that to the checkpoint's own rule.
    """

    def __init__(self, processor: Any, longest_edge: int | None) -> None:
        self.merge: int = processor.merge_size
        self._processor = processor
        self._longest_edge = longest_edge
        self._table = _lookup_table(processor)
        self._on_device: dict[torch.device, torch.Tensor] = {}
        self._patches: ByteLRU[str, Patches] = ByteLRU(PATCHES_KEPT, lambda value: value.nbytes)
        self._grids: ByteLRU[str, tuple[int, int]] = ByteLRU(GRIDS_KEPT, lambda _: 200)

    def clear_cache(self) -> None:
        """Drop what is remembered of pictures."""
        self._patches.clear()
        self._grids.clear()

    def grid(self, picture: Picture) -> tuple[int, int]:
        """Rows and columns of patches, by the checkpoint's own rule of sizes; reads the picture's header only.

        Raises:
            ImageError: it is missing, no image, or of a shape that the rule refuses.
        """
        return self._grids.get_or_make(picture.sha256, lambda: self._sized(picture))

    def patches(self, picture: Picture) -> Patches:
        """Decode a picture and cut it into patches, in the order of its merged tokens.

        Raises:
            ImageError: it cannot be decoded, or its pixels are not what its header says.
        """
        return self._patches.get_or_make(picture.sha256, lambda: self._cut(picture))

    def pixel_values(self, patches: Sequence[Patches], device: torch.device) -> torch.Tensor:
        """The vision tower's input, (patches, channels * frames * pixels of a patch), float32, on the device."""
        raw = torch.from_numpy(np.concatenate(patches)).to(device)
        if device not in self._on_device:
            self._on_device[device] = torch.from_numpy(self._table).to(device)
        table = self._on_device[device]
        values = torch.stack([table[channel][raw[:, channel].int()] for channel in range(len(table))], dim=1)
        frames: int = self._processor.temporal_patch_size
        return values.unsqueeze(2).expand(-1, -1, frames, -1).reshape(len(raw), -1)

    def _sized(self, picture: Picture) -> tuple[int, int]:
        processor = self._processor
        width, height = fitted_size(dimensions(picture), self._longest_edge)
        try:
            rows, columns = smart_resize(
                height,
                width,
                factor=processor.patch_size * processor.merge_size,
                min_pixels=processor.size["shortest_edge"],
                max_pixels=processor.size["longest_edge"],
            )
        except ValueError as error:
            raise ImageError(f"an image of {width}x{height} pixels cannot be sized for this judge: {error}") from error
        return rows // processor.patch_size, columns // processor.patch_size

    def _cut(self, picture: Picture) -> Patches:
        processor = self._processor
        side, merge = processor.patch_size, processor.merge_size
        pixels = fit(decode(picture), self._longest_edge)
        image = np.asarray(pixels).transpose(2, 0, 1)
        if processor.do_resize:
            size = SizeDict(**dict(processor.size))
            image = processor.resize(image, size=size, resample=processor.resample, factor=side * merge)
        channels, height, width = image.shape
        rows, columns = height // side, width // side
        if (rows, columns) != self.grid(picture):
            name = picture.sha256[:16]
            raise ImageError(f"the image {name} is {pixels.size} pixels large, not what its header says")
        cut = image.reshape(channels, rows // merge, merge, side, columns // merge, merge, side)
        cut = cut.transpose(1, 4, 2, 5, 0, 3, 6)
        return np.ascontiguousarray(cut, dtype=np.uint8).reshape(rows * columns, channels, side * side)


def _lookup_table(processor: Any) -> NDArray[np.float32]:
    """(channels, 256): what the processor makes of each value of a byte."""
    channels = len(processor.image_mean)
    values: Any = np.broadcast_to(np.arange(256, dtype=np.uint8).reshape(1, 16, 16), (channels, 16, 16))
    if processor.do_rescale:
        values = processor.rescale(values, processor.rescale_factor)
    if processor.do_normalize:
        values = processor.normalize(values, processor.image_mean, processor.image_std)
    table: NDArray[np.float32] = np.asarray(values, dtype=np.float32).reshape(channels, 256)
    return table
