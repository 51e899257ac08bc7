"""`editloupe audit`: how good is the judge? Its agreement with the truth, and whether it says the same thing twice.

The truth of an edit is what people say who rated it (``--human``); without them what its editor knows (procedural
ones), else the human label that its sample carries. Benchmarks of the judge know besides which of two edits people
prefer, or whether an edit follows its instruction.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from editloupe.audit.human_means import human_means
from editloupe.audit.human_sample import drawn_sample
from editloupe.audit.preferences import class_agreement, preference_agreement
from editloupe.audit.ratings import read_ratings
from editloupe.audit.score_variants import ScoreVariant, score_variants
from editloupe.audit.stability import measure_stability
from editloupe.audit.truth import KnownTruth, truth_of
from editloupe.config.parts import StudyConfig
from editloupe.judge_quality.audit import Audit, MeanScores
from editloupe.judge_quality.card import card_of
from editloupe.planning import edits_of, require_scores
from editloupe.records import Edit, Failure, Sample
from editloupe.report import write_report
from editloupe.results import Results
from editloupe.scoring.study import results_of
from editloupe.statistics.agreement import Agreement, agreement
from editloupe.store.blobs import write_durably
from editloupe.study import Study

__all__ = ["audit_study"]

EditRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _JudgedEdit:
    """An edit with both a truth and a score."""

    editor: str
    sample: str
    category: str
    cluster: str
    judge: float
    truth: float


_Agree = Callable[[Sequence[_JudgedEdit]], Agreement]


def audit_study(
    config: StudyConfig,
    *,
    retry_failed: bool = False,
    human: Sequence[str] = (),
    stability: bool | None = None,
    width: float | None = None,
    sanity: bool = False,
) -> Audit:
    """Run what is left of a study, compare its scores with the truth, and ask some questions again.

    With ratings by people nothing is made or asked: they are compared with the scores that are there.

    Writes ``audit.json``, the judge's card and a page of the report.

    Args:
        config: the study.
        retry_failed: try all recorded failures again first.
        human: files of ratings by people, which take the place of any other truth.
        stability: whether some questions are asked again; where None, only without ratings by people.
        width: of the interval of a human mean that is wished for, in points: how many labels would that take?
        sanity: whether the judge is probed; a study without a known truth can then be audited as well.

    Raises:
        ConfigError: no edit of this study has a known truth, or no rating is about an edit of it.
        DataError: a file of ratings cannot be used.
    """
    again = not human if stability is None else stability
    ratings = read_ratings(human)  # a bad file is found before anything runs
    require_scores(config, "an audit")
    with Study(config, retry_failed=retry_failed) as study:
        if not human:
            study.plan_edits()
            study.make_edits()
            study.plan_questions()
            study.ask_questions()
        elif again or sanity:
            study.plan_questions()
        if sanity:
            study.probe_judge("full")
        results = results_of(config, study.ledger)
        study.ledger.save_fact("reading", dict(results.reading))
        samples, edits = edits_of(config, study.ledger)
        truth = truth_of(config, samples, edits, ratings, results.scale.limits, needed=not sanity)
        audit = _compared(config, results, samples, edits, truth, score_variants(config, study.ledger))
        if again:
            repeated, modes = measure_stability(config, study.judge, study.questions)
            audit = replace(audit, stability=repeated, modes=modes)
        if ratings:
            drawn = drawn_sample(study.ledger, samples)
            audit = replace(audit, human_means=human_means(drawn, truth.numbers, results, edits, width))
        facts = audit.as_json()
        write_durably(config.out / "audit.json", (json.dumps(facts, indent=2) + "\n").encode())
        study.ledger.save_fact("audit", facts)
        write_report(replace(results, audit=audit, judge_card=results.judge_card or card_of(audit)), config.out)
        return audit


def _compared(
    config: StudyConfig,
    results: Results,
    samples: Sequence[Sample],
    edits: Mapping[EditRef, Edit | Failure],
    truth: KnownTruth,
    readings: Mapping[str, ScoreVariant],
) -> Audit:
    """Compare the scores with all that is known of the edits; nothing is asked."""
    preferences = preference_agreement(config, samples, readings) if truth.labelled else None
    classes = class_agreement(config, samples, readings) if truth.labelled else None
    judged = _judged(results, truth.numbers)
    agree = partial(_agreement, seed=config.seed, scale=results.scale.limits)
    known = truth.labelled | set(truth.numbers)
    made = {ref for ref, edit in edits.items() if isinstance(edit, Edit)}
    scored = {ref for ref in known if results.overall.get(ref) is not None}
    by_editor = _groups(judged, lambda edit: edit.editor)
    by_category = _groups(judged, lambda edit: edit.category)
    return Audit(
        judge=results.judge.name,
        judge_signature=results.judge.signature,
        rubric=results.rubric,
        benchmark=results.benchmark.name,
        signature=results.signature,
        against=(
            *truth.against,
            *(["preferences"] if preferences is not None else []),
            *(["classes"] if classes is not None else []),
        ),
        n=len(scored),
        unscored=len(known) - len(scored),
        without_truth=len(made - known),
        overall=agree(judged),
        editors={editor: agree(group) for editor, group in by_editor.items()},
        categories={category: agree(group) for category, group in by_category.items()},
        means={editor: _means(group) for editor, group in by_editor.items()},
        expected=_read_as(judged, readings.get("expected"), agree),
        readings={name: _read_as(judged, reading, agree) for name, reading in readings.items()},
        preferences=preferences,
        classes=classes,
        human=truth.human,
        replies=results.replies,
        sanity=results.sanity,
    )


def _judged(results: Results, truths: Mapping[EditRef, float]) -> list[_JudgedEdit]:
    """The edits with both a truth and a score, in the order of the study."""
    judged = {}
    for verdict in results.verdicts:
        ref = (verdict.editor, verdict.sample)
        score = results.overall.get(ref)
        if score is not None and ref in truths:
            judged[ref] = _JudgedEdit(*ref, verdict.category, verdict.cluster, score, truths[ref])
    return list(judged.values())


def _read_as(judged: Sequence[_JudgedEdit], reading: ScoreVariant | None, agree: _Agree) -> Agreement | None:
    """The agreement of another reading of the same replies; None where it has no score."""
    overall = {ref: scores["overall"] for ref, scores in (reading or {}).items()}
    both = [
        replace(edit, judge=score) for edit in judged if (score := overall.get((edit.editor, edit.sample))) is not None
    ]
    return agree(both) if both else None


def _agreement(judged: Sequence[_JudgedEdit], *, seed: int, scale: tuple[float, float]) -> Agreement:
    return agreement(
        [edit.judge for edit in judged],
        [edit.truth for edit in judged],
        [edit.cluster for edit in judged],
        seed,
        samples=[edit.sample for edit in judged],
        scale=scale,
    )


def _groups(judged: Sequence[_JudgedEdit], name: Callable[[_JudgedEdit], str]) -> dict[str, list[_JudgedEdit]]:
    groups: defaultdict[str, list[_JudgedEdit]] = defaultdict(list)
    for edit in judged:
        groups[name(edit)].append(edit)
    return groups


def _means(judged: Sequence[_JudgedEdit]) -> MeanScores:
    return MeanScores(_mean([edit.judge for edit in judged]), _mean([edit.truth for edit in judged]))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
