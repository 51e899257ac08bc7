"""From what the ledger holds to scores: a pure function, without torch, models, or the benchmark's files.

So a changed scale, formula or reader re-scores a study in seconds, and its report rebuilt wherever its folder is.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from editloupe.config.parts import StudyConfig
from editloupe.errors import EditloupeError
from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.card import JudgeCard, card_of
from editloupe.judge_quality.probe import Probe
from editloupe.judge_quality.sanity import Sanity
from editloupe.pairs.reading import pair_results_of
from editloupe.planning import edits_of, full_signature
from editloupe.records import Edit, Failure, ImageFile, Picture, Sample, Stage
from editloupe.results import (
    NOT_DONE,
    BenchmarkInfo,
    Category,
    EditorInfo,
    JudgeInfo,
    Results,
    SampleNote,
    Scale,
    Speed,
    Verdict,
)
from editloupe.rubrics.rubric import OVERALL, Rubric
from editloupe.rubrics.thoughts import thoughts_of
from editloupe.scoring.aggregates import aggregates_of
from editloupe.scoring.edit import EditScores, MetricScore, score_of, scores_of
from editloupe.scoring.reply_counts import count_replies
from editloupe.scoring.reread import reading_of
from editloupe.store.keys import digest_of
from editloupe.store.ledger import Ledger, Outcome

__all__ = ["NOT_DONE", "full_signature", "results_of", "rubric_name", "score_of"]


def results_of(config: StudyConfig, ledger: Ledger) -> Results:
    """Score everything that the study's plan names.

    Whatever failed upstream counts downstream: for every editor and metric there is one verdict per sample that the
    metric applies to.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    samples, edits = edits_of(config, ledger)
    plan, rubric = ledger.plan(), config.rubric
    benchmark, editors = ledger.fact("benchmark"), ledger.fact("editors")
    judge = ledger.fact("judge") or {"name": config.judge.type, "signature": "", "decoding": "", "warning": None}
    found = ledger.find([key for (_, _, metric), key in plan.items() if metric])
    verdicts: list[Verdict] = []
    scores: dict[tuple[str, str], EditScores] = {}
    for part, sample in itertools.product(config.editors, samples):
        edit = edits.get((part.name, sample.id)) or _not_done("edit")

        def reply(place: str, editor: str = part.name, name: str = sample.id) -> Outcome:
            return found.get(plan.get((editor, name, place), "")) or _not_done("judge")

        said = scores_of(config, sample, edit, reply)
        if said is not None:
            scores[part.name, sample.id] = said
            verdicts += [
                _verdict(part.name, sample, edit, metric, one, judge["name"], ledger.folder)
                for metric, one in said.shown.items()
            ]

    scales = _scales(rubric)
    total = scales.pop(OVERALL)
    rubric_hash = _rubric_hash(rubric)
    counts = Counter(sample.category for sample in samples)
    labels: dict[str, str] = benchmark["categories"]
    order = [name for name in labels if name in counts] + [name for name in counts if name not in labels]
    compared = [] if config.pairs is None else [sorted(ledger.pair_plan()), config.pairs.model_dump(mode="json")]
    signature = digest_of(benchmark, editors, judge, sorted(plan.items()), rubric_hash, config.seed, *compared)[:16]
    judge_signature = full_signature(config, judge)
    audit, probe = ledger.fact("audit"), ledger.fact("probe")
    reading = reading_of(ledger.folder, verdicts, ledger.fact("reading"))
    return Results(
        version=version("editloupe"),
        signature=signature,
        benchmark=BenchmarkInfo(
            benchmark["name"],
            benchmark["revision"],
            tuple(Category(name, labels.get(name, name), counts[name]) for name in order),
            limited=len(samples) == config.benchmark.limit,
        ),
        judge=JudgeInfo(
            judge["name"],
            judge_signature,
            judge["warning"] or "",
            _domain(config, ledger),
            ledger.fact("judge_sampling") or "",
        ),
        rubric=rubric_name(rubric),
        scale=total,
        metrics=scales,
        editors=tuple(EditorInfo(part.name, editors.get(part.name, "")) for part in config.editors),
        verdicts=tuple(verdicts),
        overall={place: one.overall for place, one in scores.items()},
        speed={stage: _speed(ledger, stage) for stage in ("edit", "judge")},
        config=config.source,
        versions={name: _version(name) for name in ("editloupe", "numpy", "pillow", "torch", "transformers")},
        language=config.language,
        audit=Audit.from_json(audit) if audit is not None and audit["signature"] == signature else None,
        probe=Probe.from_json(probe) if probe is not None and probe["signature"] == signature else None,
        notes={sample.id: _note(sample, ledger.folder) for sample in samples},
        hardware=ledger.fact("hardware") or {},
        cost=_cost(ledger.folder),
        aggregates=aggregates_of(
            rubric,
            [part.name for part in config.editors],
            samples,
            scores,
            {sample.id: sample.cluster for sample in samples},
        ),
        card=rubric.card,
        title=config.title,
        reading=reading,
        replies=count_replies(config, {sample.id: sample for sample in samples}, edits, plan, found),
        judge_card=_card(ledger, judge_signature),
        drawn=ledger.fact("human_sample"),
        sanity=_sanity(ledger, judge_signature, rubric_name(rubric)),
        pairs=pair_results_of(config, ledger, samples, edits),
    )


