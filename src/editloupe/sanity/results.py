"""From the replies to a probe's questions to what it found: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from editloupe.config.parts import StudyConfig
from editloupe.judge_quality.sanity import MetricChange, ProbeExample, ProbeResult
from editloupe.planning import PlannedReply
from editloupe.records import Failure, ImageFile, Picture
from editloupe.sanity.plan import PlannedProbe, Shown
from editloupe.sanity.probes import PROBES, REPEAT
from editloupe.sanity.verdicts import MARGIN, Finding, ScorePairs, findings_of, verdict_of
from editloupe.scoring.edit import MetricScore, ReplyReader, scores_of
from editloupe.store.ledger import Outcome

__all__ = ["EXAMPLES", "result_of"]

EXAMPLES = 4
"""Edits of each probe that the report shows: those that speak most against the judge."""

WORDS = 400
"""Characters of a reply beside them."""

Scores = Mapping[str, MetricScore]


@dataclass(frozen=True, slots=True)
class _Scored:
    """The scores of one edit in the tested metrics.

    Attributes:
        before: of the study's own questions.
        after: of the probe's.
        repeated: of the study's questions asked once more; empty where `after` is not compared with them.
    """

    before: Scores
    after: Scores
    repeated: Scores

    @property
    def failure(self) -> str | None:
        """Why a score is missing, on whichever side."""
        failures = (score.failure for side in (self.before, self.after, self.repeated) for score in side.values())
        return next((failure.message for failure in failures if failure is not None), None)


def result_of(config: StudyConfig, folder: Path, probe: PlannedProbe, outcomes: Mapping[str, Outcome]) -> ProbeResult:
    """Weigh a probe.

    Args:
        config: the study.
        folder: of the study, where the pictures lie.
        probe: what was asked.
        outcomes: by key, of its questions and the study's own.
    """
    kind = PROBES[probe.name].kind
    if not probe.shown:
        return ProbeResult(kind, "underpowered" if probe.reason == "few" else "not-applicable", probe.reason)
    scored = [_scored(config, shown, outcomes) for shown in probe.shown]
    metrics = dict.fromkeys(metric for edit in scored for metric in edit.after)
    against_repeat = kind == "same" and probe.name != REPEAT
    pairs = {metric: _pairs(config, metric, scored, against_repeat=against_repeat) for metric in metrics}
    findings = findings_of(kind, pairs, seed=config.seed)
    verdict, reason = verdict_of(kind, findings)
    telling = sorted(range(len(scored)), key=lambda at: _in_favour(config, kind, scored[at]))[:EXAMPLES]
    return ProbeResult(
        kind,
        verdict,
        reason,
        edits=len(scored),
        lost=max(finding.lost for finding in findings.values()),
        failure=next((edit.failure for edit in scored if edit.failure is not None), None),
        metrics={metric: _in_points(config, metric, finding) for metric, finding in findings.items()},
        examples=tuple(_example(folder, probe.shown[at], scored[at]) for at in telling),
    )


def _scored(config: StudyConfig, shown: Shown, outcomes: Mapping[str, Outcome]) -> _Scored:
    case = shown.case
    own = {plan.question_key: plan for plan in case.asked}
    names = {own[question].question_name for question in shown.asked}
    tested = {metric for name in names for metric in config.rubric.read_from(name, case.sample)}

    def read(asked: Mapping[str, PlannedReply]) -> Scores:
        def reply(place: str) -> Outcome:
            plan = asked.get(place)
            missing = Failure("judge", "not-done", "this question was not asked", retryable=True)
            return missing if plan is None else outcomes.get(plan.key, missing)

        scores = scores_of(config, case.edit, ReplyReader(config, case.sample, reply))
        known = {} if scores is None else scores.shown
        return {metric: score for metric, score in known.items() if metric in tested}

    return _Scored(read(own), read(shown.asked), read(shown.repeated) if shown.repeated else {})


def _pairs(config: StudyConfig, metric: str, scored: Sequence[_Scored], *, against_repeat: bool) -> ScorePairs:
    about = [edit for edit in scored if metric in edit.after]
    before, after, repeated = (
        [_on_unit(config, metric, side[metric].score) if metric in side else None for side in sides]
        for sides in (
            [edit.before for edit in about],
            [edit.after for edit in about],
            [edit.repeated for edit in about],
        )
    )
    return ScorePairs(before, after, repeated if against_repeat else None)


def _on_unit(config: StudyConfig, metric: str, score: float | None) -> float | None:
    scale = config.rubric.metrics[metric]
    return None if score is None else min(1.0, max(0.0, (score - scale.low) / (scale.high - scale.low)))


def _in_points(config: StudyConfig, metric: str, finding: Finding) -> MetricChange:
    scale = config.rubric.metrics[metric]
    span = scale.high - scale.low
    return MetricChange(
        finding.verdict,
        finding.reason,
        n=finding.edits - finding.lost,
        lost=finding.lost,
        mean=None if finding.mean is None else finding.mean * span,
        low=finding.low * span,
        high=finding.high * span,
        margin=MARGIN * span,
    )


def _in_favour(config: StudyConfig, kind: str, edit: _Scored) -> float:
    """How much one edit's scores speak for the judge; what has no score comes last among the examples."""
    changes = [
        before - after
        for metric in edit.after
        if (before := _on_unit(config, metric, edit.before[metric].score)) is not None
        and (after := _on_unit(config, metric, edit.after[metric].score)) is not None
    ]
    if not changes:
        return float("inf")
    return max(changes) if kind == "drop" else -max(map(abs, changes))


def _example(folder: Path, shown: Shown, edit: _Scored) -> ProbeExample:
    def path_of(picture: Picture) -> str | None:
        if isinstance(picture, ImageFile) and picture.path.is_relative_to(folder):
            return picture.path.relative_to(folder).as_posix()
        return None

    case, variant = shown.case, shown.variant
    first = next(iter(edit.after.values()))
    words = first.reply.text if first.reply is not None else edit.failure or ""
    return ProbeExample(
        editor=case.editor,
        sample=case.sample.id,
        instruction=case.sample.instruction,
        told=variant.sample.instruction,
        sources=tuple(map(path_of, case.sample.sources)),
        shown_sources=tuple(map(path_of, variant.sample.sources)),
        image=path_of(case.edit.image),
        shown=path_of(variant.picture),
        before=variant.before,
        words=" ".join(words.split())[:WORDS],
        scores={metric: (edit.before[metric].score, score.score) for metric, score in edit.after.items()},
    )
