"""Prompts while they are answered: rows that come, grow by a token a step, and go.

Every row has a slot of a buffer, and an end of its own in it: keys and values of the next token are written there. Rows
lie side by side from the first slot on. One that is done gives its slot to the last one, so a step computes nothing for
what is done, and one row is copied instead of all; new ones are put behind the others at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from editloupe.judges.qwen.cache import GROWTH, CacheRow, PrefixCache
from editloupe.judges.qwen.recurrent import StateLayer

__all__ = ["ReplyRows"]


class ReplyRows:
    """The rows of one batch.

    Args:
        slots: how many there can be at once.
        device: of the model's input.

    Attributes:
        prompts: which prompt each row continues.
        cache: what the model is handed; it is filled by `admit`.
    """

    def __init__(self, slots: int, device: torch.device) -> None:
        self.prompts: list[int] = []
        self.cache = DynamicCache()
        self._slots = slots
        self._device = device
        self._positions: list[int] = []
        self._ends = _Ends()
        self._mask = torch.zeros(slots, 0, dtype=torch.long, device=device)

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def free(self) -> int:
        """Slots without a row."""
        return self._slots - len(self)

    @property
    def mask(self) -> torch.Tensor:
        """(rows, length): 1 where there is a token, the one that is coming included."""
        return self._mask[: len(self), : self._ends.width]

    @property
    def positions(self) -> torch.Tensor:
        """(3, rows, 1): of the tokens that are coming."""
        return torch.tensor(self._positions, device=self._device).view(1, -1, 1).expand(3, -1, -1)

    def admit(self, rows: Sequence[CacheRow], prompts: Sequence[int], positions: Sequence[int]) -> None:
        """Copy rows from where they were kept; the sources stay as they are.

        Args:
            rows: one per prompt, no more than are `free`.
            prompts: their numbers.
            positions: of the token that follows each.
        """
        sources = list({id(row.kept): row.kept for row in rows}.values())
        for source in sources:
            indices = [index for index, row in enumerate(rows) if row.kept is source]
            self._copy(source, [rows[index].index for index in indices])
            self.prompts += [prompts[index] for index in indices]
            self._positions += [positions[index] for index in indices]

    def drop(self, places: Sequence[int]) -> None:
        """Let rows go; the last ones take their slots."""
        for index in sorted(places, reverse=True):
            last = len(self) - 1
            if index != last:
                for layer in self.cache.layers:
                    layer.move(last, index, self._ends.of[last])
                self._mask[index] = self._mask[last]
            for column in (self.prompts, self._positions, self._ends.of):
                column[index] = column[last]
                column.pop()

    def begin_step(self) -> None:
        """Make room for one more token of each row."""
        self._ends.place(self._device)
        width = self._ends.width
        if width > self._mask.shape[1]:
            self._reserve(width + GROWTH)
        rows, ends = self._ends.on(self._device)
        self._mask[rows, ends] = 1
        for layer in self.cache.layers:
            if isinstance(layer, _StateSlots):
                layer.show(len(self))

    def end_step(self) -> None:
        """Count the tokens that were written."""
        self._ends.of = [end + 1 for end in self._ends.of]
        self._positions = [position + 1 for position in self._positions]

    def _copy(self, source: PrefixCache, indices: Sequence[int]) -> None:
        """Put rows of one source behind the others."""
        shown = source.mask[torch.tensor(indices, device=source.mask.device)]
        there = shown.cpu().numpy() > 0
        first = int(there.any(axis=0).argmax())
        ends = [there.shape[1] - int(row[::-1].argmax()) for row in there]
        last = max(ends)
        begin, until, length = len(self._ends.of), len(self._ends.of) + len(indices), last - first
        if not self.cache.layers:
            self.cache.layers = [
                _StateSlots(layer, self._slots)
                if isinstance(layer, StateLayer)
                else _SlotLayer(layer.keys, layer.values, self._slots, self._ends)
                for layer in source.cache.layers
            ]
        if length > self._mask.shape[1]:
            self._reserve(length + GROWTH)
        self._mask[begin:until] = 0
        self._mask[begin:until, :length] = shown[:, first:last]
        for mine, layer in zip(self.cache.layers, source.cache.layers, strict=True):
            mine.fill(slice(begin, until), layer, indices, slice(first, last))
        self._ends.of += [end - first for end in ends]

    def _reserve(self, length: int) -> None:
        """Make every slot as long as this; what is there is copied."""
        larger = self._mask.new_zeros(self._slots, length)
        larger[:, : self._mask.shape[1]] = self._mask
        self._mask = larger
        for layer in self.cache.layers:
            layer.reserve(length, len(self))


class _Ends:
    """Where the next token of each row goes, shared by all layers.

    Attributes:
        of: by row.
        width: length of the longest row with its next token, once it is placed.
    """

    def __init__(self) -> None:
        self.of: list[int] = []
        self.width = 0
        self._on: dict[torch.device, tuple[torch.Tensor, torch.Tensor]] = {}

    def place(self, device: torch.device) -> None:
        """Fix where the next tokens go."""
        self.width = max(self.of) + 1
        self._on = {device: (torch.arange(len(self.of), device=device), torch.tensor(self.of, device=device))}

    def on(self, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows and their ends, as indices for tensors of a device."""
        if device not in self._on:
            rows, ends = next(iter(self._on.values()))
            self._on[device] = rows.to(device), ends.to(device)
        return self._on[device]