def rubric_name(rubric: Rubric) -> str:
    """How a rubric is called in every report: its name, its version, and a hash of all its words and scales."""
    return f"{rubric.name} v{rubric.version} {_rubric_hash(rubric)}"


def _rubric_hash(rubric: Rubric) -> str:
    return digest_of(rubric.model_dump(mode="json"))[:16]


def _verdict(
    editor: str, sample: Sample, edit: Edit | Failure, metric: str, one: MetricScore, judge: str, folder: Path
) -> Verdict:
    return Verdict(
        editor=editor,
        sample=sample.id,
        category=sample.category,
        groups=sample.groups,
        metric=metric,
        score=one.score,
        failure=one.failure,
        reply=None if one.reply is None else one.reply.text,
        labels=None if one.reply is None else one.reply.labels,
        cluster=sample.cluster,
        image=_within(edit.image, folder) if isinstance(edit, Edit) else None,
        sources=tuple(name for picture in sample.sources if (name := _within(picture, folder))),
        instruction=sample.instruction,
        judge=judge,
        digest=edit.image.sha256 if isinstance(edit, Edit) else None,
        draws=one.draws,
        notes=edit.notes if isinstance(edit, Edit) else (),
        thoughts=None if one.reply is None else thoughts_of(one.reply),
    )


def _scales(rubric: Rubric) -> dict[str, Scale]:
    """The scale of every score that is shown, and of the overall one."""
    asked = {name: rubric.metrics[name] for name in rubric.enabled}
    scales = {name: Scale(one.low, one.high, one.worst) for name, one in asked.items()}
    scales |= {name: Scale(one.low, one.high, one.worst) for name, one in rubric.derived.items()}
    if not scales:  # single edits are not scored at all
        scales[OVERALL] = Scale()
    if OVERALL not in scales:
        ends = [scales[name] for name in rubric.enabled]
        scales[OVERALL] = Scale(
            min(one.low for one in ends), max(one.high for one in ends), min(one.worst for one in ends)
        )
    return scales


def _not_done(stage: Stage) -> Failure:
    return Failure(stage, NOT_DONE, f"the stage {stage!r} has not come to this sample yet", retryable=True)


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


def _domain(config: StudyConfig, ledger: Ledger) -> tuple[str, ...]:
    """What the judge was made for, nothing where that is this benchmark.

    Studies of earlier versions did not keep it, so there the judge itself is asked.
    """
    kept = ledger.fact("judge_domain")
    if kept is None:
        with suppress(EditloupeError), config.judge.make() as judge:
            kept = judge.domain
    # A benchmark may have a name of its own, such as that of its file; what a judge knows is the kind.
    return () if config.benchmark.name in (kept or ()) else tuple(kept or ())


def _card(ledger: Ledger, signature: str) -> JudgeCard | None:
    """The card that the config names, else that of this study's own audit; one of another judge is none."""
    named, audit = ledger.fact("judge_card"), ledger.fact("audit")
    if named is not None:
        card: JudgeCard | None = JudgeCard.from_json(named)
    else:
        card = None if audit is None else card_of(Audit.from_json(audit))
    return card if card is not None and card.signature == signature else None


def _sanity(ledger: Ledger, signature: str, rubric: str) -> Sanity | None:
    """What the probes found about this judge with this rubric."""
    kept = ledger.fact("sanity")
    found = None if kept is None else Sanity.from_json(kept)
    return found if found is not None and (found.signature, found.rubric) == (signature, rubric) else None


def _speed(ledger: Ledger, stage: str) -> Speed | None:
    items, seconds, peak = ledger.speed(stage)
    return Speed(items, seconds, peak) if items else None


def _version(name: str) -> str:
    with suppress(ModuleNotFoundError):
        return version(name)
    return "not installed"
