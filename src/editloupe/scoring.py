"""From what the ledger holds to scores: a pure function, without torch, models, or the benchmark's files.

So a changed scale, formula or reader re-scores a study in seconds, and its report rebuilt wherever its folder is.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from editloupe.config import StudyConfig
from editloupe.errors import UnreadableReply, failure_from
from editloupe.ledger import Ledger, Outcome
from editloupe.planning import edits_of
from editloupe.records import Edit, Failure, ImageFile, Picture, Reply, Sample, Stage
from editloupe.report.study_results import (
    BenchmarkInfo,
    Category,
    EditorInfo,
    JudgeInfo,
    Results,
    SampleNote,
    Scale,
    Speed,
)
from editloupe.report.verdicts import Verdict
from editloupe.rubrics.rubric import Rubric
from editloupe.signature import digest_of

__all__ = ["NOT_DONE", "results_of", "score_of"]

NOT_DONE = "not-done"
"""The kind of failure of what a stage has not come to."""


def score_of(rubric: Rubric, metric: str, outcome: Outcome, *, min_label_mass: float) -> float | Failure:
    """The score of a reply, or why there is none."""
    if isinstance(outcome, Failure):
        return outcome
    assert isinstance(outcome, Reply)
    try:
        return float(rubric.score(metric, outcome, min_label_mass=min_label_mass))
    except UnreadableReply as error:
        return replace(failure_from(error, "score"), reply=error.reply)


def results_of(config: StudyConfig, ledger: Ledger) -> Results:
    """Score everything that the study's plan names.

    Whatever failed upstream counts downstream: for every editor and metric there is one verdict per sample.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    samples, edits = edits_of(config, ledger)
    plan, rubric = ledger.plan(), config.rubric
    benchmark, editors = ledger.fact("benchmark"), ledger.fact("editors")
    judge = ledger.fact("judge") or {"name": config.judge.type, "signature": "", "decoding": "", "warning": None}
    found = ledger.find([key for (_, _, metric), key in plan.items() if metric])
    verdicts: list[Verdict] = []
    overall: dict[tuple[str, str], float | None] = {}
    for part, sample in itertools.product(config.editors, samples):
        edit = edits.get((part.name, sample.id)) or _not_done("edit")
        scores: dict[str, float | None] = {}
        for metric in rubric.enabled:
            outcome: Outcome = edit
            if isinstance(edit, Edit):
                outcome = found.get(plan.get((part.name, sample.id, metric), "")) or _not_done("judge")
            score = score_of(rubric, metric, outcome, min_label_mass=config.judge.min_label_mass)
            scores[metric] = None if isinstance(score, Failure) else score
            reply = outcome if isinstance(outcome, Reply) else None
            verdicts.append(
                Verdict(
                    editor=part.name,
                    sample=sample.id,
                    category=sample.category,
                    groups=sample.groups,
                    metric=metric,
                    score=scores[metric],
                    failure=score if isinstance(score, Failure) else None,
                    reply=None if reply is None else reply.text,
                    labels=None if reply is None else reply.labels,
                    cluster=_cluster(sample),
                    image=_within(edit.image, ledger.folder) if isinstance(edit, Edit) else None,
                    sources=tuple(name for one in sample.sources if (name := _within(one, ledger.folder))),
                    instruction=sample.instruction,
                    judge=judge["name"],
                    digest=edit.image.sha256 if isinstance(edit, Edit) else None,
                )
            )
        overall[part.name, sample.id] = rubric.overall(scores)

    asked = {name: rubric.metrics[name] for name in rubric.enabled}
    scales = {name: Scale(one.low, one.high, one.worst) for name, one in asked.items()}
    rubric_hash = digest_of(rubric.model_dump(mode="json"))[:16]
    counts = Counter(sample.category for sample in samples)
    labels: dict[str, str] = benchmark["categories"]
    order = [name for name in labels if name in counts] + [name for name in counts if name not in labels]
    signature = digest_of(benchmark, editors, judge, sorted(plan.items()), rubric_hash, config.seed)[:16]
    audit, probe = ledger.fact("audit"), ledger.fact("probe")
    return Results(
        version=version("editloupe"),
        signature=signature,
        benchmark=BenchmarkInfo(
            benchmark["name"],
            benchmark["revision"],
            tuple(Category(name, labels.get(name, name), counts[name]) for name in order),
        ),
        judge=JudgeInfo(judge["name"], _judge_signature(config, judge), judge["warning"] or ""),
        rubric=f"{rubric.name} v{rubric.version} {rubric_hash}",
        scale=Scale(
            min(one.low for one in scales.values()),
            max(one.high for one in scales.values()),
            min(one.worst for one in scales.values()),
        ),
        metrics=scales,
        editors=tuple(EditorInfo(part.name, editors.get(part.name, "")) for part in config.editors),
        verdicts=tuple(verdicts),
        overall=overall,
        speed={stage: _speed(ledger, stage) for stage in ("edit", "judge")},
        config=config.source,
        versions={name: _version(name) for name in ("editloupe", "numpy", "pillow", "torch", "transformers")},
        language=config.language,
        audit=audit if audit is not None and audit["signature"] == signature else None,
        probe=probe if probe is not None and probe["signature"] == signature else None,
        notes={sample.id: _note(sample, ledger.folder) for sample in samples},
        hardware=ledger.fact("hardware") or {},
        cost=_cost(ledger.folder),
    )


def _not_done(stage: Stage) -> Failure:
    return Failure(stage, NOT_DONE, f"the stage {stage!r} has not come to this sample yet", retryable=True)


def _cluster(sample: Sample) -> str:
    """Edits of one source image are not independent of each other; a sample without an image stands for itself."""
    return sample.sources[0].sha256 if sample.sources else sample.id


def _note(sample: Sample, folder: Path) -> SampleNote:
    references = tuple(name for one in sample.reference if (name := _within(one, folder)))
    return SampleNote(sample.description, sample.rationale, references, sample.label)


def _cost(folder: Path) -> dict[str, Any]:
    """What a judge over the wire has written down; nothing where there was none."""
    try:
        found: dict[str, Any] = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _within(picture: Picture, folder: Path) -> str | None:
    if isinstance(picture, ImageFile) and picture.path.is_relative_to(folder):
        return picture.path.relative_to(folder).as_posix()
    return None


def _judge_signature(config: StudyConfig, facts: dict[str, str]) -> str:
    mode = config.judge.answer or config.rubric.answer
    asked = f"mode={mode} compare_original={str(config.judge.compare_original).lower()}"
    return " ".join([facts["signature"], asked, *([facts["decoding"]] if mode == "text" else [])])


def _speed(ledger: Ledger, stage: str) -> Speed | None:
    items, seconds, peak = ledger.speed(stage)
    return Speed(items, seconds, peak) if items else None


def _version(name: str) -> str:
    with suppress(ModuleNotFoundError):
        return version(name)
    return "not installed"
