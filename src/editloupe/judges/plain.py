"""Judging with transformers' own calls alone: what the fast engine is compared with and must equal.

A batch is a list of conversations, padded on the left, one `generate` (or one forward pass), the prompts trimmed off,
one `batch_decode`. It serves every vision-language model of transformers, and is used for those outside the Qwen-VL
family.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from editloupe.images import decode, fit
from editloupe.judges.conversation import conversation
from editloupe.judges.counters import Counters
from editloupe.judges.runner import Runner
from editloupe.judges.sampling import GREEDY, THINKING_TOKENS, Sampling, Thinking
from editloupe.judges.turns import Turns
from editloupe.judges.written import ReplyRoom, WrittenTokens, thoughts_before_choice
from editloupe.records import AnswerFormat, Question, Reply

if TYPE_CHECKING:
    import torch

__all__ = ["ReferenceRunner", "end_tokens"]


class ReferenceRunner(Runner):
    """Runs batches through a model and its processor as they come from transformers.

    Args:
        model, processor: of one checkpoint.
        longest_edge: images are shrunk to it first.
        max_new_tokens: where a reply is cut off.
        sampling: how tokens are chosen.
        thinking: what the chat template is told.
        max_thinking_tokens: room for thoughts, where the template opens them or is told to.
    """

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
    ) -> None:
        self._counters = Counters()
        self.model = model
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._longest_edge = longest_edge
        self._max_new_tokens = max_new_tokens
        self._sampling = sampling
        self._thinking = thinking
        self._max_thinking_tokens = max_thinking_tokens
        self._turns = Turns(processor.tokenizer, processor.chat_template, thinking)
        self._written = WrittenTokens(processor.tokenizer)

    def encode(self, questions: Sequence[Question]) -> Mapping[str, torch.Tensor]:
        """Tokenize one batch of the same answer format: (batch, length) ids and mask, padded on the left, and pixels.

        Padding is asked for per call, so the tokenizer keeps the padding side it came with. Text from data stays text:
        control tokens in it are encoded as ordinary characters.
        """
        begin = questions[0].answer.begin if self._thinking != "on" else ""
        turn = self._turns.begun(begin) if begin else self._turns.written()
        asked = [self.conversation(question) for question in questions]
        if not begin or turn.own is not None:
            asked = [[message for message in messages if message["role"] != "assistant"] for messages in asked]
        inputs = self.processor.apply_chat_template(
            asked,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=not begin and turn.own is None,
            continue_final_message=bool(begin) and turn.own is None,
            sanitize_control_tokens=True,
            processor_kwargs={"padding": True, "padding_side": "left"},
            **self._turns.settings,
        )
        if turn.own is not None:
            _append(inputs, self.tokenizer(turn.own, add_special_tokens=False)["input_ids"])
        self.counters.tokens += inputs["attention_mask"].numel()
        self.counters.padding += int((inputs["attention_mask"] == 0).sum())
        moved: Mapping[str, torch.Tensor] = inputs.to(self.model.device, dtype=self.model.dtype)
        return moved

    @property
    def counters(self) -> Counters:
        """Tokens, padding and time spent in the model so far."""
        return self._counters

    def generate(self, questions: Sequence[Question]) -> list[Reply]:
        """Write one reply per question."""
        started = time.perf_counter()
        inputs = self.encode(questions)
        drafts = self._write(inputs, [question.seed for question in questions])
        opened = self._turns.written().opened
        seconds = (time.perf_counter() - started) / len(questions)
        replies = []
        for row, (tokens, written, stopped) in enumerate(drafts):
            prompt = int(inputs["attention_mask"][row].sum())
            finish: Literal["stop", "length"] = "stop" if stopped else "length"
            text = self._written.text(tokens).strip()
            replies.append(Reply(text, finish, prompt, written, None, seconds, opened=opened))
        return replies

    def _write(
        self, inputs: Mapping[str, torch.Tensor], seeds: Sequence[int], *, only_thoughts: bool = False
    ) -> list[tuple[list[int], int, bool]]:
        """Continue each prompt; (tokens without the end's, tokens written, whether it ended by itself) of each."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        ends = end_tokens(self.model, self.tokenizer)
        opened = self._turns.written().opened
        thoughts = self._max_thinking_tokens if opened or self._thinking == "on" else None
        rooms = [ReplyRoom(self._written, self._max_new_tokens, thoughts, opened=opened) for _ in seeds]
        width = inputs["input_ids"].shape[1]
        padding = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else ends[0]
        # Built anew rather than taken from the checkpoint, whose sampling defaults would make replies random. What is
        # not stated here `generate` would still take from there: Qwen2.5-VL publishes a repetition penalty of 1.05.
        config = GenerationConfig(
            max_new_tokens=self._max_new_tokens + (thoughts or 0),
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            eos_token_id=ends,
            pad_token_id=padding,
        )
        extra = LogitsProcessorList()
        if self._sampling != GREEDY:
            prompts = [
                ids[mask.bool()].tolist()
                for ids, mask in zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
            ]
            extra.append(_SeededSampling(self._sampling, seeds, prompts, width))
        stop = _Rooms(rooms, width, ends, only_thoughts=only_thoughts)
        with torch.inference_mode(), self._inside():
            output = self.model.generate(
                **inputs,
                generation_config=config,
                logits_processor=extra,
                stopping_criteria=StoppingCriteriaList([] if thoughts is None else [stop]),
            )
        drafts = []
        for length, row in zip(stop.lengths, output[:, width:].tolist(), strict=True):
            tokens = row[:length]
            end = next((index for index, token in enumerate(tokens) if token in ends), None)
            drafts.append((tokens[:end], len(tokens) if end is None else end + 1, end is not None))
        return drafts

    def choose(self, questions: Sequence[Question], answer: AnswerFormat, tokens: Sequence[int]) -> list[Reply]:
        """Read the probabilities of the labels, whose token ids are `tokens`, from one forward pass.

        A judge that thinks does so first, each question for itself.
        """
        if self._thinking == "on":
            return [self._choose_thinking(question, answer, tokens) for question in questions]
        started = time.perf_counter()
        return self._chosen(self.encode(questions), answer, tokens, started)

    def _choose_thinking(self, question: Question, answer: AnswerFormat, tokens: Sequence[int]) -> Reply:
        started = time.perf_counter()
        inputs = self.encode([question])
        ((thought, written, _),) = self._write(inputs, [question.seed], only_thoughts=True)
        opened = self._turns.written().opened
        thoughts = thoughts_before_choice(self._written.text(thought), opened=opened)
        if thoughts.unfinished is not None:
            prompt = int(inputs["attention_mask"].sum())
            seconds = time.perf_counter() - started
            return Reply(thoughts.unfinished, "length", prompt, written, None, seconds, opened=opened)
        lead = thoughts.lead(self._turns.separator(answer.begin))
        _append(inputs, thought if thoughts.said is not None else [])
        _append(inputs, self.tokenizer(lead + answer.begin, add_special_tokens=False)["input_ids"])
        (reply,) = self._chosen(inputs, answer, tokens, started)
        return replace(reply, thoughts=thoughts.said or None, reply_tokens=written + 1)

    def _chosen(
        self, inputs: Mapping[str, torch.Tensor], answer: AnswerFormat, tokens: Sequence[int], started: float
    ) -> list[Reply]:
        import torch

        with torch.inference_mode(), self._inside():
            # Left padding: the last position is the last real token of every row.
            logits = self.model(**inputs, logits_to_keep=1, use_cache=False).logits[:, -1].float()
            chances = torch.softmax(logits, dim=-1)[:, list(tokens)].cpu().tolist()
        seconds = (time.perf_counter() - started) / len(chances)
        replies = []
        for row, values in enumerate(chances):
            labels = dict(zip(answer.labels, values, strict=True))
            prompt = int(inputs["attention_mask"][row].sum())
            replies.append(Reply(max(labels, key=labels.__getitem__), "choice", prompt, 1, labels, seconds))
        return replies

    @contextmanager
    def _inside(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        if self.counters.waiting and self.model.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self.model.device)
        self.counters.inside += time.perf_counter() - started

    def conversation(self, question: Question) -> list[dict[str, Any]]:
        """The messages of a question, with the pixels of its images."""
        return conversation(question, lambda picture: {"image": fit(decode(picture), self._longest_edge)})


class _SeededSampling:
    """Sampling that does not depend on the batch; the formula is that of `judges.qwen.decoding.Writer`."""

    def __init__(self, sampling: Sampling, seeds: Sequence[int], prompts: Sequence[Sequence[int]], width: int) -> None:
        from editloupe.judges.qwen.decoding import Sampler

        self._sampler = Sampler(sampling, seeds)
        self._prompts = prompts
        self._width = width

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self._sampler.penalizes:
            before = list(zip(self._prompts, ids[:, self._width :].tolist(), strict=True))
            scores = self._sampler.penalized(scores, before)
        return self._sampler.noisy(scores, range(len(scores)))


class _Rooms:
    """Ends each row of `generate` where its thoughts or its answer have used up their room."""

    def __init__(self, rooms: Sequence[ReplyRoom], width: int, ends: Sequence[int], *, only_thoughts: bool) -> None:
        self.lengths: list[int | None] = [None] * len(rooms)
        self._rooms = rooms
        self._width = width
        self._ends = ends
        self._only_thoughts = only_thoughts

    def __call__(self, ids: torch.Tensor, _scores: torch.Tensor, **_: Any) -> torch.Tensor:
        import torch

        for row, tokens in enumerate(ids[:, self._width :].tolist()):
            if self.lengths[row] is None and (tokens[-1] in self._ends or self._is_done(self._rooms[row], tokens)):
                self.lengths[row] = len(tokens)
        return torch.tensor([length is not None for length in self.lengths], device=ids.device)

    def _is_done(self, room: ReplyRoom, tokens: Sequence[int]) -> bool:
        return room.is_used(tokens) or (self._only_thoughts and room.is_past_thoughts(tokens))


def _append(inputs: Any, tokens: Sequence[int]) -> None:
    """Put the same tokens of text behind every prompt of a batch that is padded on the left."""
    import torch

    ids = inputs["input_ids"]
    more = torch.tensor(tokens, dtype=ids.dtype, device=ids.device).expand(len(ids), -1)
    fill = {"input_ids": more, "attention_mask": torch.ones_like(more)}
    for name, value in list(inputs.items()):
        if name in fill or (torch.is_tensor(value) and value.shape == ids.shape):
            inputs[name] = torch.cat([value, fill.get(name, torch.zeros_like(more)).to(value.dtype)], dim=1)


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end a reply: the checkpoint's own, and the tokenizer's."""
    stated = model.generation_config.eos_token_id
    ends = list(stated) if isinstance(stated, list | tuple) else [stated]
    ends.append(tokenizer.eos_token_id)
    return sorted({token for token in ends if token is not None})
