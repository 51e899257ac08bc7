"""Judging with transformers' own calls alone: what the fast engine is compared with and must equal.

A batch is a list of conversations, padded on the left, one `generate` (or one forward pass), the prompts trimmed off,
one `batch_decode`. It serves every vision-language model of transformers, and is used for those outside the Qwen-VL
family.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from editloupe.images import decode, fit
from editloupe.judges.conversation import conversation
from editloupe.judges.counters import Counters
from editloupe.records import AnswerFormat, Question, Reply
from editloupe.rubrics.thoughts import opens_thoughts

if TYPE_CHECKING:
    import torch

__all__ = ["TURN_BEGIN", "ReferenceRunner", "end_tokens"]

TURN_BEGIN = 16
"""Tokens at a prompt's end among which a template may open the judge's thoughts."""


class ReferenceRunner:
    """Runs batches through a model and its processor as they come from transformers.

    Args:
        model, processor: of one checkpoint.
        longest_edge: images are shrunk to it first.
        max_new_tokens: where a reply is cut off.
        temperature: 0 is greedy.
    """

    def __init__(
        self, model: Any, processor: Any, *, longest_edge: int | None, max_new_tokens: int, temperature: float = 0.0
    ) -> None:
        self.counters = Counters()
        self.model = model
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._longest_edge = longest_edge
        self._max_new_tokens = max_new_tokens
        self._temperature = temperature

    def encode(self, questions: Sequence[Question]) -> Mapping[str, torch.Tensor]:
        """Tokenize one batch of the same answer format: (batch, length) ids and mask, padded on the left, and pixels.

        Padding is asked for per call, so the tokenizer keeps the padding side it came with. Text from data stays text:
        control tokens in it are encoded as ordinary characters.
        """
        begin = questions[0].answer.begin
        inputs = self.processor.apply_chat_template(
            [self.conversation(question) for question in questions],
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=not begin,
            continue_final_message=bool(begin),
            sanitize_control_tokens=True,
            processor_kwargs={"padding": True, "padding_side": "left"},
        )
        self.counters.tokens += inputs["attention_mask"].numel()
        self.counters.padding += int((inputs["attention_mask"] == 0).sum())
        moved: Mapping[str, torch.Tensor] = inputs.to(self.model.device, dtype=self.model.dtype)
        return moved

    def generate(self, questions: Sequence[Question]) -> list[Reply]:
        """Write one reply per question."""
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        started = time.perf_counter()
        inputs = self.encode(questions)
        ends = end_tokens(self.model, self.tokenizer)
        padding = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else ends[0]
        # Built anew rather than taken from the checkpoint, whose sampling defaults would make replies random. What is
        # not stated here `generate` would still take from there: Qwen2.5-VL publishes a repetition penalty of 1.05.
        config = GenerationConfig(
            max_new_tokens=self._max_new_tokens,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            eos_token_id=ends,
            pad_token_id=padding,
        )
        extra = LogitsProcessorList()
        if self._temperature > 0:
            extra.append(_SeededSampling(self._temperature, [question.seed for question in questions]))
        with torch.inference_mode(), self._inside():
            output = self.model.generate(**inputs, generation_config=config, logits_processor=extra)
        trimmed = output[:, inputs["input_ids"].shape[1] :].cpu()
        texts = self.processor.batch_decode(trimmed, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        seconds = (time.perf_counter() - started) / len(questions)
        # All questions of a judge end their prompts alike, so one tells for the batch.
        opened = opens_thoughts(self.tokenizer.decode(inputs["input_ids"][0, -TURN_BEGIN:].tolist()))
        replies = []
        for row, text in enumerate(texts):
            ended = [position for position, token in enumerate(trimmed[row].tolist()) if token in ends]
            length = ended[0] + 1 if ended else trimmed.shape[1]
            prompt = int(inputs["attention_mask"][row].sum())
            finish: Literal["stop", "length"] = "stop" if ended else "length"
            replies.append(Reply(text.strip(), finish, prompt, length, None, seconds, opened=opened))
        return replies

    def choose(self, questions: Sequence[Question], answer: AnswerFormat, tokens: Sequence[int]) -> list[Reply]:
        """Read the probabilities of the labels, whose token ids are `tokens`, from one forward pass."""
        import torch

        started = time.perf_counter()
        inputs = self.encode(questions)
        with torch.inference_mode(), self._inside():
            # Left padding: the last position is the last real token of every row.
            logits = self.model(**inputs, logits_to_keep=1, use_cache=False).logits[:, -1].float()
            chances = torch.softmax(logits, dim=-1)[:, list(tokens)].cpu().tolist()
        seconds = (time.perf_counter() - started) / len(questions)
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
        if self.model.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self.model.device)
        self.counters.inside += time.perf_counter() - started

    def conversation(self, question: Question) -> list[dict[str, Any]]:
        """The messages of a question, with the pixels of its images."""
        return conversation(question, lambda picture: {"image": fit(decode(picture), self._longest_edge)})


class _SeededSampling:
    """Sampling that does not depend on the batch; the formula is that of `judges.qwen.decoding.Writer`."""

    def __init__(self, temperature: float, seeds: Sequence[int]) -> None:
        from editloupe.judges.qwen.decoding import Sampler

        self._sampler = Sampler(temperature, seeds)

    def __call__(self, _ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return self._sampler.noisy(scores, range(len(scores)))


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end a reply: the checkpoint's own, and the tokenizer's."""
    stated = model.generation_config.eos_token_id
    ends = list(stated) if isinstance(stated, list | tuple) else [stated]
    ends.append(tokenizer.eos_token_id)
    return sorted({token for token in ends if token is not None})
