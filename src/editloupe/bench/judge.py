"""`editloupe bench judge`: how fast a judge is, against the usual ways, on the same questions in one run."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal

from PIL import Image, ImageEnhance, ImageOps

from editloupe.benchmarks.loading import load_samples
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.images import decode
from editloupe.judges.counters import Counters
from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.transformers import TransformersJudge
from editloupe.machine import peak_since_reset, processor, reset_peak
from editloupe.planning import PlannedReply
from editloupe.records import Failure, ImageBytes, Question, Reply, Sample
from editloupe.store.blobs import NoStore
from editloupe.workers import here

__all__ = ["Row", "bench_judge"]

ASKS = (
    "How well does the edit do what was asked? One digit.",
    "How well is everything else kept as it was? One digit.",
    "How natural does the edited picture look? One digit.",
)
"""Three metrics of at most 40 tokens, for what sharing a context between metrics is worth."""

EDITORS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One way of judging.

    Attributes:
        name: what it is.
        batch_size: questions per batch; None where batches are planned by tokens.
        mode: ``text`` or ``choice``.
        seconds: for all questions.
        images_per_second: edits judged per second, whatever the number of questions about each.
        ratio: its images per second over those of one by one in the mode ``text``.
        peak_memory_bytes: of the accelerator, or of this process, while it ran.
        padding: share of padding among the tokens of prompts.
        identical: share of replies (mode ``text``) or of scores to 3 decimals (``choice``) equal to one by one.
        outside: share of the time outside of the model's own calls.
    """

    name: str
    batch_size: int | None
    mode: str
    seconds: float
    images_per_second: float
    ratio: float
    peak_memory_bytes: int | None
    padding: float
    identical: float | None
    outside: float


