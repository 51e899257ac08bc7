"""`editloupe check`: what would run, and what is wrong with the data, without writing anything."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from editloupe.benchmarks.findings import group_findings
from editloupe.benchmarks.loading import read_samples
from editloupe.config.parts import EditorPart, StudyConfig, WorkerSettings
from editloupe.errors import ConfigError, ImageError, StudyLocked
from editloupe.judge_quality.card import read_card
from editloupe.machine import visible_gpus
from editloupe.pairs.forecast import forecast_questions, pair_forecast
from editloupe.planning import full_signature, make_judge, sampling_beside, shared_inputs
from editloupe.protocols import Judge, StreamingJudge
from editloupe.records import Question, Sample
from editloupe.report.remarks import greedy_beside, limited_to, outside_domain
from editloupe.requirements import Requirement, lacking_packages
from editloupe.sanity.plan import EDITS, most_questions, probes_of
from editloupe.store.blobs import DecodingStore
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import study_holder

__all__ = ["check_study", "missing_requirements"]

Say = Callable[[str], None]

SHOWN = 20
"""Samples whose questions the judge's memory is estimated from."""


def check_study(config: StudyConfig, say: Say) -> int:
    """Read the whole benchmark and describe the study.

    Args:
        config: the study.
        say: takes one line of text.

    Returns:
        How many samples are unusable, and how many ready images are missing or broken.

    Raises:
        ConfigError, DataError: the benchmark cannot be read, or something else would stop the run; raised once all else
            is said.
        StudyLocked: another process holds the study.
    """
    with suppress(ConfigError), config.judge.make() as judge:  # one that cannot be made is told where it is needed
        for warning in outside_domain(judge.name, judge.domain, config.benchmark.name):
            say(warning)
    lacking = _lacking(config)
    for sentence in lacking:  # first: a missing data file ends the check
        say(f"this machine lacks: {sentence}")
    samples = _say_data(config, say)
    sound = [sample for sample in samples if sample.failure is None]
    lost = _say_editors(config, sound, say)
    metrics = ", ".join(config.rubric.enabled) or "edits are compared, none is scored by itself"
    say(f"rubric {config.rubric.name} v{config.rubric.version}: {metrics}")
    judge = make_judge(config)
    _say_judge(config, judge, sound, say)
    kept = Path(config.out) / "ledger.sqlite"
    say(f"study folder {config.out}: {'there already, will be continued' if kept.exists() else 'new'}")
    if stops := [sentence for sentence, requirement in lacking.items() if requirement.stops]:
        raise ConfigError("; ".join(stops))
    if wrong := _wrong_card(config, judge):
        raise ConfigError(wrong)
    if holder := study_holder(config.out):
        raise StudyLocked(holder)
    return len(samples) - len(sound) + lost


def _say_data(config: StudyConfig, say: Say) -> Sequence[Sample]:
    """Read the benchmark, and describe its samples and what is remarkable about them."""
    benchmark = config.benchmark.make()
    loaded = read_samples(config.benchmark, benchmark, DecodingStore())
    samples = loaded.samples
    unusable = Counter(sample.category for sample in samples if sample.failure is not None)
    say(f"benchmark {benchmark.name}: {_counted(len(samples), 'sample')}, {unusable.total()} of them unusable")
    if len(samples) == config.benchmark.limit:
        say(f"  {limited_to(len(samples), 'en')}")
    for category, count in Counter(sample.category for sample in samples).items():
        label = benchmark.categories.get(category, category)
        name = category if label == category else f"{category:16} {label}"
        say(f"  {name:33} {count:5} {'sample' if count == 1 else 'samples'}, {unusable[category]} unusable")
    groups = group_findings(loaded.findings)
    say("data: nothing to report" if not groups else "data: what was found, per kind and group")
    for group in groups:
        say(f"  {group.sentence}")
    return samples


def _say_editors(config: StudyConfig, sound: Sequence[Sample], say: Say) -> int:
    """Describe the editors; returns how many ready images are missing or broken."""
    lost = 0
    for part in config.editors:
        without, remark = _without_inputs(part, sound)
        lost += without
        say(f"editor {part.name} ({part.type}): {_counted(len(sound), 'edit')}{remark}")
    return lost


def _say_judge(config: StudyConfig, judge: Judge, sound: Sequence[Sample], say: Say) -> None:
    """Say how much the judge is asked, in which manner, and what that costs in money and memory."""
    part = config.judge
    options = part.options.model_dump()
    if isinstance(judge, StreamingJudge):
        manner = f"{options.get('concurrency', 'all')} at a time"
    elif not part.use_batch_inference:
        manner = "batches of 1"
    elif part.batch_size == "auto":
        manner = "batches of as many tokens as the memory allows"
    else:
        manner = f"batches of {part.batch_size}"
    questions = sum(len(config.rubric.asked(sample)) for sample in sound) * len(config.editors) * part.draws
    name = options.get("model", part.type)
    single = f"at most {_counted(questions, 'question')}, mode {config.mode}"
    if not config.rubric.metrics:
        single = f"no question about single edits, mode {config.pair_mode}"
    say(f"judge {name}: {single}, {manner}")
    if remark := greedy_beside(judge.name, sampling_beside(judge, config.mode)):
        say(f"  {remark}")
    asked = _as_if_edited(config, sound)
    if asked and (forecast := judge.forecast(asked, len(config.editors))):
        say(f"  {forecast}")
    if config.rubric.metrics:
        _say_sanity(config, judge, sound, say)
    _say_pairs(config, judge, sound, say)
    shown = _as_if_edited(config, sound[:SHOWN]) or forecast_questions(config, sound[:SHOWN])[0]
    memory = judge.memory(shown)  # where it can be told without the weights
    if memory:
        say("memory of a batch by the stated model, weights apart:")
        say("  " + "  ".join(f"{rows}: {size / 2**20:,.0f} MiB" for rows, size in memory))


