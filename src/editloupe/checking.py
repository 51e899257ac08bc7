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
from editloupe.judge_card import read_card
from editloupe.machine import visible_gpus
from editloupe.planning import full_signature, make_judge, sampling_beside, shared_inputs
from editloupe.protocols import Judge, StreamingJudge
from editloupe.records import Question, Sample
from editloupe.report.remarks import greedy_beside, limited_to, outside_domain
from editloupe.requirements import Requirement, lacking_packages
from editloupe.store.blobs import DecodingStore
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import study_holder

__all__ = ["check_study", "missing_requirements"]

SHOWN = 20
"""Samples whose questions the judge's memory is estimated from."""


def check_study(config: StudyConfig, say: Callable[[str], None]) -> int:
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
    benchmark = config.benchmark.make()
    loaded = read_samples(config.benchmark, benchmark, DecodingStore())
    samples = loaded.samples
    bad = [sample for sample in samples if sample.failure is not None]
    say(f"benchmark {benchmark.name}: {_counted(len(samples), 'sample')}, {len(bad)} of them unusable")
    if len(samples) == config.benchmark.limit:
        say(f"  {limited_to(len(samples), 'en')}")
    per_category = Counter(sample.category for sample in samples)
    bad_per_category = Counter(sample.category for sample in bad)
    for category, count in per_category.items():
        label = benchmark.categories.get(category, category)
        name = category if label == category else f"{category:16} {label}"
        say(f"  {name:33} {count:5} {'sample' if count == 1 else 'samples'}, {bad_per_category[category]} unusable")
    groups = group_findings(loaded.findings)
    say("data: nothing to report" if not groups else "data: what was found, per kind and group")
    for group in groups:
        say(f"  {group.sentence}")
    sound = [sample for sample in samples if sample.failure is None]
    good = len(sound)
    lost = 0
    for part in config.editors:
        without, told = _without_inputs(part, sound)
        lost += without
        say(f"editor {part.name} ({part.type}): {_counted(good, 'edit')}{told}")
    metrics = ", ".join(config.rubric.enabled)
    say(f"rubric {config.rubric.name} v{config.rubric.version}: {metrics}")
    asked = config.judge
    size = "as many tokens as the memory allows" if asked.batch_size == "auto" else str(asked.batch_size)
    size = size if asked.use_batch_inference else "1"
    questions = sum(len(config.rubric.asked(sample)) for sample in sound) * len(config.editors) * asked.draws
    made = make_judge(config)
    manner = (
        f"{asked.options.model_dump().get('concurrency', 'all')} at a time"
        if isinstance(made, StreamingJudge)
        else f"batches of {size}"
    )
    say(
        f"judge {asked.options.model_dump().get('model', asked.type)}: "
        f"at most {_counted(questions, 'question')}, mode {config.mode}, "
        f"{manner}"
    )
    if remark := greedy_beside(made.name, sampling_beside(made, config.mode)):
        say(f"  {remark}")
    forecast = made.forecast(_as_if_edited(config, sound), len(config.editors))
    if forecast:
        say(f"  {forecast}")
    _say_memory(made, _as_if_edited(config, sound[:SHOWN]), say)
    kept = Path(config.out) / "ledger.sqlite"
    say(f"study folder {config.out}: {'there already, will be continued' if kept.exists() else 'new'}")
    if stops := [sentence for sentence, requirement in lacking.items() if requirement.stops]:
        raise ConfigError("; ".join(stops))
    if named := _card_of_another(config, made):
        raise ConfigError(named)
    if holder := study_holder(config.out):
        raise StudyLocked(holder)
    return len(bad) + lost


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _card_of_another(config: StudyConfig, judge: Judge) -> str:
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
    told = f", {len(lacking)} of them without a ready image, the first {lacking[0]!r}" if lacking else ""
    told += f", {len(broken)} with a broken one, the first: {broken[0]}" if broken else ""
    told += f"; {shared}" if (shared := shared_inputs(inputs)) else ""
    return len(lacking) + len(broken), told


def _say_memory(judge: Judge, questions: Sequence[Question], say: Callable[[str], None]) -> None:
    """Print what batches will take, where the judge can tell without its weights."""
    table = judge.memory(questions)
    if table:
        say("memory of a batch by the stated model, weights apart:")
        say("  " + "  ".join(f"{rows}: {size / 2**20:,.0f} MiB" for rows, size in table))


def missing_requirements(config: StudyConfig) -> list[str]:
    """Preflight: requirements of a study that this machine does not meet, a sentence each; nothing is loaded."""
    return list(_lacking(config))


def _lacking(config: StudyConfig) -> dict[str, Requirement]:
    """What is lacking, by the sentence about it."""
    parts = [(f"benchmark {config.benchmark.name}", config.benchmark.requirements())]
    parts += [(f"editor {part.name}", part.requirements()) for part in config.editors]
    parts += [("the judge", config.judge.requirements())]
    found = {f"{who} {lacking.sentence}": lacking for who, requirements in parts for lacking in requirements}
    for stage, place in (("edit", config.workers.edit), ("judge", config.workers.judge)):
        found |= {f"workers.{stage} {lacking.sentence}": lacking for lacking in _place(place)}
    return found


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
