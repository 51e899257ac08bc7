"""The vision tower's attention with fewer trips through memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["use_lean_attention"]


def use_lean_attention(model: Any) -> None:
    """Let the vision tower of a Qwen-VL model turn queries and keys in place of copies, and join no parts.

    transformers turns (rotary positions) queries and keys by a dozen passes over copies of them, and attends to images
    one by one. On a CPU such passes wait for memory longer than they compute. Only models in float32 that attend by
    torch's own kernel are changed.

    Args:
        model: changed in place.
    """
    if model.dtype != torch.float32 or model.model.visual.config._attn_implementation != "sdpa":  # noqa: SLF001
        return
    for block in model.model.visual.blocks:
        block.attn.forward = _attention_of(block.attn)


def _attention_of(layer: Any) -> Callable[..., torch.Tensor]:
    """What takes the place of one layer's `forward`."""

    def attend(
        hidden_states: torch.Tensor,
        cu_seqlens: torch.Tensor,
        position_embeddings: tuple[torch.Tensor, torch.Tensor],
        **_: Any,
    ) -> torch.Tensor:
        count = len(hidden_states)
        lengths = (cu_seqlens[1:] - cu_seqlens[:-1]).tolist()
        projected = layer.qkv(hidden_states).view(count, 3, layer.num_heads, -1)
        turned = _turned(projected[:, :2], *position_embeddings)
        parts = turned[:, 0], turned[:, 1], projected[:, 2]
        if min(lengths) == max(lengths):
            batches = [tuple(part.unflatten(0, (len(lengths), -1)) for part in parts)]
        else:
            batches = [
                tuple(part.unsqueeze(0) for part in cut)
                for cut in zip(*(part.split(lengths) for part in parts), strict=True)
            ]
        attended = [
            torch.nn.functional.scaled_dot_product_attention(
                *(part.transpose(1, 2) for part in batch), scale=layer.scaling
            )
            .transpose(1, 2)
            .flatten(0, 1)
            for batch in batches
        ]
        joined = attended[0] if len(attended) == 1 else torch.cat(attended)
        output: torch.Tensor = layer.proj(joined.reshape(count, -1))
        return output

    return attend


def _turned(pairs: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Queries and keys (patches, 2, heads, size) at their positions (rotary embedding, Su et al. 2021)."""
    cos, sin = cos[:, None, None].float(), sin[:, None, None].float()
    half = pairs.shape[-1] // 2
    turned = pairs * cos
    turned[..., :half].addcmul_(pairs[..., half:], sin[..., :half], value=-1)
    turned[..., half:].addcmul_(pairs[..., :half], sin[..., half:])
    return turned
