"""`editloupe check`: what would run, and what is wrong with the data, without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from editloupe.benchmarks.findings import group_findings
from editloupe.benchmarks.loading import read_samples
from editloupe.config.parts import EditorPart, StudyConfig, WorkerSettings
from editloupe.machine import visible_gpus
from editloupe.planning import make_judge, shared_inputs
from editloupe.protocols import Judge, StreamingJudge
from editloupe.records import Question, Sample
from editloupe.requirements import Requirement, lacking_packages
from editloupe.store.blobs import DecodingStore

__all__ = ["check_study", "missing_requirements"]

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
    for requirement in missing_requirements(config):  # first: a missing data file ends the check
        say(f"this machine lacks: {requirement}")
    benchmark = config.benchmark.make()
    loaded = read_samples(config.benchmark, benchmark, DecodingStore())
    samples = loaded.samples
    bad = [sample for sample in samples if sample.failure is not None]
    say(f"benchmark {benchmark.name}: {len(samples)} samples, {len(bad)} of them unusable")
    per_category = Counter(sample.category for sample in samples)
    bad_per_category = Counter(sample.category for sample in bad)
    for category, count in per_category.items():
        label = benchmark.categories.get(category, category)
        say(f"  {category:16} {label:16} {count:5} samples, {bad_per_category[category]} unusable")
    groups = group_findings(loaded.findings)
    say("data: nothing to report" if not groups else "data: what was found, per kind and group")
    for group in groups:
        say(f"  {group.sentence}")
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
        f"{judge.options.model_dump().get('concurrency', 'all')} at a time"
        if isinstance(made, StreamingJudge)
        else f"batches of {size}"
    )
    say(
        f"judge {judge.options.model_dump().get('model', judge.type)}: at most {questions} questions, mode {mode}, "
        f"{manner}"
    )
    forecast = made.forecast(_as_if_edited(config, sound), len(config.editors))
    if forecast:
        say(f"  {forecast}")
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
    with part.make() as editor:
        named = [(sample.id, editor.inputs(sample)) for sample in samples]
    inputs = [(name, files) for name, files in named if files is not None]
    lacking = [name for name, files in inputs if not files]
    told = f", {len(lacking)} of them without a ready image, the first {lacking[0]!r}" if lacking else ""
    shared = shared_inputs(inputs)
    return f"{told}; {shared}" if shared else told


def _say_memory(judge: Judge, questions: Sequence[Question], say: Callable[[str], None]) -> None:
    """Print what batches will take, where the judge can tell without its weights."""
    table = judge.memory(questions)
    if table:
        say("memory of a batch by the stated model, weights apart:")
        say("  " + "  ".join(f"{rows}: {size / 2**20:,.0f} MiB" for rows, size in table))


def missing_requirements(config: StudyConfig) -> list[str]:
    """Preflight: requirements of a study that this machine does not meet, a sentence each; nothing is loaded."""
    parts = [(f"benchmark {config.benchmark.name}", config.benchmark.requirements())]
    parts += [(f"editor {part.name}", part.requirements()) for part in config.editors]
    parts += [("the judge", config.judge.requirements())]
    sentences = [f"{who} {lacking.sentence}" for who, requirements in parts for lacking in requirements]
    for stage, place in (("edit", config.workers.edit), ("judge", config.workers.judge)):
        sentences += [f"workers.{stage} {lacking.sentence}" for lacking in _place(place)]
    return list(dict.fromkeys(sentences))


def _place(place: WorkerSettings) -> Iterator[Requirement]:
    if place.engine == "here":
        return
    yield from lacking_packages({"ray": "ray"})
    if place.address is None and place.gpus_per_worker:
        wanted = max(place.device_ids or (0,)) + 1 if place.device_ids else (place.device_count or 1)
        here = visible_gpus()
        if here < wanted:
            sentence = f"wants {place.device_count or 'one or more'} GPU(s), this machine has {here}"
            yield Requirement("gpu", str(wanted), sentence)
