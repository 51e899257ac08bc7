"""How much arithmetic a prompt is, and how much of it a device can do: by hand, as a product of matrices."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["matmul_rate", "prompt_operations"]

SIDE = {"cpu": 1536, "cuda": 8192}
"""Of the matrices that show what a device can do."""


def prompt_operations(model: Any, length: int, grids: Sequence[tuple[int, int]]) -> int:
    """Floating-point operations of one prompt computed by itself, for its last token's logits.

    Each weight that a token meets is one multiplication and one addition; of a mixture of experts only those that a
    token is sent to count. Attention adds the products with keys and values, causal ones by half.

    Args:
        model: of the Qwen-VL family.
        length: tokens.
        grids: rows and columns of patches of each image.
    """
    text, vision = model.config.get_text_config(), model.config.vision_config
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    language = 2 * length * _met(model.model.language_model, text)
    language += 2 * text.num_hidden_layers * text.num_attention_heads * head * length**2
    tower = 0
    weights = sum(weight.numel() for name, weight in model.model.visual.named_parameters() if "pos_embed" not in name)
    for rows, columns in grids:
        patches = rows * columns
        tower += 2 * patches * weights + 4 * vision.depth * vision.hidden_size * patches**2
    # The mergers see four patches at a time, so their weights were counted four times too often.
    merged = sum(weight.numel() for name, weight in model.model.visual.named_parameters() if "merger" in name)
    spare = 1 - 1 / vision.spatial_merge_size**2
    tower -= int(2 * merged * spare * sum(rows * columns for rows, columns in grids))
    return int(language + tower)


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """Operations per second of a large product of matrices: the best of some."""
    import torch

    side = SIDE.get(torch.device(device).type, SIDE["cuda"])
    matrix = torch.randn(side, side, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(5):
        _wait(device)
        started = time.perf_counter()
        matrix @ matrix
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best


def _met(language: Any, text: Any) -> int:
    """Weights of the language model that one token meets."""
    experts = getattr(text, "num_experts", None) or 0
    share = text.num_experts_per_tok / experts if experts else 1.0
    met = 0.0
    for name, weights in language.named_parameters():
        if "embed_tokens" in name:
            continue
        met += weights.numel() * (share if ".experts." in name else 1.0)
    return int(met)


def _wait(device: str) -> None:
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
