"""The fast way through a Qwen-VL checkpoint: prompts made ahead, shared beginnings, replies written to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import torch

from editloupe.batching import is_out_of_memory
from editloupe.errors import ItemError
from editloupe.judges.counters import Counters
from editloupe.judges.plain import end_tokens
from editloupe.judges.qwen.cache import GROWTH
from editloupe.judges.qwen.decoding import Writer
from editloupe.judges.qwen.engine import Engine
from editloupe.judges.qwen.lru import ByteLRU
from editloupe.judges.qwen.memory import Budget, Shape
from editloupe.judges.qwen.patch_embedding import use_matrix_product
from editloupe.judges.qwen.prompts import Prompt, PromptMaker
from editloupe.judges.qwen.sharing import common_length
from editloupe.judges.qwen.vision_attention import use_lean_attention
from editloupe.judges.runner import Runner
from editloupe.judges.sampling import GREEDY, THINKING_TOKENS, Sampling, Thinking
from editloupe.judges.written import thoughts_before_choice
from editloupe.records import AnswerFormat, Question, Reply

__all__ = ["QwenRunner"]

REFILLED = 2
"""On a GPU, rows of a batch for each row that is answered at once: those that wait take the places of those that are
done. On the CPU, where a step's time grows with its rows, that wins too little for results that come later."""

GROUP_TOKENS = 16_384
"""Tokens of prompts that are computed together at least, where they fit, while others are answered."""

PROMPTS_KEPT = 512 * 2**20
"""Bytes of prompts that are remembered between planning and running."""


