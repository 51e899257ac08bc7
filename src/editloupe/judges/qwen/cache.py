"""Keys and values between forward passes: handed from a shared beginning to what goes on from it, grown in decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from editloupe.judges.qwen.recurrent import StateLayer

__all__ = ["GROWTH", "CacheRow", "PrefixCache", "gather"]

GROWTH = 128
"""Tokens of room that a row of replies gets at a time: most replies are shorter than this, few reach their limit."""


@dataclass(frozen=True, slots=True, eq=False)
class PrefixCache:
    """What the layers keep of some rows, with their mask (rows, length): 1 where there is a token, 0 for padding."""

    cache: Any = field(repr=False)
    mask: torch.Tensor = field(repr=False)


@dataclass(frozen=True, slots=True)
class CacheRow:
    """One row of what was kept."""

    kept: PrefixCache
    index: int


def gather(rows: Sequence[CacheRow], room: int) -> PrefixCache:
    """Copy rows, from wherever they were kept and as often as they are named, into one cache with room to grow.

    Rows of different lengths are padded on the left, which a state, having read its row, does not notice. The sources
    stay as they are, so others can go on from them too. The copy is the only one: transformers' own cache would copy
    itself again with everything that is added. Layers may lie on different devices.

    Args:
        rows: which ones, in the order wanted.
        room: tokens that will be added; more can be, at the price of a copy.
    """
    sources = list({id(row.kept): row.kept for row in rows}.values())
    length = max(kept.mask.shape[1] for kept in sources)
    targets = [torch.tensor([number for number, row in enumerate(rows) if row.kept is kept]) for kept in sources]
    chosen = [torch.tensor([row.index for row in rows if row.kept is kept]) for kept in sources]

    def copied(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """(rows, heads, length + room, size); what is padding or room is not filled, the mask hides it."""
        first = tensors[0]
        buffer = first.new_zeros(len(rows), first.shape[1], length + room, first.shape[3])
        for tensor, source, target in zip(tensors, chosen, targets, strict=True):
            start = length - tensor.shape[2]
            if len(sources) == 1:
                torch.index_select(tensor, 0, source.to(tensor.device), out=buffer[:, :, start:length])
            else:
                taken = tensor.index_select(0, source.to(tensor.device))
                buffer[:, :, start:length].index_copy_(0, target.to(tensor.device), taken)
        return buffer

    def states(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """The same of tensors without a length."""
        first = tensors[0]
        buffer = first.new_empty(len(rows), *first.shape[1:])
        for tensor, source, target in zip(tensors, chosen, targets, strict=True):
            buffer.index_copy_(0, target.to(tensor.device), tensor.index_select(0, source.to(tensor.device)))
        return buffer

    cache = DynamicCache()
    for index in range(len(sources[0].cache.layers)):
        layers = [kept.cache.layers[index] for kept in sources]
        if isinstance(layers[0], StateLayer):
            windows = states([layer.conv_states[0] for layer in layers])
            cache.layers.append(StateLayer(windows, states([layer.recurrent_states[0] for layer in layers])))
            continue
        keys, values = copied([layer.keys for layer in layers]), copied([layer.values for layer in layers])
        cache.layers.append(PreallocatedLayer(keys, values, length))
    mask = sources[0].mask.new_zeros(len(rows), length)
    for kept, source, target in zip(sources, chosen, targets, strict=True):
        taken = kept.mask.index_select(0, source.to(mask.device))
        mask[:, length - kept.mask.shape[1] :].index_copy_(0, target.to(mask.device), taken)
    return PrefixCache(cache, mask)


class PreallocatedLayer(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values in a buffer that is written in place, and grows by `GROWTH` tokens where it is full.

    Args:
        keys, values: (rows, heads, length and room, size).
        length: how much of them is there.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, length: int) -> None:
        super().__init__()
        self._length = length
        self._keys, self._values = keys, values
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True
        self._show()

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        end = self._length + key_states.shape[2]
        if end > self._keys.shape[2]:
            self._keys, self._values = _grown(self._keys, end), _grown(self._values, end)
        self._keys[:, :, self._length : end] = key_states
        self._values[:, :, self._length : end] = value_states
        self._length = end
        self._show()
        return self.keys, self.values

    def _show(self) -> None:
        self.keys = self._keys[:, :, : self._length]
        self.values = self._values[:, :, : self._length]


def _grown(buffer: torch.Tensor, needed: int) -> torch.Tensor:
    larger = buffer.new_zeros(*buffer.shape[:2], needed + GROWTH, buffer.shape[3])
    larger[:, :, : buffer.shape[2]] = buffer
    return larger
