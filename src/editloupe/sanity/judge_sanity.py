"""Ask a study's judge the questions of the probes, and tell what they found."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from editloupe.config.parts import StudyConfig
from editloupe.planning import PlannedReply, edits_of, full_signature, pending
from editloupe.progress.bars import stage_progress
from editloupe.protocols import Judge
from editloupe.records import Failure, ImageFile, Picture
from editloupe.sanity.cases import Cases
from editloupe.sanity.plan import Form, PlannedProbe, Shown, plan_probe, probes_of
from editloupe.sanity.probes import PROBES, REPEAT
from editloupe.sanity.verdicts import ALPHA, FEWEST, MARGIN, Finding, ScorePairs, findings_of, verdict_of
from editloupe.scoring.edit import MetricScore, scores_of
from editloupe.scoring.study import rubric_name
from editloupe.store.blobs import BlobStore
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import Ledger, Outcome
from editloupe.workers import engine_of

__all__ = ["EXAMPLES", "probe_judge"]

log = logging.getLogger(__name__)

EXAMPLES = 4
"""Edits of each probe that the report shows: those that speak most against the judge."""

WORDS = 400
"""Characters of a reply beside them."""

Scores = Mapping[str, MetricScore]


def probe_judge(
    config: StudyConfig,
    ledger: Ledger,
    judge: Judge,
    planned: Sequence[PlannedReply],
    *,
    form: Form = "full",
    retry_failed: bool = False,
) -> dict[str, Any]:
    """Ask the probes that the ledger does not hold, weigh all of them, and keep what was found.

    A short form is not asked where a full one of the same judge and rubric is there.

    Args:
        config: the study; the judge runs where its `workers:` say.
        ledger: of the study.
        judge: of the study; it stays open.
        planned: all the study's questions.
        form: all probes, or those of the short form.
        retry_failed: whether recorded failures are tried again.

    Returns:
        What the ledger keeps as the fact ``sanity``; ``docs/study-folder.md`` names its keys.

    Raises:
        ConfigError: the judge looks its answers up.
        StudyStopped: a limit was reached; what was answered is recorded.
    """
    signature = judge_signature(judge, ledger.digest)
    about = {
        "judge": judge.name,
        "signature": full_signature(config, {"signature": signature, "decoding": judge.decoding}),
        "rubric": rubric_name(config.rubric),
    }
    kept: dict[str, Any] | None = ledger.fact("sanity")
    if form == "short" and kept is not None and kept["form"] == "full" and about.items() <= kept.items():
        return kept
    store = BlobStore(ledger.folder / "blobs")
    cases = Cases(config, planned, edits_of(config, ledger)[1], store)
    asked_as = f"{signature} {judge.decoding}" if config.mode == "text" else signature
    probes = [plan_probe(name, config, judge, asked_as, cases) for name in probes_of(form)]
    unique = {one.key: one for probe in probes for one in probe.questions}
    _ask(config, ledger, judge, unique, retry_failed=retry_failed)
    found = ledger.find(list(unique))
    results = {one.name: _result(config, ledger, one, found) for one in probes}
    sanity = {
        **about,
        "form": form,
        "error_rate": ALPHA,
        "margin": MARGIN,
        "fewest": FEWEST,
        "questions": len(unique.keys() - {one.key for one in planned}),
        "probes": results,
    }
    ledger.save_fact("sanity", sanity)
    failed = [name for name, one in results.items() if one["verdict"] == "fail"]
    if failed:
        log.warning("the judge %s fails the sanity probes %s", judge.name, ", ".join(failed))
    return sanity


def _ask(
    config: StudyConfig, ledger: Ledger, judge: Judge, unique: Mapping[str, PlannedReply], *, retry_failed: bool
) -> None:
    waiting = pending(ledger, list(unique), retry_failed=retry_failed)
    todo = [one for one in unique.values() if one.key in waiting]
    if not todo:
        return
    with stage_progress("sanity", len(todo), unit="question") as progress:
        progress.loading(judge.name)
        for batch in engine_of(config.workers.judge, progress).replies(config.judge, judge, todo):
            ledger.record([(one.item.key, one.outcome) for one in batch])
            failed = sum(isinstance(one.outcome, Failure) for one in batch)
            progress.advance(len(batch), failed=failed, note=judge.note)


def _result(config: StudyConfig, ledger: Ledger, probe: PlannedProbe, found: Mapping[str, Outcome]) -> dict[str, Any]:
    """A probe's verdict with its numbers, in points of each metric's scale."""
    kind = PROBES[probe.name].kind
    facts: dict[str, Any] = {
        "kind": kind,
        "edits": len(probe.shown),
        "lost": 0,
        "failure": None,
        "metrics": {},
        "examples": [],
    }
    if not probe.shown:
        verdict = "underpowered" if probe.reason == "few" else "not-applicable"
        return {"verdict": verdict, "reason": probe.reason, **facts}
    scores = [_scores_of_one(config, one, found) for one in probe.shown]
    metrics = {name: None for _, after, _ in scores for name in after}
    pairs = {name: _pairs(config, name, scores, repeated=kind == "same" and probe.name != REPEAT) for name in metrics}
    findings = findings_of(kind, pairs, seed=config.seed)
    verdict, reason = verdict_of(kind, findings)
    facts["lost"] = max(one.lost for one in findings.values())
    facts["failure"] = next(filter(None, map(_failure, scores)), None)
    facts["metrics"] = {name: _in_points(config, name, one) for name, one in findings.items()}
    telling = sorted(range(len(scores)), key=lambda place: _in_favour(config, kind, scores[place]))[:EXAMPLES]
    facts["examples"] = [_example(ledger, probe.shown[place], scores[place]) for place in telling]
    return {"verdict": verdict, "reason": reason, **facts}


def _scores_of_one(config: StudyConfig, shown: Shown, found: Mapping[str, Outcome]) -> tuple[Scores, Scores, Scores]:
    """The scores of the study's own questions, of the probe's, and of the repeated ones: of the tested metrics."""
    case = shown.case
    own = {one.question_key: one for one in case.asked}
    names = {own[place].question_name for place in shown.asked}
    tested = [metric for name in names for metric in config.rubric.read_from(name, case.sample)]

    def read(asked: Mapping[str, PlannedReply]) -> Scores:
        def reply(place: str) -> Outcome:
            planned = asked.get(place)
            missing = Failure("judge", "not-done", "this question was not asked", retryable=True)
            return missing if planned is None else found.get(planned.key, missing)

        scored = scores_of(config, case.sample, case.edit, reply)
        return (
            {}
            if scored is None
            else {metric: scored.shown[metric] for metric in config.rubric.enabled if metric in tested}
        )

    return read(own), read(shown.asked), read(shown.repeated) if shown.repeated else {}


def _pairs(
    config: StudyConfig, metric: str, scores: Sequence[tuple[Scores, Scores, Scores]], *, repeated: bool
) -> ScorePairs:
    about = [one for one in scores if metric in one[1]]
    before, after, again = (
        [_on_unit(config, metric, side[metric].score) if metric in side else None for side in sides]
        for sides in zip(*about, strict=True)
    )
    return ScorePairs(before, after, again if repeated else None)


def _failure(scores: tuple[Scores, Scores, Scores]) -> str | None:
    """Why one edit lacks a score, on whichever side."""
    failures = (one.failure for side in scores for one in side.values())
    return next((one.message for one in failures if one is not None), None)


def _on_unit(config: StudyConfig, metric: str, score: float | None) -> float | None:
    scale = config.rubric.metrics[metric]
    return None if score is None else min(1.0, max(0.0, (score - scale.low) / (scale.high - scale.low)))


def _in_points(config: StudyConfig, metric: str, one: Finding) -> dict[str, Any]:
    scale = config.rubric.metrics[metric]
    span = scale.high - scale.low
    return {
        "verdict": one.verdict,
        "reason": one.reason,
        "n": one.edits - one.lost,
        "lost": one.lost,
        "mean": None if one.mean is None else one.mean * span,
        "low": one.low * span,
        "high": one.high * span,
        "margin": MARGIN * span,
    }


def _in_favour(config: StudyConfig, kind: str, scores: tuple[Scores, Scores, Scores]) -> float:
    """How much one edit's scores speak for the judge; what has no score comes last among the examples."""
    changes = [
        before - after
        for metric in scores[1]
        if (before := _on_unit(config, metric, scores[0][metric].score)) is not None
        and (after := _on_unit(config, metric, scores[1][metric].score)) is not None
    ]
    if not changes:
        return float("inf")
    return max(changes) if kind == "drop" else -max(abs(one) for one in changes)


def _example(ledger: Ledger, shown: Shown, scores: tuple[Scores, Scores, Scores]) -> dict[str, Any]:
    before, after, _ = scores
    case, variant = shown.case, shown.variant
    first = next(iter(after.values()))
    words = first.reply.text if first.reply is not None else first.failure.message if first.failure is not None else ""
    return {
        "editor": case.editor,
        "sample": case.sample.id,
        "instruction": case.sample.instruction,
        "told": variant.sample.instruction,
        "sources": [_place(ledger, one) for one in case.sample.sources],
        "shown_sources": [_place(ledger, one) for one in variant.sample.sources],
        "image": _place(ledger, case.edit.image),
        "shown": _place(ledger, variant.picture),
        "before": variant.before,
        "words": " ".join(words.split())[:WORDS],
        "scores": {metric: [before[metric].score, after[metric].score] for metric in after},
    }


def _place(ledger: Ledger, picture: Picture) -> str | None:
    """A picture's path in the study folder, as the report names it."""
    if isinstance(picture, ImageFile) and picture.path.is_relative_to(ledger.folder):
        return picture.path.relative_to(ledger.folder).as_posix()
    return None