def _say_sanity(config: StudyConfig, judge: Judge, sound: Sequence[Sample], say: Say) -> None:
    """Say how many more questions the sanity probes would ask, and what the full form would take where that is known.

    A judge over the wire reckons with as many questions about one edit of each sample, once per probe.
    """
    full, short = (most_questions(config, sound, form) for form in ("full", "short"))
    more = _counted(full, "question")
    say(f"  sanity probes, where asked for: at most {more} more with `audit --sanity`, {short} with `run --sanity`")
    forecast = judge.forecast(_as_if_edited(config, sound[:EDITS]), len(probes_of("full")))
    if forecast:
        say(f"    audit --sanity: {forecast}")


def _say_pairs(config: StudyConfig, judge: Judge, sound: Sequence[Sample], say: Say) -> None:
    """Say which pairs are asked about, and what that costs."""
    for line in pair_forecast(config, sound):
        say(line)
    questions, times = forecast_questions(config, sound)
    if questions and (forecast := judge.forecast(questions, times)):
        say(f"  {forecast}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _wrong_card(config: StudyConfig, judge: Judge) -> str:
    """What is wrong with the judge's card, which a run reads only after the edits; empty where nothing is."""
    if config.judge.card is None:
        return ""
    files = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in judge.files}
    signature = judge_signature(judge, lambda path: files.get(path, "missing"))
    try:
        read_card(config.judge.card, full_signature(config, {"signature": signature, "decoding": judge.decoding}))
    except ConfigError as error:
        return str(error)
    return ""


def _as_if_edited(config: StudyConfig, samples: Sequence[Sample]) -> list[Question]:
    """The questions about one edit of each sample, its source standing for the edit that is not there yet."""
    mode, compare = config.judge.answer, config.judge.compare_original
    return [
        question
        for sample in samples
        if sample.sources
        for question in config.rubric.questions(sample, sample.sources[0], mode=mode, compare_original=compare).values()
    ]


def _without_inputs(part: EditorPart, samples: Sequence[Sample]) -> tuple[int, str]:
    """Of an editor that makes its edits from files: for how many samples there is none, or a broken one."""
    with part.make() as editor:
        named = [(sample.id, editor.inputs(sample)) for sample in samples]
    inputs = [(name, files) for name, files in named if files is not None]
    lacking: list[str] = []
    broken: list[str] = []
    for name, files in inputs:
        if not files:
            lacking.append(name)
            continue
        try:
            for path in files:
                DecodingStore().take(path)  # to its last pixel: what is cut off has a sound beginning
        except ImageError as error:
            broken.append(str(error))
    remark = f", {len(lacking)} of them without a ready image, the first {lacking[0]!r}" if lacking else ""
    remark += f", {len(broken)} with a broken one, the first: {broken[0]}" if broken else ""
    remark += f"; {shared}" if (shared := shared_inputs(inputs)) else ""
    return len(lacking) + len(broken), remark


def missing_requirements(config: StudyConfig) -> list[str]:
    """Preflight: requirements of a study that this machine does not meet, a sentence each; nothing is loaded."""
    return list(_lacking(config))


def _lacking(config: StudyConfig) -> dict[str, Requirement]:
    """What is lacking, by the sentence about it."""
    parts = [(f"benchmark {config.benchmark.name}", config.benchmark.requirements())]
    parts += [(f"editor {part.name}", part.requirements()) for part in config.editors]
    parts += [("the judge", config.judge.requirements())]
    lacking = {f"{who} {requirement.sentence}": requirement for who, unmet in parts for requirement in unmet}
    for stage, settings in (("edit", config.workers.edit), ("judge", config.workers.judge)):
        unmet = _lacking_for_workers(settings)
        lacking |= {f"workers.{stage} {requirement.sentence}": requirement for requirement in unmet}
    return lacking


def _lacking_for_workers(settings: WorkerSettings) -> Iterator[Requirement]:
    if settings.engine == "here":
        return
    yield from lacking_packages({"ray": "ray"})
    if settings.address is None and settings.gpus_per_worker:
        wanted = max(settings.device_ids or (0,)) + 1 if settings.device_ids else (settings.device_count or 1)
        available = visible_gpus()
        if available < wanted:
            sentence = f"wants {settings.device_count or 'one or more'} GPU(s), this machine has {available}"
            yield Requirement("gpu", str(wanted), sentence)
