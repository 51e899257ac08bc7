"""`editloupe check`: what would run, and what is wrong with the data, without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from editloupe.benchmarks.findings import piled
from editloupe.benchmarks.loading import Benchmark, read_samples
from editloupe.blobs import DecodingStore
from editloupe.config import EditorPart, StudyConfig
from editloupe.lacking import lacks
from editloupe.planning import Judge, StreamingJudge, make_judge
from editloupe.records import Question, Sample

__all__ = ["check_study"]

SHOWN = 20
"""Samples whose questions the judge's memory is estimated from."""


def check_study(config: StudyConfig, say: Callable[[str], None]) -> int:
    """Read the whole benchmark and describe the study.

    Args:
        config: the study.
        say: takes one line of text.

    Returns:
        How many samples are unusable.

    Raises:
        ConfigError, DataError: the benchmark cannot be read.
    """
    for lack in lacks(config):  # first: a missing data file ends the check
        say(f"this machine lacks: {lack}")
    benchmark: Benchmark = config.benchmark.plugin(config.benchmark.options)
    loaded = read_samples(config.benchmark, benchmark, DecodingStore())
    samples = loaded.samples
    bad = [sample for sample in samples if sample.failure is not None]
    say(f"benchmark {benchmark.name}: {len(samples)} samples, {len(bad)} of them unusable")
    per_category = Counter(sample.category for sample in samples)
    bad_per_category = Counter(sample.category for sample in bad)
    for category, count in per_category.items():
        label = benchmark.categories.get(category, category)
        say(f"  {category:16} {label:16} {count:5} samples, {bad_per_category[category]} unusable")
    piles = piled(loaded.findings)
    say("data: nothing to report" if not piles else "data: what was found, per kind and group")
    for pile in piles:
        say(f"  {pile.sentence}")
    sound = [sample for sample in samples if sample.failure is None]
    good = len(sound)
    for part in config.editors:
        say(f"editor {part.name} ({part.type}): {good} edits{_without_inputs(part, sound)}")
    metrics = ", ".join(config.rubric.enabled)
    say(f"rubric {config.rubric.name} v{config.rubric.version}: {metrics}")
    judge = config.judge
    size = "as many tokens as the memory allows" if judge.batch_size == "auto" else str(judge.batch_size)
    size = size if judge.use_batch_inference else "1"
    mode = judge.answer or config.rubric.answer
    questions = sum(len(config.rubric.asked(sample)) for sample in sound) * len(config.editors) * judge.draws
    made = make_judge(config)
    manner = (
        f"{judge.options.model_dump().get('concurrency')} at a time"
        if isinstance(made, StreamingJudge)
        else f"batches of {size}"
    )
    say(
        f"judge {judge.options.model_dump().get('model', judge.type)}: at most {questions} questions, mode {mode}, "
        f"{manner}"
    )
    if hasattr(made, "forecast"):
        say(f"  {made.forecast(_as_if_edited(config, sound), len(config.editors))}")
    _say_memory(made, _as_if_edited(config, sound[:SHOWN]), say)
    kept = Path(config.out) / "ledger.sqlite"
    say(f"study folder {config.out}: {'there already, will be continued' if kept.exists() else 'new'}")
    return len(bad)


def _as_if_edited(config: StudyConfig, samples: Sequence[Sample]) -> list[Question]:
    """The questions about one edit of each sample, its source standing for the edit that is not there yet."""
    mode, compare = config.judge.answer, config.judge.compare_original
    return [
        question
        for sample in samples
        if sample.sources
        for question in config.rubric.questions(sample, sample.sources[0], mode=mode, compare_original=compare).values()
    ]


def _without_inputs(part: EditorPart, samples: Sequence[Sample]) -> str:
    """Of an editor that makes its edits from files: for how many samples there is none."""
    if not hasattr(part.plugin, "inputs"):
        return ""
    editor = part.plugin(part.options)
    lacking = [sample.id for sample in samples if not editor.inputs(sample)]
    return f", {len(lacking)} of them without a ready image, the first {lacking[0]!r}" if lacking else ""


def _say_memory(judge: Judge, questions: Sequence[Question], say: Callable[[str], None]) -> None:
    """Print what batches will take, where the judge can tell without its weights."""
    if not hasattr(judge, "memory"):
        return
    table = judge.memory(questions)
    if table:
        say("memory of a batch by the stated model, weights apart:")
        say("  " + "  ".join(f"{rows}: {size / 2**20:,.0f} MiB" for rows, size in table))
