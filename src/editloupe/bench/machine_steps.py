"""What `editloupe bench machine` measures on one device; each function is one row of its table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from editloupe.batching import stream
from editloupe.bench.arithmetic import matmul_rate, prompt_operations
from editloupe.images import picture_of
from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.qwen.memory import Shape
from editloupe.judges.qwen.runner import QwenRunner
from editloupe.judges.random_weights import load_random
from editloupe.records import AnswerFormat, Failure, ImagePart, Picture, Question, Reply

if TYPE_CHECKING:
    import torch

__all__ = ["STEPS", "Finding", "NotMeasured", "Workbench"]

CHOICE = AnswerFormat("choice", tuple("0123456789"), '{"score": ')
TEXT = AnswerFormat()
ASKS = ("How well was it done? ", "How well is the rest kept? ", "How natural does it look? ")
GUIDE = "Compare the picture after the edit with the picture before it, and with what was asked. " * 8
NEW_TOKENS = 32


class NotMeasured(Exception):  # noqa: N818 - not an error: the reason why a cell of the table is empty
    """This device cannot show it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One cell: what the table says, and the numbers behind it."""

    text: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Workbench:
    """A model with random weights on a device, and the work that it is given.

    Attributes:
        device: torch's name of it.
        shape: of the model; one of `random_weights.SHAPES`.
        side: of the pictures, in pixels.
        pairs: how many edits are judged at once.
        small: the shape that is made in two types.
    """

    device: str
    shape: str
    side: int
    pairs: int
    small: str = "63m"
    model: Any = None
    processor: Any = None
    loading: float = 0.0

    @property
    def on_gpu(self) -> bool:
        """Whether there is an allocator of the device's own to ask."""
        import torch

        return bool(torch.device(self.device).type == "cuda")

    def load(self) -> None:
        """Make the weights."""
        started = time.perf_counter()
        self.model, self.processor = load_random(self.shape, dtype=dtype_of(self.shape), device=self.device)
        self.wait()
        self.loading = time.perf_counter() - started

    def wait(self) -> None:
        """Wait until the device has done everything."""
        import torch

        if self.on_gpu:
            torch.cuda.synchronize(self.device)

    def runner(self, *, share: bool = True) -> QwenRunner:
        """The fast engine, with nothing remembered."""
        return QwenRunner(self.model, self.processor, longest_edge=None, max_new_tokens=NEW_TOKENS, share=share)

    def questions(self, answer: AnswerFormat = CHOICE, asks: Sequence[str] = ASKS[:1], seed: int = 0) -> list[Question]:
        """Each ask about each pair of pictures."""
        asked = []
        for index in range(seed, seed + 2 * self.pairs, 2):
            before, after = self._picture(index), self._picture(index + 1)
            context = (ImagePart("source", before), "Instruction: make it so.", ImagePart("edited", after))
            asked += [Question(GUIDE, context, ask, answer) for ask in asks]
        return asked

    def _picture(self, seed: int) -> Picture:
        """Blurred noise: no two alike, and quickly encoded."""
        pixels = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        return picture_of(Image.fromarray(pixels).resize((self.side, self.side)))


def dtype_of(shape: str) -> torch.dtype:
    """The type of weights that a judge of this shape has."""
    import torch

    return torch.bfloat16 if shape in ("8b", "30b-a3b") else torch.float32


def choose(runner: QwenRunner | ReferenceRunner, questions: Sequence[Question]) -> tuple[list[Reply], float]:
    """Label probabilities of one batch, and the seconds that it took."""
    tokens = runner.tokenizer.convert_tokens_to_ids(list(CHOICE.labels))
    started = time.perf_counter()
    return runner.choose(questions, CHOICE, tokens), time.perf_counter() - started


def largest_difference(replies: Sequence[Reply], others: Sequence[Reply]) -> float:
    """The largest difference of any label's probability."""
    return max(
        abs((reply.labels or {})[label] - chance)
        for reply, other in zip(replies, others, strict=True)
        for label, chance in (other.labels or {}).items()
    )


def loads(bench: Workbench) -> Finding:
    """Weights made where they will be used."""
    parameters = sum(weights.numel() for weights in bench.model.parameters())
    size = sum(weights.nbytes for weights in bench.model.parameters())
    dtype = str(bench.model.dtype).removeprefix("torch.")
    return Finding(
        f"{bench.shape}, {dtype}: {size / 2**30:.2f} GiB in {bench.loading:.1f} s",
        {"shape": bench.shape, "dtype": dtype, "parameters": parameters, "bytes": size, "seconds": bench.loading},
    )


