"""The embedded judge's network, and its forward pass written for thousands of equal questions.

The weights live in transformers' own `Qwen3VLForConditionalGeneration`, so what is saved is what the judge loads. Its
general forward pass, though, walks through images one by one; here all pictures have one size and stand in one place,
so positions are computed once and all pictures go through the vision tower as one batch (a test holds the two equal).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from data import ATTRIBUTE_SIZES, PADDING, Batch
from torch import nn
from torch.nn import functional
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.vision_utils import get_vision_interpolation_indices_and_weights, get_vision_position_ids

__all__ = ["Network", "Output", "make_model", "patches"]

CELLS = 16


def make_model(vocabulary: int, ids: dict[str, int]) -> Qwen3VLForConditionalGeneration:
    """Make the network with fresh weights.

    Args:
        vocabulary: the number of tokens.
        ids: of the special tokens.
    """
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": vocabulary,
            "hidden_size": 128,
            "intermediate_size": 384,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 32,
            "max_position_embeddings": 2048,
            # Sequences are short: a small base leaves no frequency unused.
            "rope_parameters": {"rope_type": "default", "rope_theta": 500.0, "mrope_section": [6, 5, 5]},
            "pad_token_id": ids["<|endoftext|>"],
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 96,
            "intermediate_size": 192,
            "num_heads": 3,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 128,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
        eos_token_id=ids["<|im_end|>"],
        pad_token_id=ids["<|endoftext|>"],
    )
    config._attn_implementation = "eager"  # noqa: SLF001 - quicker than the fused kernel here, see `_attend`
    return Qwen3VLForConditionalGeneration(config)


@dataclass(frozen=True, slots=True)
class Output:
    """What one pass says.

    Attributes:
        logits: (learned tokens, vocabulary), in the order of `Batch.labels`.
        seen: (pictures, 16, attribute values): what the visual tokens tell about their cells.
        recalled: (rows, 16, attribute values): what the edited picture's tokens know about the source's cells.
    """

    logits: torch.Tensor
    seen: torch.Tensor
    recalled: torch.Tensor


class Network(nn.Module):
    """The judge's network with two helpers that only training needs.

    The helpers ask, at every visual token, what its cell holds, and at every token of the edited picture, after the
    second layer, what the same cell of the source held. Without them the signal of a score is too thin to find the way
    to the pixels in reasonable time.
    """

    def __init__(self, model: Qwen3VLForConditionalGeneration) -> None:
        super().__init__()
        self.model = model
        width = model.config.text_config.hidden_size
        self.see = nn.Linear(width, sum(ATTRIBUTE_SIZES))
        self.recall = nn.Linear(width, sum(ATTRIBUTE_SIZES))
        grid = torch.tensor([[1, 8, 8]])
        visual = model.model.visual
        indices, weights = get_vision_interpolation_indices_and_weights(
            grid, num_grid_per_side=visual.num_grid_per_side, mode="bilinear", align_corners=True, spatial_merge_size=2
        )
        self.register_buffer("_indices", indices, persistent=False)
        self.register_buffer("_shares", weights, persistent=False)
        self.register_buffer("_places", get_vision_position_ids(grid, 2), persistent=False)

    def forward(self, batch: Batch) -> Output:
        """Run a batch."""
        text = self.model.model.language_model
        merged, deep = self.look(patches(batch.pictures))
        first = int((batch.ids[0] == self.model.config.image_token_id).int().argmax())
        second = first + CELLS + 2
        hidden = text.embed_tokens(batch.ids)
        hidden = _placed(hidden, merged, first, second, add=False)
        angles = text.rotary_emb(hidden, _positions(batch.positions, first, second))
        mask = _mask(batch.segments)
        recalled = hidden
        for number, layer in enumerate(text.layers):
            hidden = layer(hidden, attention_mask=mask, position_embeddings=angles)
            if number < len(deep):
                hidden = _placed(hidden, deep[number], first, second, add=True)
            if number == 1:
                recalled = hidden[:, second : second + CELLS]
        learned = hidden[batch.labels >= 0]
        logits = self.model.lm_head(text.norm(learned))
        return Output(logits, self.see(merged), self.recall(recalled))

    def look(self, pixels: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Run the vision tower: (pictures, 64, 768) -> (pictures, 16, width) and its deepstack features."""
        visual = self.model.model.visual
        count, length, _ = pixels.shape
        kernel = visual.patch_embed.proj
        # Both frames of a still picture are equal, so their kernels add up.
        hidden = functional.linear(pixels, kernel.weight.sum(2).flatten(1), kernel.bias)
        hidden = hidden + (visual.pos_embed(self._indices) * self._shares[:, :, None]).sum(1)
        cos, sin = (angle.unsqueeze(-2) for angle in visual.rotary_pos_emb(hidden, self._places))
        deep = []
        for number, block in enumerate(visual.blocks):
            normed = block.attn.qkv(block.norm1(hidden)).view(count, length, 3, block.attn.num_heads, -1)
            query, key, value = normed.unbind(2)
            query, key = (part * cos + _turned(part) * sin for part in (query, key))
            mixed = _attend(*(projected.transpose(1, 2) for projected in (query, key, value)))
            hidden = hidden + block.attn.proj(mixed.transpose(1, 2).reshape(count, length, -1))
            hidden = hidden + block.mlp(block.norm2(hidden))
            if number in visual.deepstack_visual_indexes:
                merger = visual.deepstack_merger_list[visual.deepstack_visual_indexes.index(number)]
                deep.append(merger(hidden).view(count, CELLS, -1))
        return visual.merger(hidden).view(count, CELLS, -1), deep


