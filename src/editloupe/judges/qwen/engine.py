"""The forward passes: prompts in, probabilities or replies out, what is equal computed once.

The model's own layers do all arithmetic; this file only decides what they see. A shared beginning is computed once,
and its keys and values are handed to every prompt that goes on from it, with the positions that the tokens have in the
whole prompt.

Every row is padded on the right: no token looks at what comes after it, so where nothing stands before the rows no mask
is needed, and the causal kernels are 1.4 times as quick on a CPU as those with a mask. The masks of later passes hide
the holes; what a hole would do to layers that keep a state is in `recurrent`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from editloupe.judges.counters import Counters
from editloupe.judges.qwen.cache import CacheRow, PrefixCache, gather
from editloupe.judges.qwen.lru import ByteLRU
from editloupe.judges.qwen.prompts import PlacedImage, Prompt, PromptMaker
from editloupe.judges.qwen.recurrent import Recurrence
from editloupe.judges.qwen.reply_rows import ReplyRows
from editloupe.judges.qwen.sharing import Segment, levels, tight_chunks

__all__ = ["Engine", "Step"]

FEATURES_KEPT = 2**30
"""Bytes of the vision tower's output that are kept between batches."""

PATCHES_AT_ONCE = {"cpu": 4_608, "cuda": 65_536}
"""Patches that go through the vision tower together: two images of 768 x 768 pixels stay near a CPU's caches (1.2 times
as quick as sixteen); a GPU takes 16 images of 1024 x 1024."""

PASS_FLOOR = {"cpu": 0, "cuda": 2_400}
"""Tokens below which a pass takes no less time: launching its thousands of kernels takes a GPU that long."""


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
        return sum(tensor.nbytes for tensor in (self.tokens, *self.deep))