def batched_equals_one_by_one(bench: Workbench) -> Finding:
    """The fast engine's batch against transformers' own calls, one question at a time."""
    questions = bench.questions()[: min(bench.pairs, 6)]
    fast = bench.runner()
    reference = ReferenceRunner(bench.model, bench.processor, longest_edge=None, max_new_tokens=NEW_TOKENS)
    together, seconds = choose(fast, questions)
    apart = [choose(reference, [question]) for question in questions]
    difference = largest_difference(together, [replies[0] for replies, _ in apart])
    written = [replace(question, answer=TEXT) for question in questions[:3]]
    texts = [reply.text for reply in fast.generate(written)]
    expected = [reference.generate([question])[0].text for question in written]
    same = sum(map(str.startswith, expected, texts)) / len(texts)
    one_by_one = sum(taken for _, taken in apart)
    return Finding(
        f"labels differ by {difference:.0e} at most, {same:.0%} of replies equal, {one_by_one / seconds:.1f}x as fast",
        {
            "largest_difference": difference,
            "equal_replies": same,
            "seconds": seconds,
            "seconds_one_by_one": one_by_one,
            "questions": len(questions),
        },
    )


def shared_equals_unshared(bench: Workbench) -> Finding:
    """Three metrics of each edit, their common beginning computed once or three times."""
    results = {}
    for share in (True, False):
        runner = bench.runner(share=share)
        replies, seconds = choose(runner, bench.questions(asks=ASKS, seed=1000))
        results[share] = replies, seconds, runner.counters.tokens - runner.counters.padding
    (shared, seconds, tokens), (apart, seconds_apart, tokens_apart) = results[True], results[False]
    difference = largest_difference(shared, apart)
    return Finding(
        f"labels differ by {difference:.0e} at most, {tokens_apart / tokens:.1f}x fewer tokens, "
        f"{seconds_apart / seconds:.1f}x as fast",
        {
            "largest_difference": difference,
            "tokens": tokens,
            "tokens_unshared": tokens_apart,
            "seconds": seconds,
            "seconds_unshared": seconds_apart,
        },
    )


def stated_memory(bench: Workbench) -> Finding:
    """What the stated model says that a batch takes, against the most that the allocator held."""
    import torch

    if not bench.on_gpu:
        raise NotMeasured("a CPU's memory has no allocator that tells what a batch took")
    questions = bench.questions(seed=2000)
    runner = bench.runner()
    before = torch.cuda.memory_allocated(bench.device)
    torch.cuda.reset_peak_memory_stats(bench.device)
    choose(runner, questions)
    peak = torch.cuda.max_memory_allocated(bench.device) - before
    stated = _stated(bench, runner, questions)
    return Finding(
        f"{len(questions)} questions: stated {stated / 2**30:.2f} GiB, peak {peak / 2**30:.2f} GiB",
        {"questions": len(questions), "stated_bytes": stated, "peak_bytes": peak},
    )