class _SlotLayer(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values, (slots, heads, length, size), written where each row ends."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, slots: int, ends: _Ends) -> None:
        super().__init__()
        self._ends = ends
        self._keys = keys.new_zeros(slots, keys.shape[1], 0, keys.shape[3])
        self._values = values.new_zeros(slots, values.shape[1], 0, values.shape[3])
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows, ends = self._ends.on(self._keys.device)
        self._keys[rows, :, ends] = key_states[:, :, 0]
        self._values[rows, :, ends] = value_states[:, :, 0]
        count, width = len(self._ends.of), self._ends.width
        return self._keys[:count, :, :width], self._values[:count, :, :width]

    def get_seq_length(self) -> int:
        return self._ends.width - 1

    def fill(self, slots: slice, source: Any, indices: Sequence[int], shown: slice) -> None:
        """Copy rows (by index) of a layer's keys and values into slots, those of the tokens shown."""
        keys, values = source.keys[:, :, shown], source.values[:, :, shown]
        chosen = torch.tensor(indices, device=keys.device)
        length = keys.shape[2]
        torch.index_select(keys, 0, chosen, out=self._keys[slots, :, :length])
        torch.index_select(values, 0, chosen, out=self._values[slots, :, :length])

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the beginning of one slot over another's."""
        for buffer in (self._keys, self._values):
            buffer[target, :, :length] = buffer[source, :, :length]

    def reserve(self, length: int, rows: int) -> None:
        """Make slots as long as this, and keep what is in the first rows."""
        self._keys, self._values = _longer(self._keys, length, rows), _longer(self._values, length, rows)


class _StateSlots(StateLayer):
    """One layer's windows and states, by slot; a state has no length, and the model writes into what it is shown."""

    def __init__(self, like: StateLayer, slots: int) -> None:
        window, state = like.conv_states[0], like.recurrent_states[0]
        self._windows, self._states = (tensor.new_zeros(slots, *tensor.shape[1:]) for tensor in (window, state))
        super().__init__(self._windows, self._states)

    def show(self, rows: int) -> None:
        """Let the model see the first rows."""
        self.conv_states[0], self.recurrent_states[0] = self._windows[:rows], self._states[:rows]

    def update_recurrent_state(self, recurrent_states: torch.Tensor, state_idx: int = 0, **_: Any) -> torch.Tensor:
        """Write the states of the rows shown."""
        shown: torch.Tensor = self.recurrent_states[state_idx]
        return shown.copy_(recurrent_states)

    def fill(self, slots: slice, source: StateLayer, indices: Sequence[int], _shown: slice) -> None:
        """Copy rows (by index) of a layer into slots."""
        chosen = torch.tensor(indices, device=self._states.device)
        self._windows[slots] = source.conv_states[0].index_select(0, chosen)
        self._states[slots] = source.recurrent_states[0].index_select(0, chosen)

    def move(self, source: int, target: int, _length: int) -> None:
        """Copy one slot over another."""
        for buffer in (self._windows, self._states):
            buffer[target] = buffer[source]

    def reserve(self, _length: int, _rows: int) -> None:
        """Slots of states do not grow."""


def _longer(buffer: torch.Tensor, length: int, rows: int) -> torch.Tensor:
    larger = buffer.new_zeros(*buffer.shape[:2], length, buffer.shape[3])
    larger[:rows, :, : buffer.shape[2]] = buffer[:rows]
    return larger
