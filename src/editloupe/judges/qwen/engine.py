"""The forward passes: prompts in, probabilities or replies out, what is equal computed once.

The model's own layers do all arithmetic; this file only decides what they see. Rows are padded on the left, so the last
position of a row is its last token; a shared beginning is computed once and its keys and values are handed to every
prompt that goes on from it, with the positions that the tokens have in the whole prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from editloupe.judges.counters import Counters
from editloupe.judges.qwen.cache import CacheRow, PrefixCache, gather
from editloupe.judges.qwen.prompts import LastUsed, PlacedImage, Prompt, PromptMaker
from editloupe.judges.qwen.sharing import Segment, levels, tight_chunks

__all__ = ["Engine", "Step"]

FEATURES_KEPT = 2**30
"""Bytes of the vision tower's output that are kept between batches."""

PATCHES_AT_ONCE = 65_536
"""Patches that go through the vision tower together: 16 images of 1024 x 1024 pixels."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of generation, as the caller sees it: which prompts are still open, their logits (rows, vocabulary)."""

    rows: list[int]
    logits: torch.Tensor = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Features:
    tokens: torch.Tensor
    deep: tuple[torch.Tensor, ...]

    @property
    def nbytes(self) -> int:
        return sum(one.nbytes for one in (self.tokens, *self.deep))


