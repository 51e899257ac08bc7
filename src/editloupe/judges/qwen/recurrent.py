"""Layers that keep a state instead of keys and values (Qwen3.5: three of four), in batches of unequal length.

Such a layer reads its tokens one after the other: a state decays and takes something of each token in, and a short
convolution looks at the few tokens before. transformers blanks padding, but the state decays over it all the same, and
the convolution sees it: behind a row, padding falsifies what goes on from there; between a shared beginning and a row,
the row itself. No mask of attention mends that.

So here every row of a batch is padded behind its end, and padding is made to be nothing: no decay (its logit is minus
infinity), nothing taken in (likewise), and the convolution's window is kept as it was at each row's own end. All of it
is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import LinearAttentionLayer

__all__ = ["Recurrence", "StateLayer", "is_recurrent"]


class StateLayer(LinearAttentionLayer):  # type: ignore[misc]
    """One layer's state between passes, by row.

    Args:
        window: (rows, channels, kernel) the last inputs of the convolution; None where nothing was read yet.
        state: (rows, heads, key size, value size).

    Attributes:
        lengths: (rows,) tokens of each row in the pass that is going on, where some are padded.
    """

    def __init__(self, window: torch.Tensor | None = None, state: torch.Tensor | None = None) -> None:
        super().__init__()
        self.lengths: torch.Tensor | None = None
        if window is not None and state is not None:
            self._begun(window)
            self.conv_states[0], self.recurrent_states[0] = window, state
            self.is_recurrent_states_initialized[0] = True

    def update_conv_state(
        self, conv_states: torch.Tensor, state_idx: int = 0, conv_kernel_size: int | None = None, **_: Any
    ) -> torch.Tensor:
        """Keep the last inputs of each row, and give them with those before, as the convolution wants them."""
        before = self.conv_states[state_idx]
        if before is None:
            assert conv_kernel_size is not None
            before = conv_states.new_zeros(*conv_states.shape[:-1], conv_kernel_size)
            self._begun(conv_states)
        whole = torch.cat([before, conv_states], dim=-1)
        kernel = before.shape[-1]
        if self.lengths is None:
            self.conv_states[state_idx] = whole[..., -kernel:].clone()
        else:
            places = self.lengths.to(whole.device)[:, None] + torch.arange(kernel, device=whole.device)
            self.conv_states[state_idx] = whole.gather(2, places[:, None].expand(-1, whole.shape[1], -1))
        return whole

    def update_recurrent_state(self, recurrent_states: torch.Tensor, state_idx: int = 0, **_: Any) -> torch.Tensor:
        """Keep the states as they are at the ends of the rows."""
        self.recurrent_states[state_idx] = recurrent_states
        self.is_recurrent_states_initialized[state_idx] = True
        return recurrent_states

    def _begun(self, like: torch.Tensor) -> None:
        self.dtype, self.device = like.dtype, like.device
        self.is_conv_states_initialized[0] = self.has_previous_state[0] = True


class Recurrence:
    """The layers of a language model that keep a state; there may be none.

    Args:
        language: the model's language model. Its layers get hooks, which do nothing outside of `padded`.
    """

    def __init__(self, language: Any) -> None:
        self._config = language.config
        self._padding: torch.Tensor | None = None
        for layer, kind in zip(language.layers, _kinds(language.config), strict=False):
            if kind == "linear_attention":
                for gate in (layer.linear_attn.in_proj_a, layer.linear_attn.in_proj_b):
                    gate.register_forward_hook(self._close)

    def empty_cache(self) -> DynamicCache:
        """A cache for the first pass over some rows."""
        cache = DynamicCache(config=self._config)
        for index, layer in enumerate(cache.layers):
            if isinstance(layer, LinearAttentionLayer):
                cache.layers[index] = StateLayer()
        return cache

    @contextmanager
    def padded(self, cache: Any, lengths: Sequence[int]) -> Iterator[None]:
        """Run one pass over rows that are padded behind their ends.

        Args:
            cache: what the pass goes on from and adds to.
            lengths: tokens of each row.
        """
        layers = [layer for layer in cache.layers if isinstance(layer, StateLayer)]
        if not layers or min(lengths) == max(lengths):
            yield
            return
        counts = torch.tensor(lengths)
        self._padding = torch.arange(max(lengths)) >= counts[:, None]
        for layer in layers:
            layer.lengths = counts
        try:
            yield
        finally:
            self._padding = None
            for layer in layers:
                layer.lengths = None

    def _close(self, _module: Any, _inputs: Any, gates: torch.Tensor) -> torch.Tensor:
        """The decay and the intake of padding, both as logits: none."""
        if self._padding is None:
            return gates
        return gates.masked_fill(self._padding.to(gates.device)[..., None], -torch.inf)


def is_recurrent(config: Any) -> bool:
    """Whether some layers of a language model with this config keep a state."""
    return "linear_attention" in _kinds(config)


def _kinds(config: Any) -> Sequence[str]:
    return getattr(config, "layer_types", None) or ()
