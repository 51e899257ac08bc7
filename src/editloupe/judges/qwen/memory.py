"""How much memory a batch takes: a stated model, corrected by what was measured.

Per token of the language model (b bytes per number):

* keys and values: 2 * layers * kv_heads * head_dim * b
* the widest moment of one layer: (3 * ffn + 6 * hidden) * b; of a mixture of experts (4 * experts + 9) * hidden * b,
  with the experts of a token: what is gathered, projected back, weighted and put in order stands side by side there
* the attention mask of a padded batch: length * (1 + b), as bool and as numbers
* layers that keep a state have no keys and values; their chunks of 64 tokens are worked on in float32: a dozen numbers
  per head and channel, and four per head and token of the chunk, where that is more than the layer's widest moment

and per image token, which is merge^2 patches: its features, (1 + deepstack layers) * hidden * b, and the vision tower's
widest moment, 1.3 * merge^2 * (3 * ffn + 6 * hidden) * b. The tower has run before the first keys and values are there,
so the larger of the two moments counts. Per row: the logits, vocabulary * (b + 4), and the states, heads * key size *
value size * 4 in each of their layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from editloupe import machine

__all__ = ["CPU_TOKENS", "Budget", "Shape", "memory_table"]

CPU_TOKENS = 16_384
"""Tokens of a batch on the CPU at most: there time, not memory, ends what larger batches gain."""

UNKNOWN = 4 * 2**30
"""Bytes taken as free where the system does not tell: a small machine's."""

SHARE = 0.8
"""Of the free memory, for batches; the rest is for what the model does not know."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a checkpoint that its memory follows from.

    `layers` are those with keys and values; `state` is in bytes per row, `state_work` in bytes per token.
    """

    layers: int
    hidden: int
    ffn: int
    experts: int
    key_values: int
    vocabulary: int
    vision_hidden: int
    vision_ffn: int
    deepstack: int
    merge: int
    bytes: int
    state: int = 0
    state_work: int = 0

    @classmethod
    def of(cls, config: Any, dtype: torch.dtype) -> Shape:
        """Read the sizes from a model's config."""
        text, vision = config.get_text_config(), config.vision_config
        experts = getattr(text, "num_experts_per_tok", None) or 0
        head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        kinds = getattr(text, "layer_types", None) or ()
        states = sum(kind == "linear_attention" for kind in kinds)
        heads, width = (text.linear_num_value_heads, text.linear_value_head_dim) if states else (0, 0)
        return cls(
            layers=text.num_hidden_layers - states,
            hidden=text.hidden_size,
            ffn=getattr(text, "intermediate_size", None) or text.moe_intermediate_size,
            experts=experts,
            state=4 * states * heads * width * text.linear_key_head_dim if states else 0,
            state_work=4 * heads * (12 * max(width, text.linear_key_head_dim) + 4 * 64) if states else 0,
            key_values=2 * text.num_key_value_heads * head,
            vocabulary=text.vocab_size,
            vision_hidden=vision.hidden_size,
            vision_ffn=vision.intermediate_size,
            deepstack=len(getattr(vision, "deepstack_visual_indexes", None) or ()),
            merge=vision.spatial_merge_size,
            bytes=dtype.itemsize,
        )

    def per_token(self, length: int, *, image: bool = True) -> int:
        """Bytes of one token of a prompt of `length` tokens; as an image token, which is the larger, unless told.

        A row's states are shared out among its tokens.
        """
        widest = (4 * self.experts + 9) * self.hidden if self.experts else 3 * self.ffn + 6 * self.hidden
        moment = max(widest * self.bytes, self.state_work)
        text = (
            self.layers * self.key_values * self.bytes
            + moment
            + length * (1 + self.bytes)
            + self.state // max(1, length)
        )
        if not image:
            return text
        tower = int(1.3 * self.merge**2 * (3 * self.vision_ffn + 6 * self.vision_hidden) * self.bytes)
        return max(text, tower) + (1 + self.deepstack) * self.hidden * self.bytes

    def batch(self, rows: int, length: int, image_tokens: int, new_tokens: int = 0) -> int:
        """Bytes of a batch of `rows` prompts of `length` tokens, `image_tokens` of them of images."""
        text = self.per_token(length + new_tokens, image=False)
        extra = self.per_token(length + new_tokens) - text
        logits = self.vocabulary * (self.bytes + 4)
        return rows * ((length + new_tokens) * text + image_tokens * extra + logits)


class Budget:
    """How many tokens a batch may have; `tokens` may be asked at any time.

    Args:
        shape: of the checkpoint.
        devices: where it runs; the first one holds its input.
        length: tokens of a long prompt of this work.
    """

    def __init__(self, shape: Shape, devices: Sequence[torch.device], length: int) -> None:
        self._shape = shape
        self._device = devices[0]
        self._per_token = shape.per_token(length)
        self._seen = False
        self._free = sum(free_memory(device) for device in devices)

    def expect(self, length: int) -> None:
        """Follow prompts of another length, where no batch has said yet what a token takes."""
        if not self._seen:
            self._per_token = self._shape.per_token(length)

    def tokens(self) -> int:
        """The present budget."""
        return max(1, self._fitting() if self._device.type == "cuda" else min(self._fitting(), CPU_TOKENS))

    def reply_tokens(self) -> int:
        """Tokens of the rows that are answered at once.

        On the CPU a row counts with a part of its reply's room only (`QwenRunner`); half of the memory is left for it.
        """
        return self.tokens() if self._device.type == "cuda" else max(1, min(self._fitting() // 2, CPU_TOKENS))

    def _fitting(self) -> int:
        return int(self._free * SHARE) // self._per_token

    def measured(self, tokens: int, peak: int) -> None:
        """Correct the model by a batch that took `peak` bytes beyond what was there; tiny batches say nothing."""
        if tokens * 20 >= self.tokens():
            self._per_token = max(1, peak // tokens)
            self._seen = True


def free_memory(device: torch.device) -> int:
    """Bytes that new tensors may take on a device: free ones, and those that torch holds without using them."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    memory = machine.available_memory()
    return UNKNOWN if memory is None else memory


def memory_table(shape: Shape, length: int, image_tokens: int, new_tokens: int) -> list[tuple[int, int]]:
    """(batch size, bytes) by the stated model, weights apart, for batch sizes 1 to 128."""
    return [(rows, shape.batch(rows, length, image_tokens, new_tokens)) for rows in (1, 2, 4, 8, 16, 32, 64, 128)]