def recovers_from_too_large_a_batch(bench: Workbench) -> Finding:
    """Memory is taken until a batch of all questions cannot fit; the device itself must refuse it."""
    import torch

    if not bench.on_gpu:
        raise NotMeasured("a CPU's allocator refuses nothing; the system would end the process")
    questions = bench.questions(seed=3000)
    runner = bench.runner()
    expected, _ = choose(runner, questions)
    runner.clear_cache()
    refused = 0

    def answer(batch: Sequence[Question]) -> list[Reply]:
        nonlocal refused
        try:
            return choose(runner, batch)[0]
        except torch.OutOfMemoryError:
            refused += 1
            raise

    with _memory_left(bench, _stated(bench, runner, questions) // 3):
        done = [
            answered for batch in stream(questions, answer, size=len(questions), stage="judge") for answered in batch
        ]
    lost = sum(isinstance(answered.outcome, Failure) for answered in done)
    replies = {id(answered.item): answered.outcome for answered in done}
    kept = [(replies[id(asked)], reply) for asked, reply in zip(questions, expected, strict=True)]
    pairs = [(outcome, reply) for outcome, reply in kept if isinstance(outcome, Reply)]
    difference = largest_difference([outcome for outcome, _ in pairs], [other for _, other in pairs]) if pairs else None
    if not refused:
        raise NotMeasured("no batch was refused, so nothing had to recover")
    return Finding(
        f"{refused} batches refused, {len(questions) - lost} of {len(questions)} answered"
        + (f", labels differ by {difference:.0e} at most" if difference is not None else ""),
        {"refused": refused, "questions": len(questions), "lost": lost, "largest_difference": difference},
    )


def tokens_per_second(bench: Workbench) -> Finding:
    """Tokens of prompts read and of replies written; a decoding step is one pass over all open replies."""
    runner = bench.runner()
    _, reading = choose(runner, bench.questions(seed=4000))
    tokens = runner.counters.tokens - runner.counters.padding
    started = time.perf_counter()
    replies = runner.generate(bench.questions(TEXT, seed=5000))
    writing = time.perf_counter() - started - reading
    written = sum(reply.reply_tokens for reply in replies) - len(replies)
    rate = written / writing if writing > 0 and written > 0 else None
    return Finding(
        f"prompts {tokens / reading:,.0f}/s, replies "
        + (f"{rate:,.0f}/s" if rate is not None else "not measured")
        + f" in {len(replies)} rows, a pass per step, no graph",
        {
            "prompt_tokens": tokens,
            "prompt_seconds": reading,
            "reply_tokens": written,
            "reply_seconds": writing,
            "rows": len(replies),
            "path": "a pass per step, no graph",
        },
    )


def bfloat16_against_float32(bench: Workbench) -> Finding:
    """The small shape in both types: what rounding does to scores, and what it saves."""
    import torch

    results = []
    for dtype in (torch.bfloat16, torch.float32):
        small = Workbench(bench.device, bench.small, 256, min(bench.pairs, 8))
        small.model, small.processor = load_random(bench.small, dtype=dtype, device=bench.device)
        runner = small.runner()
        choose(runner, small.questions(seed=6000)[:1])  # what happens only once
        results.append(choose(runner, small.questions(seed=7000)))
    (rounded, seconds), (exact, seconds_exact) = results
    difference = largest_difference(rounded, exact)
    scores = max(abs(_expected(reply) - _expected(other)) for reply, other in zip(rounded, exact, strict=True))
    return Finding(
        f"{bench.small}: scores of 0 to 9 differ by {scores:.3f} at most, {seconds_exact / seconds:.2f}x as fast",
        {
            "largest_difference": difference,
            "largest_score_difference": scores,
            "seconds": seconds,
            "seconds_float32": seconds_exact,
        },
    )


def share_of_the_ceiling(bench: Workbench) -> Finding:
    """Arithmetic of prompts per second, against that of one large matrix product."""
    ceiling = matmul_rate(bench.device, bench.model.dtype)
    runner = bench.runner()
    choose(runner, bench.questions(seed=8000)[:2])
    questions = bench.questions(seed=9000)
    prompts = [runner._prompt(question) for question in questions]  # noqa: SLF001 - for lengths and grids
    _, seconds = choose(runner, questions)
    operations = sum(
        prompt_operations(bench.model, len(prompt), [image.grid for image in prompt.images]) for prompt in prompts
    )
    rate = operations / seconds
    return Finding(
        f"{rate / 1e12:.3g} of {ceiling / 1e12:.3g} TFLOP/s: {rate / ceiling:.0%}",
        {"operations_per_second": rate, "matmul_operations_per_second": ceiling, "share": rate / ceiling},
    )


STEPS: tuple[tuple[str, Callable[[Workbench], Finding]], ...] = (
    ("loads", loads),
    ("batched = one by one", batched_equals_one_by_one),
    ("shared = unshared", shared_equals_unshared),
    ("budget against peak", stated_memory),
    ("recovers from too large a batch", recovers_from_too_large_a_batch),
    ("tokens per second", tokens_per_second),
    ("share of the matmul ceiling", share_of_the_ceiling),
    ("bf16 against fp32", bfloat16_against_float32),
)
"""The rows, in the order in which they are measured."""


def _expected(reply: Reply) -> float:
    labels = reply.labels or {}
    return sum(int(label) * chance for label, chance in labels.items()) / sum(labels.values())


def _stated(bench: Workbench, runner: QwenRunner, questions: Sequence[Question]) -> int:
    prompts = [runner._prompt(question) for question in questions]  # noqa: SLF001 - for their lengths
    images = sum(image.tokens for image in prompts[0].images)
    return Shape.of(bench.model.config, bench.model.dtype).batch(len(prompts), max(map(len, prompts)), images)


@contextmanager
def _memory_left(bench: Workbench, room: int) -> Iterator[None]:
    """Fill the device's memory except for `room` bytes."""
    import torch

    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(bench.device)
    ballast = torch.empty(max(0, free - room), dtype=torch.uint8, device=bench.device)
    try:
        yield
    finally:
        del ballast
        torch.cuda.empty_cache()