def bench_judge(
    config: StudyConfig,
    *,
    batch_sizes: Sequence[int],
    samples: int,
    image_size: int | None,
    new_tokens: int,
    repeat: int,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Measure.

    Args:
        config: names the judge, the benchmark that pictures and instructions come from, and the rubric.
        batch_sizes: of the fixed batches.
        samples: how many edits are judged.
        image_size: side of all images in pixels; as they are where None.
        new_tokens: of a reply.
        repeat: how often each way is run; medians are reported.
        say: takes one line of progress.

    Returns:
        ``{workload, rows}``.

    Raises:
        ConfigError: the judge is none that runs here.
    """
    if config.workers.judge.engine != "here":
        raise ConfigError(
            "`editloupe bench judge` compares the ways to run a judge in one process, on the machine where it is "
            "called; call it on a worker's machine with `--set workers=here`"
        )
    part = config.judge
    if not issubclass(part.plugin, TransformersJudge):
        raise _not_measured()
    options = part.options.model_copy(update={"max_new_tokens": new_tokens})
    with part.model_copy(update={"options": options}).make() as judge:
        if not isinstance(judge, TransformersJudge) or isinstance(judge.runner, ReferenceRunner):
            raise _not_measured()
        bench = _Bench(config, judge, samples, image_size, new_tokens, repeat, say)
        rows = bench.rows(batch_sizes)
        return {"workload": bench.workload(), "rows": [asdict(row) for row in rows]}


def _not_measured() -> ConfigError:
    return ConfigError(
        "`editloupe bench judge` measures judges that run here: type transformers, of the Qwen-VL family"
    )


class _Bench:
    def __init__(
        self,
        config: StudyConfig,
        judge: TransformersJudge,
        samples: int,
        image_size: int | None,
        new_tokens: int,
        repeat: int,
        say: Callable[[str], None],
    ) -> None:
        self._config, self._judge = config, judge
        self._new_tokens, self._repeat, self._say = new_tokens, repeat, say
        options = judge.options
        self._fast = judge.runner
        self._plain = ReferenceRunner(
            self._fast.model, self._fast.processor, longest_edge=options.image.longest_edge, max_new_tokens=new_tokens
        )
        self._samples = _workload(config, samples, image_size)
        self._size = image_size
        self._baseline = 0.0

    def rows(self, batch_sizes: Sequence[int]) -> list[Row]:
        """Run everything, the usual way first."""
        text, choice = self._questions("text"), self._questions("choice")
        self._plain.generate(text[:1])  # what happens only once is not measured
        self._answer(choice[:2])
        rows: list[Row] = []
        reference = self._timed("one by one", 1, "text", lambda: self._fixed(text, 1), self._plain.counters, rows)
        for size in batch_sizes:
            if size > 1:
                self._timed(
                    f"fixed batches of {size}",
                    size,
                    "text",
                    lambda size=size: self._fixed(text, size),  # type: ignore[misc]
                    self._plain.counters,
                    rows,
                    reference,
                )
        counters = self._fast.counters
        self._timed("editloupe", None, "text", lambda: self._answer(text), counters, rows, reference)
        exact = self._timed("one by one", 1, "choice", lambda: self._fixed(choice, 1), self._plain.counters, rows)
        self._timed("editloupe", None, "choice", lambda: self._answer(choice), counters, rows, exact)
        one = [replace(question, ask=ASKS[0]) for question in choice]
        three = [replace(question, ask=ask) for question in choice for ask in ASKS]
        self._timed("editloupe, one short metric", None, "choice", lambda: self._answer(one), counters, rows)
        apart = self._timed(
            "three metrics, unshared", None, "choice", lambda: self._answer(three, share=False), counters, rows
        )
        self._timed("three metrics, shared", None, "choice", lambda: self._answer(three), counters, rows, apart)
        editors = self._edited_again()
        apart = self._timed(
            f"{EDITORS} editors, unshared", None, "choice", lambda: self._answer(editors, share=False), counters, rows
        )
        self._timed(f"{EDITORS} editors, shared", None, "choice", lambda: self._answer(editors), counters, rows, apart)
        return rows

    def workload(self) -> dict[str, Any]:
        """What was measured and where, and what batches would take by the stated memory model, weights apart."""
        import torch

        from editloupe.judges.qwen.memory import Shape, memory_table

        prompts = [self._fast._prompt(question) for question in self._questions("text")]  # noqa: SLF001 - for its lengths
        length, images = round(median(map(len, prompts))), sum(image.tokens for image in prompts[0].images)
        shape = Shape.of(self._fast.model.config, self._fast.model.dtype)
        device = self._fast.model.device
        return {
            "date": time.strftime("%Y-%m-%d"),
            "model": self._judge.options.model,
            "parameters": sum(one.numel() for one in self._fast.model.parameters()),
            "dtype": str(self._fast.model.dtype).removeprefix("torch."),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "edits": len(self._samples),
            "image_size": self._size,
            "images_per_question": len(prompts[0].images),
            "prompt_tokens": length,
            "new_tokens": self._new_tokens,
            "repeat": self._repeat,
            "modelled_bytes": dict(memory_table(shape, length, images, self._new_tokens)),
        }

    def _questions(self, mode: Literal["text", "choice"]) -> list[Question]:
        """The rubric's first question about each edit."""
        return [
            next(iter(self._config.rubric.questions(sample, edited, mode=mode).values()))
            for sample, (edited, *_) in self._samples
        ]

    def _edited_again(self) -> list[Question]:
        """Several edits of fewer samples, as many questions in all."""
        few = self._samples[: max(1, len(self._samples) // EDITORS)]
        return [
            next(iter(self._config.rubric.questions(sample, edited, mode="choice").values()))
            for sample, edits in few
            for edited in edits
        ]

    def _fixed(self, questions: Sequence[Question], size: int) -> list[Reply]:
        """The usual way: fixed batches in the order of the data, everything in turn."""
        replies: list[Reply] = []
        for start in range(0, len(questions), size):
            batch = questions[start : start + size]
            if batch[0].answer.mode == "choice":
                tokens = self._plain.tokenizer.convert_tokens_to_ids(list(batch[0].answer.labels))
                replies += self._plain.choose(batch, batch[0].answer, tokens)
            else:
                replies += self._plain.generate(batch)
        return replies

    def _answer(self, questions: Sequence[Question], *, share: bool = True) -> list[Reply]:
        """Our way: as a study does it, with nothing remembered from an earlier run."""
        fresh = [replace(question) for question in questions]
        self._fast.clear_cache(share=share)
        plans = [PlannedReply(str(index), "", Sample("", "", ""), "", question) for index, question in enumerate(fresh)]
        part = self._config.judge.model_copy(update={"batch_size": "auto", "use_batch_inference": True})
        outcomes = {done.item.key: done.outcome for batch in here.replies(part, self._judge, plans) for done in batch}
        replies = [outcome for plan in plans if isinstance(outcome := outcomes[plan.key], Reply)]
        failed = next((outcome for outcome in outcomes.values() if isinstance(outcome, Failure)), None)
        if failed is not None:
            raise ConfigError(f"a question of the workload failed: {failed.message}")
        return replies

    def _timed(
        self,
        name: str,
        size: int | None,
        mode: str,
        run: Callable[[], list[Reply]],
        counters: Counters,
        rows: list[Row],
        reference: Sequence[Reply] | None = None,
    ) -> list[Reply]:
        seconds, replies, peak = [], [], None
        before = replace(counters)
        for _ in range(self._repeat):
            reset_peak()
            started = time.perf_counter()
            replies = run()
            seconds.append(time.perf_counter() - started)
            peak = peak_since_reset()
        inside = (counters.inside - before.inside) / sum(seconds)
        tokens, padding = counters.tokens - before.tokens, counters.padding - before.padding
        # Several questions about one edit are one image judged.
        edits = len(replies) // (len(ASKS) if "three metrics" in name else 1)
        rate = edits / median(seconds)
        self._baseline = self._baseline or rate
        row = Row(
            name=name,
            batch_size=size,
            mode=mode,
            seconds=median(seconds),
            images_per_second=rate,
            ratio=rate / self._baseline,
            peak_memory_bytes=peak,
            padding=padding / max(1, tokens),
            identical=None if reference is None else _identical(replies, reference),
            outside=1 - inside,
        )
        rows.append(row)
        self._say(f"{mode:6} {name:28} {row.seconds:8.2f} s  {row.images_per_second:7.2f} images/s  {row.ratio:5.2f}x")
        return replies


def _workload(config: StudyConfig, count: int, size: int | None) -> list[tuple[Sample, list[ImageBytes]]]:
    """Samples with the edits of `EDITORS` made-up editors, as encoded files, so that decoding them is measured too."""
    benchmark = config.benchmark.make()
    usable = [one for one in load_samples(config.benchmark, benchmark, NoStore()) if one.failure is None]
    if not usable:
        raise ConfigError(f"the benchmark {benchmark.name!r} has no usable sample")
    made = []
    for index in range(count):
        sample = usable[index % len(usable)]
        image = decode(sample.sources[0])
        if size is not None:
            image = ImageOps.fit(image, (size, size))
        # No two samples share a picture, or what is remembered of one would be a gift to the other.
        image = ImageEnhance.Color(image).enhance(1 + index / count)
        edits = [ImageEnhance.Brightness(image).enhance(0.4 + 0.15 * n) for n in range(EDITORS)]
        made.append((replace(sample, sources=(_encoded(image),)), [_encoded(edit) for edit in edits]))
    return made


def _encoded(image: Image.Image) -> ImageBytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return ImageBytes(buffer.getvalue())


def _identical(replies: Iterable[Reply], reference: Iterable[Reply]) -> float:
    equal = []
    for one, other in zip(replies, reference, strict=True):
        if one.labels is None or other.labels is None:
            equal.append(one.text == other.text)
        else:
            equal.append(all(round(one.labels[label], 3) == round(p, 3) for label, p in other.labels.items()))
    return sum(equal) / len(equal)