def patches(pictures: torch.Tensor) -> torch.Tensor:
    """Cut pictures of bytes (count, 128, 128, 3) into normalized patches (count, 64, 768), in the processor's order."""
    count = pictures.shape[0]
    cut = pictures.view(count, 4, 2, 16, 4, 2, 16, 3).permute(0, 1, 4, 2, 5, 7, 3, 6)
    return cut.reshape(count, 64, 768).float().div_(127.5).sub_(1.0)


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Plain attention: at these lengths far quicker on a CPU than the fused kernel, whose way back is slow."""
    shares = (query @ key.transpose(2, 3) * query.shape[-1] ** -0.5).softmax(-1)
    return shares.to(value.dtype) @ value


def _turned(part: torch.Tensor) -> torch.Tensor:
    one, other = part.chunk(2, dim=-1)
    return torch.cat((-other, one), dim=-1)


def _placed(hidden: torch.Tensor, features: torch.Tensor, first: int, second: int, *, add: bool) -> torch.Tensor:
    """Put (or add) the features of source and edited picture where their tokens stand."""
    pairs = features.view(hidden.shape[0], 2, CELLS, -1)
    source, edited = pairs[:, 0], pairs[:, 1]
    if add:
        source = source + hidden[:, first : first + CELLS]
        edited = edited + hidden[:, second : second + CELLS]
    before, between = hidden[:, :first], hidden[:, first + CELLS : second]
    return torch.cat([before, source, between, edited, hidden[:, second + CELLS :]], dim=1)


def _positions(places: torch.Tensor, first: int, second: int) -> torch.Tensor:
    """Return (3, rows, length): a picture of 4 x 4 cells takes as much of the sequence as 4 words."""
    positions = places.expand(3, -1, -1).clone()
    side = torch.arange(4)
    grid = torch.stack([torch.zeros(CELLS, dtype=torch.long), side.repeat_interleave(4), side.repeat(4)])
    saved = CELLS - 4
    positions[:, :, second + CELLS :] -= 2 * saved
    positions[:, :, first + CELLS : second] -= saved
    positions[:, :, first : first + CELLS] = (grid + first).unsqueeze(1)
    positions[:, :, second : second + CELLS] = (grid + second - saved).unsqueeze(1)
    return positions


def _mask(segments: torch.Tensor) -> torch.Tensor:
    """Return (rows, 1, length, length): 0 where a token sees another, and a large negative number where not."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    keys, queries = segments[:, None, :], segments[:, :, None]
    seen = causal & ((keys == 0) | (keys == queries)) & ((keys != PADDING) | torch.eye(length, dtype=torch.bool))
    return torch.zeros(seen.shape).masked_fill_(~seen, -1e4).unsqueeze(1)
