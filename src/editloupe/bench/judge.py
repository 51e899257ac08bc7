"""`editloupe bench judge`: how fast a judge is, against the usual ways, on the same questions in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from editloupe.bench.contenders import Ours, Usual
from editloupe.bench.records import Bench, Way, Workload
from editloupe.bench.stopwatch import Stopwatch
from editloupe.bench.work import ASKS, EDITORS, edited_samples, first_questions, questions_about_all_edits
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.runner import Runner
from editloupe.judges.transformers import TransformersJudge
from editloupe.machine import processor
from editloupe.planning import require_scores
from editloupe.records import Question, Reply

__all__ = ["bench_judge"]


def bench_judge(
    config: StudyConfig,
    *,
    batch_sizes: Sequence[int],
    samples: int,
    image_size: int | None,
    new_tokens: int,
    repeat: int,
    say: Callable[[str], None],
) -> Bench:
    """Measure.

    Args:
        config: names the judge, the benchmark that pictures and instructions come from, and the rubric.
        batch_sizes: of the fixed batches.
        samples: how many edits are judged.
        image_size: side of all images in pixels; as they are where None.
        new_tokens: of a reply.
        repeat: how often each way is run; medians are reported.
        say: takes one line of progress.

    Raises:
        ConfigError: the judge is none that runs here.
    """
    if config.workers.judge.engine != "here":
        raise ConfigError(
            "`editloupe bench judge` compares the ways to run a judge in one process, on the machine where it is "
            "called; call it on a worker's machine with `--set workers=here`"
        )
    require_scores(config, "the measurement of a judge's speed")
    part = config.judge
    if not issubclass(part.plugin, TransformersJudge):
        raise _not_measured()
    options = part.options.model_copy(update={"max_new_tokens": new_tokens})
    with part.model_copy(update={"options": options}).make() as judge:
        if not isinstance(judge, TransformersJudge):
            raise _not_measured()
        runner = judge.runner
        usual = Usual(
            ReferenceRunner(
                runner.model,
                runner.processor,
                longest_edge=judge.options.image.longest_edge,
                max_new_tokens=new_tokens,
            )
        )
        ours = Ours(part, judge, runner)
        work = edited_samples(config, samples, image_size)
        text, choice = (first_questions(config.rubric, work, mode) for mode in ("text", "choice"))
        usual.answer(text[:1], 1)  # what happens only once is not measured
        ours.answer(choice[:2])
        watch = Stopwatch(repeat, say)
        written = _measure_text(watch, usual, ours, text, batch_sizes)
        _measure_choice(watch, usual, ours, choice)
        if runner.shares:
            _measure_metrics(watch, ours, choice)
            _measure_editors(watch, ours, questions_about_all_edits(config.rubric, work))
        workload = _workload(judge, text, written, image_size=image_size, new_tokens=new_tokens, repeat=repeat)
        return Bench(workload, tuple(watch.rows))


def _not_measured() -> ConfigError:
    return ConfigError(
        "`editloupe bench judge` compares the ways to run a checkpoint here: a judge of type transformers; how any two "
        "judges compare is measured by `--against`"
    )


def _measure_text(
    watch: Stopwatch, usual: Usual, ours: Ours, questions: Sequence[Question], batch_sizes: Sequence[int]
) -> list[Reply]:
    """Written replies: one by one, which comes first and is what all is compared with, fixed batches, and ours."""
    way = Way("one by one", "text", 1)
    reference = watch.time(way, usual, lambda: usual.answer(questions, 1))
    for size in batch_sizes:
        if size > 1:
            way = Way(f"fixed batches of {size}", "text", size)
            watch.time(way, usual, lambda size=size: usual.answer(questions, size), reference)  # type: ignore[misc]
    return watch.time(Way("editloupe", "text", ours=True), ours, lambda: ours.answer(questions), reference)


def _measure_choice(watch: Stopwatch, usual: Usual, ours: Ours, questions: Sequence[Question]) -> None:
    """Answers by choice, one by one and ours; then ours with a short question, as the next ways ask it."""
    reference = watch.time(Way("one by one", "choice", 1), usual, lambda: usual.answer(questions, 1))
    watch.time(Way("editloupe", "choice", ours=True), ours, lambda: ours.answer(questions), reference)
    short = [replace(question, ask=ASKS[0]) for question in questions]
    watch.time(Way("editloupe, one short metric", "choice", ours=True), ours, lambda: ours.answer(short))


def _measure_metrics(watch: Stopwatch, ours: Ours, questions: Sequence[Question]) -> None:
    """What it is worth that several metrics of one edit share their context."""
    several = [replace(question, ask=ask) for question in questions for ask in ASKS]
    apart = Way("three metrics, unshared", "choice", questions_per_edit=len(ASKS))
    shared = replace(apart, name="three metrics, shared", ours=True)
    reference = watch.time(apart, ours, lambda: ours.answer(several, share=False))
    watch.time(shared, ours, lambda: ours.answer(several), reference)


def _measure_editors(watch: Stopwatch, ours: Ours, questions: Sequence[Question]) -> None:
    """What it is worth that several edits of one sample share its source image."""
    apart = Way(f"{EDITORS} editors, unshared", "choice")
    shared = replace(apart, name=f"{EDITORS} editors, shared", ours=True)
    reference = watch.time(apart, ours, lambda: ours.answer(questions, share=False))
    watch.time(shared, ours, lambda: ours.answer(questions), reference)


def _workload(
    judge: TransformersJudge,
    questions: Sequence[Question],
    replies: Sequence[Reply],
    *,
    image_size: int | None,
    new_tokens: int,
    repeat: int,
) -> Workload:
    """What was measured and where, and what batches would take by the stated memory model, where there is one."""
    import torch

    model = judge.runner.model
    return Workload(
        date=time.strftime("%Y-%m-%d"),
        model=judge.options.model,
        parameters=sum(weights.numel() for weights in model.parameters()),
        dtype=str(model.dtype).removeprefix("torch."),
        device=torch.cuda.get_device_name(model.device) if model.device.type == "cuda" else processor(),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        edits=len(questions),
        image_size=image_size,
        images_per_question=len(questions[0].images),
        prompt_tokens=round(median(reply.prompt_tokens for reply in replies)),
        new_tokens=new_tokens,
        repeat=repeat,
        modelled_bytes=_modelled(judge.runner, questions, new_tokens),
    )


def _modelled(runner: Runner, questions: Sequence[Question], new_tokens: int) -> dict[int, int]:
    """Bytes by batch size, by the fast engine's model of memory; nothing where another way runs the checkpoint."""
    from editloupe.judges.qwen.memory import Shape, memory_table
    from editloupe.judges.qwen.runner import QwenRunner

    if not isinstance(runner, QwenRunner):
        return {}
    prompts = [runner._prompt(question) for question in questions]  # noqa: SLF001 - for its lengths
    length, images = round(median(map(len, prompts))), sum(image.tokens for image in prompts[0].images)
    return dict(memory_table(Shape.of(runner.model.config, runner.model.dtype), length, images, new_tokens))