class Engine:
    """Runs prompts through one checkpoint.

    Args:
        model: a conditional-generation model of the Qwen-VL family.
        maker: made the prompts; decodes their images.
        share: whether what prompts have in common is computed once.
    """

    def __init__(self, model: Any, maker: PromptMaker, *, share: bool = True) -> None:
        self.counters = Counters()
        self._model = model
        self._maker = maker
        self._share = share
        self._features: LastUsed[str, _Features] = LastUsed(FEATURES_KEPT, lambda value: value.nbytes)
        self._device = model.device
        self._embed = model.get_input_embeddings()
        self._language = model.model.language_model

    def clear_cache(self, *, share: bool = True) -> None:
        """Drop what is remembered of images, and say whether to share what prompts have in common from now on."""
        self._features.clear()
        self._share = share

    def last_logits(self, prompts: Sequence[Prompt]) -> torch.Tensor:
        """The logits of the token that follows each prompt, (prompts, vocabulary), float32."""
        with torch.inference_mode():
            hidden, _ = self._prefill(prompts, keep=False)
            return self._head(hidden)

    def generate(self, prompts: Sequence[Prompt], choose: Callable[[Step], Sequence[int | None]], limit: int) -> None:
        """Continue prompts token by token.

        Args:
            prompts: any number.
            choose: takes the logits of the open rows, returns the next token of each, or None for a row that is done.
            limit: tokens after which every row is done.
        """
        with torch.inference_mode():
            self._generate(prompts, choose, limit)

    def _generate(self, prompts: Sequence[Prompt], choose: Callable[[Step], Sequence[int | None]], limit: int) -> None:
        hidden, rows = self._prefill(prompts, keep=True)
        kept = gather(rows, limit)
        cache = kept.cache
        mask = torch.cat([kept.mask, kept.mask.new_ones(len(rows), limit)], dim=1)
        open_rows = list(range(len(prompts)))
        following = torch.tensor([prompt.next_position for prompt in prompts], device=self._device)
        length = kept.mask.shape[1]
        for _ in range(limit):
            tokens = choose(Step(open_rows, self._head(hidden)))
            going = [place for place, token in enumerate(tokens) if token is not None]
            if not going:
                return
            if len(going) < len(open_rows):
                chosen = torch.tensor(going, device=self._device)
                cache.batch_select_indices(chosen)
                mask, following = mask[chosen], following[chosen]
                open_rows = [open_rows[place] for place in going]
            started = time.perf_counter()
            ids = torch.tensor([[tokens[place]] for place in going], device=self._device)
            length += 1
            output = self._language(
                inputs_embeds=self._embed(ids),
                attention_mask=mask[:, :length],
                position_ids=following.view(1, -1, 1).expand(3, -1, -1),
                past_key_values=cache,
                use_cache=True,
            )
            hidden = output.last_hidden_state[:, -1]
            following = following + 1
            self._count(started)

    def _prefill(self, prompts: Sequence[Prompt], *, keep: bool) -> tuple[torch.Tensor, list[CacheRow]]:
        """Compute all prompts; returns the last hidden states (prompts, width), and their caches where asked for."""
        self._encode_images([image for prompt in prompts for image in prompt.images])
        arranged = levels(prompts, share=self._share)
        hidden: list[torch.Tensor | None] = [None] * len(prompts)
        leaves: list[CacheRow | None] = [None] * len(prompts)
        before: list[CacheRow] = []
        for depth, level in enumerate(arranged):
            rows: list[CacheRow | None] = [None] * len(level)
            lasting = keep or depth + 1 < len(arranged)
            for chunk in tight_chunks([len(segment) for segment in level]):
                segments = [level[index] for index in chunk]
                parents = [before[one.parent] for one in segments if one.parent is not None]
                started = time.perf_counter()
                past = gather(parents, max(map(len, segments))) if parents else None
                self._count(started)
                last, kept = self._compute(prompts, segments, past, keep=lasting)
                for place, index in enumerate(chunk):
                    segment = level[index]
                    if kept is not None:
                        rows[index] = CacheRow(kept, place)
                    if segment.leaf:
                        hidden[segment.prompt] = last[place]
                        leaves[segment.prompt] = rows[index]
            before = [row for row in rows if row is not None]
        return torch.stack([one for one in hidden if one is not None]), [row for row in leaves if row is not None]

    def _compute(
        self, prompts: Sequence[Prompt], segments: Sequence[Segment], past: PrefixCache | None, *, keep: bool
    ) -> tuple[torch.Tensor, PrefixCache | None]:
        """One forward pass over segments that go on from `past`, padded on the left."""
        longest = max(len(segment) for segment in segments)
        ids = np.zeros((len(segments), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        seen = np.zeros(ids.shape, dtype=bool)
        positions = np.zeros((3, *ids.shape), dtype=np.int64)
        images: list[PlacedImage] = []
        for row, segment in enumerate(segments):
            prompt, at = prompts[segment.prompt], longest - len(segment)
            ids[row, at:] = prompt.ids[segment.start : segment.end]
            mask[row, at:] = 1
            positions[:, row, at:] = prompt.positions[:, segment.start : segment.end]
            for image in prompt.images:
                if segment.start <= image.start < segment.end:
                    first = at + image.start - segment.start
                    seen[row, first : first + image.tokens] = True
                    images.append(image)
        features = self._encode_images(images)
        started = time.perf_counter()
        embeds = self._embed(torch.from_numpy(ids).to(self._device))
        deepstack: dict[str, Any] = {}
        if images:
            places = torch.from_numpy(seen).to(self._device)
            embeds[places] = torch.cat([one.tokens for one in features]).to(embeds.dtype)
            if features[0].deep:
                layers = zip(*(one.deep for one in features), strict=True)
                deepstack = {
                    "visual_pos_masks": places,
                    "deepstack_visual_embeds": [torch.cat(layer) for layer in layers],
                }
        attention = torch.from_numpy(mask).to(self._device)
        cache = DynamicCache(config=self._language.config) if past is None else past.cache
        if past is not None:
            attention = torch.cat([past.mask, attention], dim=1)
        output = self._language(
            inputs_embeds=embeds,
            attention_mask=attention,
            position_ids=torch.from_numpy(positions).to(self._device),
            past_key_values=cache if keep or past is not None else None,
            use_cache=keep or past is not None,
            **deepstack,
        )
        last = output.last_hidden_state[:, -1]
        self._count(started)
        self.counters.tokens += ids.size
        self.counters.padding += int(ids.size - mask.sum())
        return last, PrefixCache(cache, attention) if keep else None

    def _encode_images(self, images: Sequence[PlacedImage]) -> list[_Features]:
        """The vision tower's output for each image; those that it has not seen lately go through together."""
        found = {image.name: self._features.get(image.name) for image in images}
        unseen = list({image.name: image for image in images if found[image.name] is None}.values())
        while unseen:
            batch = [unseen.pop(0)]
            count = batch[0].grid[0] * batch[0].grid[1]
            while unseen and count + unseen[0].grid[0] * unseen[0].grid[1] <= PATCHES_AT_ONCE:
                count += unseen[0].grid[0] * unseen[0].grid[1]
                batch.append(unseen.pop(0))
            for image, features in zip(batch, self._run_vision(batch), strict=True):
                found[image.name] = features
                self._features.put(image.name, features)
        return [known for image in images if (known := found[image.name]) is not None]

    def _run_vision(self, images: Sequence[PlacedImage]) -> list[_Features]:
        pixels = torch.from_numpy(np.concatenate([self._maker.patches(image) for image in images]))
        grid = torch.tensor([[1, *image.grid] for image in images], device=self._device)
        started = time.perf_counter()
        output = self._model.get_image_features(pixels.to(self._device), grid)
        deep = getattr(output, "deepstack_features", None) or []
        made = [
            _Features(tokens, tuple(layer[index] for layer in deep))
            for index, tokens in enumerate(output.pooler_output)
        ]
        self._count(started)
        self.counters.images += len(images)
        return made

    def _head(self, hidden: torch.Tensor) -> torch.Tensor:
        started = time.perf_counter()
        logits: torch.Tensor = self._model.lm_head(hidden).float()
        self._count(started)
        return logits

    def _count(self, started: float) -> None:
        """Add the time since `started` to the time in the model; on a GPU wait for it, or it would count as outside."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.counters.inside += time.perf_counter() - started