class QwenRunner(Runner):
    """Runs batches of questions through one checkpoint.

    Args:
        model, processor: of one checkpoint of the Qwen-VL family.
        longest_edge: images are shrunk to it first.
        max_new_tokens: where a reply is cut off, thoughts apart.
        sampling: how tokens are chosen.
        thinking: what the chat template is told.
        max_thinking_tokens: room for thoughts, where the template opens them or is told to.
        share: whether what questions have in common is computed once.
    """

    shares = True

    def __init__(
        self,
        model: Any,
        processor: Any,
        *,
        longest_edge: int | None,
        max_new_tokens: int,
        sampling: Sampling = GREEDY,
        thinking: Thinking = "auto",
        max_thinking_tokens: int = THINKING_TOKENS,
        share: bool = True,
    ) -> None:
        use_matrix_product(model)
        use_lean_attention(model)
        self._maker = PromptMaker(processor, longest_edge, thinking)
        self._engine = Engine(model, self._maker, share=share)
        self.model = model
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._ends = end_tokens(model, processor.tokenizer)
        self._positions = model.config.get_text_config().max_position_embeddings
        self._max_new_tokens = max_new_tokens
        self._sampling = sampling
        self._thinking = thinking
        self._max_thinking_tokens = max_thinking_tokens
        self._budget: Budget | None = None
        self._planned: tuple[Sequence[Question], list[tuple[int, int]]] | None = None
        self._prompts: ByteLRU[int, tuple[Question, Prompt]] = ByteLRU(PROMPTS_KEPT, lambda pair: pair[1].nbytes)

    @property
    def counters(self) -> Counters:
        """Tokens, padding and time spent in the model so far."""
        return self._engine.counters

    def clear_cache(self, *, share: bool = True) -> None:
        """Drop what is remembered of prompts and images, so that a measurement starts from nothing."""
        self._prompts.clear()
        self._maker.pictures.clear_cache()
        self._engine.clear_cache(share=share)

    def plan(self, questions: Sequence[Question]) -> list[tuple[int, int]]:
        """Order questions for batching: those that share a beginning side by side, groups by falling length.

        The longest come first: what does not fit shows at once, and the stragglers at the end are short.

        Returns:
            (index, tokens) of each question that can be tokenized, in the order to run them; those that cannot come
            last, with 1 token, so that their error is raised where it is recorded.
        """
        self._prompts.clear()  # those of past questions, whose pictures may be held in memory
        prompts: dict[int, Prompt] = {}
        broken: list[int] = []
        for index, question in enumerate(questions):
            try:
                prompts[index] = self._prompt(question)
            except Exception:  # noqa: BLE001 - raised again, and recorded, when its turn comes
                broken.append(index)
        groups: list[list[int]] = []
        for index, prompt in prompts.items():
            before = prompts[groups[-1][-1]] if groups else None
            # Neighbours with the same first image belong together; a common system text alone does not make a group.
            images = prompt.images
            if before is not None and images and common_length(before, prompt) > images[0].start:
                groups[-1].append(index)
            else:
                groups.append([index])
        groups.sort(key=lambda group: -max(len(prompts[index]) for index in group))
        reply = self._room_for(questions[0]) if questions else 0
        reply = self._counted(reply)
        ordered = [(index, len(prompts[index]) + reply) for group in groups for index in group]
        ordered += [(index, 1) for index in broken]
        self._planned = questions, ordered
        return ordered

    def budget(self, questions: Sequence[Question]) -> Callable[[], int]:
        """How many tokens a batch may have, by the memory that is free now and what batches turn out to take."""
        planned = self._planned
        self._planned = None
        ordered = planned[1] if planned is not None and planned[0] is questions else self.plan(questions)
        longest = max((length for _, length in ordered), default=1)
        if self._budget is None:  # what batches were seen to take holds for the next questions too
            parts = {
                self.model.device,
                *(torch.device(part) for part in getattr(self.model, "hf_device_map", {}).values()),
            }
            devices = sorted(parts, key=lambda device: (device != self.model.device, str(device)))
            self._budget = Budget(Shape.of(self.model.config, self.model.dtype), devices, longest)
        else:
            self._budget.expect(longest)
        budget = self._budget
        if not questions or not self._room_for(questions[0]):
            return budget.tokens
        return lambda: (1 if self.model.device.type == "cpu" else REFILLED) * budget.reply_tokens()

    def prepare(self, question: Question) -> None:
        """Do what a question needs of the CPU ahead of its turn: its tokens, and its images' patches."""
        for image in self._prompt(question).images:
            self._maker.pictures.patches(image.picture)

    def choose(self, questions: Sequence[Question], answer: AnswerFormat, tokens: Sequence[int]) -> list[Reply]:
        """Read the probabilities of the labels, whose token ids are `tokens`, after one pass over each prompt."""
        started = time.perf_counter()
        prompts = [self._prompt(question) for question in questions]
        if self._thinking == "on":
            return self._choose_thinking(questions, prompts, answer, tokens, started)
        return self._chosen(prompts, answer, tokens, started)

    def _choose_thinking(
        self,
        questions: Sequence[Question],
        prompts: Sequence[Prompt],
        answer: AnswerFormat,
        tokens: Sequence[int],
        started: float,
    ) -> list[Reply]:
        """Let the judge think, then begin its answer and read the labels there."""
        writer = self._write(questions, prompts, only_thoughts=True)
        separator = self._maker.turns.separator(answer.begin)
        replies: dict[int, Reply] = {}
        begun: dict[int, Prompt] = {}
        thought_texts: dict[int, str | None] = {}
        for index, (prompt, draft) in enumerate(zip(prompts, writer.drafts, strict=True)):
            thoughts = thoughts_before_choice(writer.text(draft), opened=prompt.opened)
            if thoughts.unfinished is not None:
                replies[index] = Reply(thoughts.unfinished, "length", len(prompt), draft.written, opened=prompt.opened)
                continue
            thought_texts[index] = thoughts.said
            thought = draft.tokens if thoughts.said is not None else []
            lead = thoughts.lead(separator)
            answered = self.tokenizer(lead + answer.begin, add_special_tokens=False)["input_ids"]
            begun[index] = prompt.followed_by([*thought, *answered])
        if begun:
            chosen = self._chosen(list(begun.values()), answer, tokens, started)
            for index, reply in zip(begun, chosen, strict=True):
                written = writer.drafts[index].written + 1
                replies[index] = replace(
                    reply,
                    thoughts=thought_texts[index] or None,
                    prompt_tokens=len(prompts[index]),
                    reply_tokens=written,
                )
        seconds = (time.perf_counter() - started) / len(questions)
        return [replace(replies[index], seconds=seconds) for index in range(len(questions))]

    def _chosen(
        self, prompts: Sequence[Prompt], answer: AnswerFormat, tokens: Sequence[int], started: float
    ) -> list[Reply]:
        with self._measured(sum(map(len, prompts))):
            logits = self._engine.last_logits(prompts, tokens)
        chances = torch.softmax(logits, dim=-1)[:, list(tokens)].cpu().tolist()
        seconds = (time.perf_counter() - started) / len(prompts)
        replies = []
        for prompt, values in zip(prompts, chances, strict=True):
            labels = dict(zip(answer.labels, values, strict=True))
            replies.append(Reply(max(labels, key=labels.__getitem__), "choice", len(prompt), 1, labels, seconds))
        return replies

    def generate(self, questions: Sequence[Question]) -> list[Reply]:
        """Write one reply per question."""
        started = time.perf_counter()
        prompts = [self._prompt(question) for question in questions]
        writer = self._write(questions, prompts)
        seconds = (time.perf_counter() - started) / len(questions)
        return [
            Reply(
                writer.text(draft).strip(),
                "stop" if draft.stopped else "length",
                len(prompt),
                draft.written,
                None,
                seconds,
                draft.score_labels,
                opened=prompt.opened,
            )
            for prompt, draft in zip(prompts, writer.drafts, strict=True)
        ]

    def _write(
        self, questions: Sequence[Question], prompts: Sequence[Prompt], *, only_thoughts: bool = False
    ) -> Writer:
        """Continue each prompt to its end, or to the end of its thoughts."""
        turn = self._maker.turns.written()
        writer = Writer(
            self.tokenizer,
            self._ends,
            self._max_new_tokens,
            [question.seed for question in questions],
            self._sampling,
            opened=turn.opened,
            thoughts=self._max_thinking_tokens if self._thinks else None,
            only_thoughts=only_thoughts,
            prompts=[prompt.ids.tolist() for prompt in prompts],
        )
        room = self._max_new_tokens + (self._max_thinking_tokens if self._thinks else 0)
        groups, slots = self._arranged([len(prompt) for prompt in prompts], room)
        held = sorted(map(len, prompts), reverse=True)[:slots]
        with self._measured(sum(held) + len(held) * room):
            self._engine.generate(prompts, writer, groups, slots)
        return writer

    def _arranged(self, lengths: Sequence[int], room: int) -> tuple[list[range], int]:
        """Which neighbours are computed together before they are answered, and how many rows are answered at once."""
        if self._budget is None:
            return [range(len(lengths))], len(lengths)
        at_once = self._budget.reply_tokens()
        together = min(self._budget.tokens(), max(at_once // 4, GROUP_TOKENS))
        starts, total = [0], 0
        for index, length in enumerate(lengths):
            total += length
            if index > starts[-1] and total > together:
                starts.append(index)
                total = length
        groups = [range(*pair) for pair in pairwise([*starts, len(lengths)])]
        weights = accumulate(sorted((length + self._counted(room) for length in lengths), reverse=True))
        return groups, max(1, sum(weight <= at_once for weight in weights))

    def _counted(self, room: int) -> int:
        """Tokens to expect of a reply: on the CPU, where memory is ample, a quarter of its room; few use it up."""
        return max(min(room, GROWTH), room // 4) if self.model.device.type == "cpu" else room

    @property
    def _thinks(self) -> bool:
        """Whether thoughts have room of their own."""
        return self._thinking == "on" or self._maker.turns.written().opened

    def _room_for(self, question: Question) -> int:
        """Tokens that may follow a question's prompt."""
        if question.answer.mode == "choice":
            # The answer's beginning and its label have as many tokens as characters at most.
            return self._max_thinking_tokens + len(question.answer.begin) if self._thinking == "on" else 0
        return self._max_new_tokens + (self._max_thinking_tokens if self._thinks else 0)

    @contextmanager
    def _measured(self, tokens: int) -> Iterator[None]:
        """Tell the budget what a batch of so many tokens takes, which only a GPU can say.

        When memory runs out, what is kept of images is given back before the batch is tried again in parts.
        """
        device = self.model.device
        if device.type == "cuda":
            before = torch.cuda.memory_allocated(device)
            torch.cuda.reset_peak_memory_stats(device)
        try:
            yield
        except Exception as error:
            if is_out_of_memory(error):
                self._engine.clear_cache(share=self._engine.share)
            raise
        if device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(device)
            self.counters.peak = max(self.counters.peak, peak)
            if self._budget is not None:
                self._budget.measured(tokens, peak - before)

    def _prompt(self, question: Question) -> Prompt:
        kept = self._prompts.get(id(question))
        if kept is not None and kept[0] is question:
            return kept[1]
        prompt = self._maker.prompt(question)
        room = self._positions - max(1, self._room_for(question))
        if len(prompt) > room:
            raise ItemError(
                f"the question has {len(prompt)} tokens; this judge has room for {room} beside its reply",
                kind="too-long",
            )
        self._prompts.put(id(question), (question, prompt))
        return prompt
