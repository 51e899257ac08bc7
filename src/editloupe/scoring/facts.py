"""What a report says besides scores, from the ledger's facts and the files beside it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from editloupe.benchmarks.loading import selected
from editloupe.config.parts import StudyConfig
from editloupe.errors import EditloupeError
from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.card import JudgeCard, card_of
from editloupe.judge_quality.sanity import Sanity
from editloupe.results import BenchmarkInfo, Category, SampleNote, Scale, Speed
from editloupe.rubrics.rubric import OVERALL, Rubric
from editloupe.scoring.verdicts import within
from editloupe.store.keys import digest_of
from editloupe.store.ledger import PAGE, Ledger
from editloupe.streams import in_parts

__all__ = [
    "benchmark_and_notes",
    "card",
    "cost",
    "domain",
    "judge_facts",
    "of_these_numbers",
    "rubric_hash",
    "rubric_name",
    "sanity",
    "scales_of",
    "signature_of",
    "speed",
    "version_of",
]


def judge_facts(config: StudyConfig, ledger: Ledger) -> dict[str, Any]:
    """What the study's judge said of itself; its kind alone where it has been asked nothing yet."""
    unknown = {"name": config.judge.type, "signature": "", "decoding": "", "warning": None}
    facts: dict[str, Any] = ledger.fact("judge") or unknown
    return facts


def benchmark_and_notes(config: StudyConfig, ledger: Ledger) -> tuple[BenchmarkInfo, dict[str, SampleNote]]:
    """The benchmark as it was run, and what it says of its samples besides; of most it says nothing."""
    counts: Counter[str] = Counter()
    notes: dict[str, SampleNote] = {}
    for sample in selected(config.benchmark, ledger.stream_samples()):
        counts[sample.category] += 1
        references = tuple(path for picture in sample.reference if (path := within(picture, ledger.folder)))
        note = SampleNote(sample.description, sample.rationale, references, sample.label)
        if note != SampleNote():
            notes[sample.id] = note
    facts = ledger.fact("benchmark")
    labels: dict[str, str] = facts["categories"]
    order = [name for name in labels if name in counts] + [name for name in counts if name not in labels]
    categories = tuple(Category(name, labels.get(name, name), counts[name]) for name in order)
    limited = counts.total() == config.benchmark.limit
    return BenchmarkInfo(facts["name"], facts["revision"], categories, limited=limited), notes


def signature_of(config: StudyConfig, ledger: Ledger) -> str:
    """The hash of everything that the study's numbers depend on: `digest_of` the facts with the sorted plan in them."""
    judge, rubric = judge_facts(config, ledger), rubric_hash(config.rubric)
    before = _canonical([ledger.fact("benchmark"), ledger.fact("editors"), judge])[:-1]
    compared = [] if config.pairs is None else [sorted(ledger.pair_plan()), config.pairs.model_dump(mode="json")]
    after = _canonical([rubric, config.seed, *compared])[1:]
    text = hashlib.sha256(f"{before},[".encode())
    for number, part in enumerate(in_parts(ledger.stream_plan(), PAGE)):
        text.update(f"{',' if number else ''}{_canonical(part)[1:-1]}".encode())
    text.update(f"],{after}".encode())
    return text.hexdigest()[:16]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def sanity(ledger: Ledger, signature: str, rubric: str) -> Sanity | None:
    """What the probes found about this judge with this rubric."""
    kept = ledger.fact("sanity")
    probed = None if kept is None else Sanity.from_json(kept)
    return probed if probed is not None and (probed.signature, probed.rubric) == (signature, rubric) else None


def rubric_name(rubric: Rubric) -> str:
    """How a rubric is called in every report: its name, its version, and a hash of all its words and scales."""
    return f"{rubric.name} v{rubric.version} {rubric_hash(rubric)}"


def rubric_hash(rubric: Rubric) -> str:
    """Tells rubrics apart, whatever they are called."""
    return digest_of(rubric.model_dump(mode="json"))[:16]


def scales_of(rubric: Rubric) -> dict[str, Scale]:
    """The scale of every score that is shown, and of the overall one."""
    asked = {name: rubric.metrics[name] for name in rubric.enabled}
    scales = {name: Scale(metric.low, metric.high, metric.worst) for name, metric in asked.items()}
    scales |= {name: Scale(derived.low, derived.high, derived.worst) for name, derived in rubric.derived.items()}
    if not scales:  # single edits are not scored at all
        scales[OVERALL] = Scale()
    if OVERALL not in scales:
        ends = [scales[name] for name in rubric.enabled]
        scales[OVERALL] = Scale(
            min(scale.low for scale in ends), max(scale.high for scale in ends), min(scale.worst for scale in ends)
        )
    return scales


def cost(folder: Path) -> dict[str, Any]:
    """What a judge over the wire has written down; nothing where there was none."""
    try:
        written: dict[str, Any] = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return written


def domain(config: StudyConfig, ledger: Ledger) -> tuple[str, ...]:
    """What the judge was made for, nothing where that is this benchmark.

    Studies of earlier versions did not keep it, so there the judge itself is asked.
    """
    kept = ledger.fact("judge_domain")
    if kept is None:
        with suppress(EditloupeError), config.judge.make() as judge:
            kept = judge.domain
    # A benchmark may have a name of its own, such as that of its file; what a judge knows is the kind.
    return () if config.benchmark.name in (kept or ()) else tuple(kept or ())


def card(ledger: Ledger, signature: str) -> JudgeCard | None:
    """The card that the config names, else that of this study's own audit; one of another judge is none."""
    named, audit = ledger.fact("judge_card"), ledger.fact("audit")
    if named is not None:
        chosen: JudgeCard | None = JudgeCard.from_json(named)
    else:
        chosen = None if audit is None else card_of(Audit.from_json(audit))
    return chosen if chosen is not None and chosen.signature == signature else None


def of_these_numbers(ledger: Ledger, name: str, signature: str) -> dict[str, Any] | None:
    """What was found about a study (``audit``, ``probe``), unless the study has become another one since."""
    fact: dict[str, Any] | None = ledger.fact(name)
    return fact if fact is not None and fact["signature"] == signature else None


def speed(ledger: Ledger, stage: str) -> Speed | None:
    """How a stage went, over all runs; None where nothing was done."""
    items, seconds, peak = ledger.speed(stage)
    return Speed(items, seconds, peak) if items else None


def version_of(package: str) -> str:
    """The version of a package, which may not be there."""
    with suppress(ModuleNotFoundError):
        return version(package)
    return "not installed"
