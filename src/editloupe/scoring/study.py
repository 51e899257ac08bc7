"""From what the ledger holds to scores: a pure function, without torch, models, or the benchmark's files.

So a changed scale, formula or reader re-scores a study in seconds, and its report rebuilt wherever its folder is.
"""

from __future__ import annotations

from importlib.metadata import version

from editloupe.config.parts import StudyConfig
from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.probe import Probe
from editloupe.pairs.reading import pair_results_of
from editloupe.planning import edits_of, full_signature
from editloupe.results import NOT_DONE, EditorInfo, JudgeInfo, Results
from editloupe.rubrics.rubric import OVERALL
from editloupe.scoring import facts
from editloupe.scoring.aggregates import aggregates_of
from editloupe.scoring.edit import score_of
from editloupe.scoring.facts import rubric_name
from editloupe.scoring.reread import reading_of
from editloupe.scoring.verdicts import score_everything
from editloupe.store.ledger import Ledger

__all__ = ["NOT_DONE", "full_signature", "results_of", "rubric_name", "score_of"]


def results_of(config: StudyConfig, ledger: Ledger) -> Results:
    """Score everything that the study's plan names.

    Whatever failed upstream counts downstream: for every editor and metric there is one verdict per sample that the
    metric applies to.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    rubric, judge = config.rubric, facts.judge_facts(config, ledger)
    scored = score_everything(config, ledger, judge["name"])
    benchmark, notes = facts.benchmark_and_notes(config, ledger)
    scales = facts.scales_of(rubric)
    signature = facts.signature_of(config, ledger)
    judge_signature = full_signature(config, judge)
    signatures = ledger.fact("editors")
    audit, probe = (facts.of_these_numbers(ledger, name, signature) for name in ("audit", "probe"))
    return Results(
        version=version("editloupe"),
        signature=signature,
        benchmark=benchmark,
        judge=JudgeInfo(
            judge["name"],
            judge_signature,
            judge["warning"] or "",
            facts.domain(config, ledger),
            ledger.fact("judge_sampling") or "",
        ),
        rubric=rubric_name(rubric),
        scale=scales[OVERALL],
        metrics={name: scale for name, scale in scales.items() if name != OVERALL},
        editors=tuple(EditorInfo(part.name, signatures.get(part.name, "")) for part in config.editors),
        verdicts=scored.verdicts,
        overall=scored.overall,
        speed={stage: facts.speed(ledger, stage) for stage in ("edit", "judge")},
        config=config.source,
        versions={name: facts.version_of(name) for name in ("editloupe", "numpy", "pillow", "torch", "transformers")},
        language=config.language,
        audit=None if audit is None else Audit.from_json(audit),
        probe=None if probe is None else Probe.from_json(probe),
        notes=notes,
        hardware=ledger.fact("hardware") or {},
        cost=facts.cost(ledger.folder),
        aggregates=aggregates_of(rubric, scored.edits),
        card=rubric.card,
        title=config.title,
        reading=reading_of(ledger.folder, scored.verdicts, ledger.fact("reading")),
        replies=scored.replies,
        judge_card=facts.card(ledger, judge_signature),
        drawn=ledger.fact("human_sample"),
        sanity=facts.sanity(ledger, judge_signature, rubric_name(rubric)),
        pairs=None if config.pairs is None else pair_results_of(config, ledger, *edits_of(config, ledger)),
    )
