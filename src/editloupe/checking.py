"""`editloupe check`: what would run, and what is wrong with the data, without writing anything."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from editloupe.benchmarks.findings import group_findings
from editloupe.benchmarks.loading import read_samples
from editloupe.config.parts import EditorPart, StudyConfig, WorkerSettings
from editloupe.errors import ConfigError
from editloupe.planning import make_judge
from editloupe.progress.bars import visible_gpus
from editloupe.protocols import Benchmark, Judge, StreamingJudge
from editloupe.records import Question, Sample
from editloupe.report.remarks import outside_domain
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
    with suppress(ConfigError):  # a judge that cannot be made is told where it is needed
        judge = config.judge.plugin(config.judge.options)
        for warning in outside_domain(judge.name, getattr(judge, "domain", ()), config.benchmark.name):
            say(warning)
    for requirement in missing_requirements(config):  # first: a missing data file ends the check
        say(f"this machine lacks: {requirement}")
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
    asked = config.judge
    size = "as many tokens as the memory allows" if asked.batch_size == "auto" else str(asked.batch_size)
    size = size if asked.use_batch_inference else "1"
    mode = asked.answer or config.rubric.answer
    questions = sum(len(config.rubric.asked(sample)) for sample in sound) * len(config.editors) * asked.draws
    made = make_judge(config)
    manner = (
        f"{asked.options.model_dump().get('concurrency')} at a time"
        if isinstance(made, StreamingJudge)
        else f"batches of {size}"
    )
    say(
        f"judge {asked.options.model_dump().get('model', asked.type)}: at most {questions} questions, mode {mode}, "
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


def missing_requirements(config: StudyConfig) -> list[str]:
    """Preflight: requirements of a study that this machine does not meet, a sentence each; nothing is loaded."""
    found: list[str] = [*_packages(f"benchmark {config.benchmark.name}", config.benchmark)]
    for part in config.editors:
        found += _packages(f"editor {part.name}", part)
        found += _model(f"editor {part.name}", part)
    found += _packages("the judge", config.judge)
    found += _model("the judge", config.judge)
    for stage, place in (("edit", config.workers.edit), ("judge", config.workers.judge)):
        found += _place(stage, place)
    return list(dict.fromkeys(found))


def _packages(who: str, part: Any) -> Iterator[str]:
    for package, extra in getattr(part.plugin, "packages", {}).items():
        if find_spec(package) is None:
            yield f"{who} needs the package {package}; install editloupe[{extra}]"
    variable = getattr(part.options, "key_variable", None)
    if variable is not None and not os.environ.get(variable):
        yield f"{who} needs a key in the environment variable {variable}"


def _model(who: str, part: Any) -> Iterator[str]:
    model = getattr(part.options, "model", None)
    if not isinstance(model, str) or getattr(part.options, "url", None) is not None or Path(model).is_dir():
        return
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        if "/" in model:
            yield f"{who} wants the model folder {model!r}, which is not here"
        return
    from huggingface_hub import try_to_load_from_cache

    revision = getattr(part.options, "revision", None)
    names = ("config.json", "model_index.json")
    if not any(isinstance(try_to_load_from_cache(model, name, revision=revision), str) for name in names):
        yield f"{who} wants {model} from the hub, which is not in this machine's cache; the first run downloads it"


def _place(stage: str, place: WorkerSettings) -> Iterator[str]:
    if place.engine == "here":
        return
    if find_spec("ray") is None:
        yield f"workers.{stage} needs the package ray; install editloupe[ray]"
    if place.address is None and place.gpus_per_worker:
        wanted = max(place.device_ids or (0,)) + 1 if place.device_ids else (place.device_count or 1)
        here = visible_gpus()
        if here < wanted:
            yield f"workers.{stage} wants {place.device_count or 'one or more'} GPU(s), this machine has {here}"
