"""Ask a study's judge the questions of the probes, and tell what they found."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from editloupe.config.parts import StudyConfig
from editloupe.judge_quality.sanity import Sanity
from editloupe.planning import PlannedReply, edits_of, full_signature, pending
from editloupe.progress.bars import stage_progress
from editloupe.protocols import Judge
from editloupe.records import Failure
from editloupe.sanity.cases import Cases
from editloupe.sanity.plan import Form, plan_probe, probes_of
from editloupe.sanity.results import result_of
from editloupe.sanity.verdicts import ALPHA, FEWEST, MARGIN
from editloupe.scoring.study import rubric_name
from editloupe.store.blobs import BlobStore
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import Ledger
from editloupe.workers import engine_of

__all__ = ["probe_judge"]

log = logging.getLogger(__name__)


def probe_judge(
    config: StudyConfig,
    ledger: Ledger,
    judge: Judge,
    planned: Sequence[PlannedReply],
    *,
    form: Form = "full",
    retry_failed: bool = False,
) -> Sanity:
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
        What the ledger keeps as the fact ``sanity``.

    Raises:
        ConfigError: the judge looks its answers up.
        StudyStopped: a limit was reached; what was answered is recorded.
    """
    signature = judge_signature(judge, ledger.digest)
    full = full_signature(config, {"signature": signature, "decoding": judge.decoding})
    rubric = rubric_name(config.rubric)
    fact = ledger.fact("sanity")
    kept = None if fact is None else Sanity.from_json(fact)
    if form == "short" and kept is not None and (kept.form, kept.signature, kept.rubric) == ("full", full, rubric):
        return kept
    cases = Cases(config, planned, edits_of(config, ledger)[1], BlobStore(ledger.folder / "blobs"))
    asked_as = f"{signature} {judge.decoding}" if config.mode == "text" else signature
    probes = [plan_probe(name, config, judge, asked_as, cases) for name in probes_of(form)]
    unique = {plan.key: plan for probe in probes for plan in probe.questions}
    _ask(config, ledger, judge, unique, retry_failed=retry_failed)
    outcomes = ledger.find(list(unique))
    sanity = Sanity(
        judge=judge.name,
        signature=full,
        rubric=rubric,
        form=form,
        error_rate=ALPHA,
        margin=MARGIN,
        fewest=FEWEST,
        questions=len(unique.keys() - {plan.key for plan in planned}),
        probes={probe.name: result_of(config, ledger.folder, probe, outcomes) for probe in probes},
    )
    ledger.save_fact("sanity", sanity.as_json())
    failed = [name for name, verdict in sanity.verdicts.items() if verdict == "fail"]
    if failed:
        log.warning("the judge %s fails the sanity probes %s", judge.name, ", ".join(failed))
    return sanity


def _ask(
    config: StudyConfig, ledger: Ledger, judge: Judge, unique: Mapping[str, PlannedReply], *, retry_failed: bool
) -> None:
    waiting = pending(ledger, list(unique), retry_failed=retry_failed)
    todo = [plan for plan in unique.values() if plan.key in waiting]
    if not todo:
        return
    with (
        stage_progress("sanity", len(todo), unit="question") as progress,
        engine_of(config.workers.judge) as engine,
    ):
        progress.loading(judge.name)
        for batch in engine.replies(config.judge, judge, todo, progress):
            ledger.record([(done.item.key, done.outcome) for done in batch])
            failed = sum(isinstance(done.outcome, Failure) for done in batch)
            progress.advance(len(batch), failed=failed, note=judge.note)
