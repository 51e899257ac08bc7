"""Keys and values between forward passes: handed from a shared beginning to what goes on from it, grown in decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

__all__ = ["Kept", "Row", "gathered", "growing"]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The keys and values of some rows, with their mask (rows, length): 1 where there is a token, 0 for padding."""

    cache: Any = field(repr=False)
    mask: torch.Tensor = field(repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of what was kept."""

    kept: Kept
    index: int


def gathered(rows: Sequence[Row]) -> Kept:
    """Copy rows, from wherever they were kept and as often as they are named, into one cache.

    Rows of different lengths are padded on the left. The sources stay as they are, so others can go on from them too.
    """
    sources = list({id(row.kept): row.kept for row in rows}.values())
    length = max(kept.mask.shape[1] for kept in sources)
    places = {id(kept): [place for place, row in enumerate(rows) if row.kept is kept] for kept in sources}
    device = sources[0].mask.device
    chosen = {
        id(kept): torch.tensor([rows[place].index for place in places[id(kept)]], device=device) for kept in sources
    }
    # Rows come out ordered by source; `back` puts them into the order that was asked for.
    order = [place for kept in sources for place in places[id(kept)]]
    back = torch.argsort(torch.tensor(order, device=device))

    def collected(tensors: Sequence[torch.Tensor], axis: int) -> torch.Tensor:
        parts = []
        for kept, tensor in zip(sources, tensors, strict=True):
            part = tensor.index_select(0, chosen[id(kept)])
            missing = length - part.shape[axis]
            parts.append(functional.pad(part, (0, 0) * (part.ndim - 1 - axis) + (missing, 0)) if missing else part)
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts).index_select(0, back)

    cache = DynamicCache()
    for index in range(len(sources[0].cache.layers)):
        layers = [kept.cache.layers[index] for kept in sources]
        cache.update(
            collected([layer.keys for layer in layers], 2), collected([layer.values for layer in layers], 2), index
        )
    return Kept(cache, collected([kept.mask for kept in sources], 1))


def growing(kept: Kept, room: int) -> tuple[Any, torch.Tensor]:
    """Give a cache room for `room` more tokens, and its mask ones for them.

    transformers' own dynamic cache copies itself with every token, which costs as much as the token.
    """
    cache = DynamicCache()
    for layer in kept.cache.layers:
        cache.layers.append(_RoomyLayer(layer.keys, layer.values, room))
    ones = kept.mask.new_ones(kept.mask.shape[0], room)
    return cache, torch.cat([kept.mask, ones], dim=1)


class _RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values in a buffer that is written in place."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, room: int) -> None:
        super().__init__()
        self._length = keys.shape[2]
        self._keys = functional.pad(keys, (0, 0, 0, room))
        self._values = functional.pad(values, (0, 0, 0, room))
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True
        self._show()

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        end = self._length + key_states.shape[2]
        self._keys[:, :, self._length : end] = key_states
        self._values[:, :, self._length : end] = value_states
        self._length = end
        self._show()
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        self._keys = self._keys.index_select(0, indices)
        self._values = self._values.index_select(0, indices)
        self._show()

    def _show(self) -> None:
        self.keys = self._keys[:, :, : self._length]
        self.values = self._values[:, :, : self._length]