Choose = Callable[[Step], list[int | None]]
"""Takes the logits of the open rows, returns the next token of each, or None for a row that is done."""


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
        self.share = share
        self._features: ByteLRU[str, _Features] = ByteLRU(FEATURES_KEPT, lambda value: value.nbytes)
        self._device = model.device
        self._patches_at_once = PATCHES_AT_ONCE.get(self._device.type, PATCHES_AT_ONCE["cuda"])
        self._pass_floor = PASS_FLOOR.get(self._device.type, PASS_FLOOR["cuda"])
        self._embed = model.get_input_embeddings()
        self._language = model.model.language_model
        self._recurrence = Recurrence(self._language)

    def clear_cache(self, *, share: bool = True) -> None:
        """Drop what is remembered of images, and say whether to share what prompts have in common from now on."""
        self._features.clear()
        self.share = share

    def last_logits(self, prompts: Sequence[Prompt], exact: Sequence[int] = ()) -> torch.Tensor:
        """The logits of the token that follows each prompt, (prompts, vocabulary), float32.

        Args:
            prompts: any number.
            exact: tokens whose logits are computed in float32 whatever the type of the weights: in bfloat16 a logit of
                20 moves in steps of 0.125, and an expected score with it.
        """
        with torch.inference_mode():
            hidden, _ = self._prefill(prompts, keep=False)
            logits = self._head(hidden)
            head = self._model.lm_head
            if exact and head.weight.dtype != torch.float32:
                rows = torch.tensor(exact, device=head.weight.device)
                logits[:, rows] = torch.nn.functional.linear(
                    hidden.float(), head.weight[rows].float(), None if head.bias is None else head.bias[rows].float()
                )
            return logits

    def generate(
        self,
        prompts: Sequence[Prompt],
        choose: Choose,
        groups: Sequence[Sequence[int]],
        slots: int,
    ) -> None:
        """Continue prompts token by token.

        Args:
            prompts: any number.
            choose: takes the logits of the open rows, returns the next token of each, or None for a row that is done.
            groups: the prompts' numbers, those that are computed together side by side; each number once.
            slots: how many rows there are at once, if not one group is larger. As rows are done, groups that wait are
                computed and take their places.
        """
        slots = min(len(prompts), max(slots, *map(len, groups)))
        with torch.inference_mode():
            self._generate(prompts, choose, deque(groups), ReplyRows(slots, self._device))

    def _generate(
        self,
        prompts: Sequence[Prompt],
        choose: Choose,
        waiting: deque[Sequence[int]],
        rows: ReplyRows,
    ) -> None:
        tokens: list[int] = []
        while waiting or len(rows):
            while waiting and rows.free >= len(waiting[0]):
                tokens += self._begin(prompts, choose, waiting.popleft(), rows)
            if not len(rows):
                continue
            started = time.perf_counter()
            rows.begin_step()
            output = self._language(
                inputs_embeds=self._embed(torch.tensor(tokens, device=self._device).view(-1, 1)),
                attention_mask=rows.mask,
                position_ids=rows.positions,
                past_key_values=rows.cache,
                use_cache=True,
            )
            rows.end_step()
            self._count(started)
            chosen = choose(Step(list(rows.prompts), self._head(output.last_hidden_state[:, -1])))
            done = [index for index, token in enumerate(chosen) if token is None]
            for index in reversed(done):  # as `drop` does: the last row takes the slot
                chosen[index] = chosen[-1]
                chosen.pop()
            rows.drop(done)
            tokens = [token for token in chosen if token is not None]

    def _begin(
        self,
        prompts: Sequence[Prompt],
        choose: Choose,
        group: Sequence[int],
        rows: ReplyRows,
    ) -> list[int]:
        """Compute prompts and let those rows in that have a first token; returns these tokens."""
        hidden, kept = self._prefill([prompts[index] for index in group], keep=True)
        chosen = choose(Step(list(group), self._head(hidden)))
        going = [index for index, token in enumerate(chosen) if token is not None]
        following = {group[index]: chosen[index] for index in going}
        before = len(rows)
        rows.admit(
            [kept[index] for index in going],
            [group[index] for index in going],
            [prompts[group[index]].next_position for index in going],
        )
        return [token for index in rows.prompts[before:] if (token := following[index]) is not None]

    def _prefill(self, prompts: Sequence[Prompt], *, keep: bool) -> tuple[torch.Tensor, list[CacheRow]]:
        """Compute all prompts; returns the last hidden states (prompts, width), and their caches where asked for."""
        features = self._encode_images([image for prompt in prompts for image in prompt.images])
        arranged = levels(prompts, share=self.share)
        hidden: list[torch.Tensor | None] = [None] * len(prompts)
        leaves: list[CacheRow | None] = [None] * len(prompts)
        before: list[CacheRow] = []
        for depth, level in enumerate(arranged):
            rows: list[CacheRow | None] = [None] * len(level)
            lasting = keep or depth + 1 < len(arranged)
            for chunk in tight_chunks([len(segment) for segment in level], self._pass_floor):
                segments = [level[index] for index in chunk]
                parents = [before[child.parent] for child in segments if child.parent is not None]
                started = time.perf_counter()
                past = gather(parents, max(map(len, segments))) if parents else None
                self._count(started)
                last, kept = self._compute(prompts, segments, past, features, keep=lasting)
                for position, index in enumerate(chunk):
                    segment = level[index]
                    if kept is not None:
                        rows[index] = CacheRow(kept, position)
                    if segment.leaf:
                        hidden[segment.prompt] = last[position]
                        leaves[segment.prompt] = rows[index]
            before = [row for row in rows if row is not None]
        return torch.stack([state for state in hidden if state is not None]), [row for row in leaves if row is not None]

    def _compute(
        self,
        prompts: Sequence[Prompt],
        segments: Sequence[Segment],
        past: PrefixCache | None,
        features: Mapping[str, _Features],
        *,
        keep: bool,
    ) -> tuple[torch.Tensor, PrefixCache | None]:
        """One forward pass over segments that go on from `past`; returns the hidden state of each one's last token."""
        longest = max(len(segment) for segment in segments)
        ids = np.zeros((len(segments), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        seen = np.zeros(ids.shape, dtype=bool)
        positions = np.zeros((3, *ids.shape), dtype=np.int64)
        images: list[PlacedImage] = []
        for row, segment in enumerate(segments):
            prompt, span = prompts[segment.prompt], slice(len(segment))
            ids[row, span] = prompt.ids[segment.start : segment.end]
            mask[row, span] = 1
            positions[:, row, span] = prompt.positions[:, segment.start : segment.end]
            for image in prompt.images:
                if segment.start <= image.start < segment.end:
                    first = image.start - segment.start
                    seen[row, first : first + image.tokens] = True
                    images.append(image)
        seen_images = [features[image.name] for image in images]
        started = time.perf_counter()
        embeds = self._embed(torch.from_numpy(ids).to(self._device))
        deepstack: dict[str, Any] = {}
        if images:
            places = torch.from_numpy(seen).to(self._device)
            embeds[places] = torch.cat([image.tokens for image in seen_images]).to(embeds.dtype)
            if seen_images[0].deep:
                layers = zip(*(image.deep for image in seen_images), strict=True)
                deepstack = {
                    "visual_pos_masks": places,
                    "deepstack_visual_embeds": [torch.cat(layer) for layer in layers],
                }
        attention = torch.from_numpy(mask).to(self._device)
        lengths = [len(segment) for segment in segments]
        cache = self._recurrence.empty_cache() if past is None else past.cache
        if past is not None:
            attention = torch.cat([past.mask, attention], dim=1)
        with self._recurrence.padded(cache, lengths):
            output = self._language(
                inputs_embeds=embeds,
                attention_mask=None if past is None else attention,
                position_ids=torch.from_numpy(positions).to(self._device),
                past_key_values=cache if keep or past is not None else None,
                use_cache=keep or past is not None,
                **deepstack,
            )
        last = output.last_hidden_state[torch.arange(len(lengths)), torch.tensor(lengths) - 1]
        self._count(started)
        self.counters.tokens += ids.size
        self.counters.padding += int(ids.size - mask.sum())
        return last, PrefixCache(cache, attention) if keep else None

    def _encode_images(self, images: Sequence[PlacedImage]) -> dict[str, _Features]:
        """The vision tower's output by image; those that it has not seen lately go through together."""
        known = {image.name: self._features.get(image.name) for image in images}
        features = {name: kept for name, kept in known.items() if kept is not None}
        unseen = list({image.name: image for image in images if image.name not in features}.values())
        for batch in self._vision_batches(unseen):
            for image, made in zip(batch, self._run_vision(batch), strict=True):
                features[image.name] = made
                self._features.put(image.name, made)
        return features

    def _vision_batches(self, images: Sequence[PlacedImage]) -> Iterator[list[PlacedImage]]:
        batch: list[PlacedImage] = []
        count = 0
        for image in images:
            patches = image.grid[0] * image.grid[1]
            if batch and count + patches > self._patches_at_once:
                yield batch
                batch, count = [], 0
            batch.append(image)
            count += patches
        if batch:
            yield batch

    def _run_vision(self, images: Sequence[PlacedImage]) -> list[_Features]:
        patches = [self._maker.pictures.patches(image.picture) for image in images]
        grid = torch.tensor([[1, *image.grid] for image in images], device=self._device)
        started = time.perf_counter()
        output = self._model.get_image_features(self._maker.pictures.pixel_values(patches, self._device), grid)
        deep = getattr(output, "deepstack_features", None) or []
        # Copies: a view of one image would keep the whole pass in memory.
        made = [
            _Features(tokens.clone(), tuple(layer[index].clone() for layer in deep))
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
        """Add the time since `started` to the time in the model."""
        if self.counters.waiting and self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.counters.inside += time.perf_counter() - started
