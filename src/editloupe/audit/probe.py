"""`editloupe probe`: the same questions through two judges. How far do their scores agree?

Both judges' replies are recorded in the study's ledger under their own keys, so asking again costs nothing. Judges that
differ only in where they run (two servers of one model) have the same keys: then the second is asked each time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.planning import PlannedReply, edits_of, make_judge, pending, plan_replies
from editloupe.progress.bars import stage_progress
from editloupe.protocols import Judge
from editloupe.records import Failure
from editloupe.report import write_report
from editloupe.scoring.study import results_of, score_of
from editloupe.store.blobs import write_durably
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import Outcome
from editloupe.study import Study
from editloupe.workers import engine_of

__all__ = ["probe_sentences", "probe_study"]


def probe_study(config: StudyConfig, other: StudyConfig, *, count: int = 32) -> dict[str, Any]:
    """Ask the judges of two configs the same questions about the first one's edits.

    Of the second config only the judge is used. Writes ``probe.json`` and a page of the report.

    Args:
        config: the study; its edits are made first where they are missing.
        other: whose judge is compared.
        count: how many questions, spread evenly over the study.

    Returns:
        ``{signature, judges, questions, compared, equal, mean_difference, largest_difference, bias, unreadable,
        pairs}``: `compared` questions have a score from both; `equal` is the share of equal scores among them;
        differences are absolute; `bias` is the mean of the second minus the first; `unreadable` counts questions
        without a score, per judge.

    Raises:
        ConfigError: there is nothing to ask.
    """
    theirs = config.model_copy(update={"judge": other.judge})
    with Study(config) as study:
        study.plan_edits()
        study.make_edits()
        study.plan_questions()
        samples, edits = edits_of(config, study.ledger)
        first_draws = [one for one in study.questions if one.question.draw == 0]
        chosen = first_draws[:: max(1, len(first_draws) // count)][:count]
        if not chosen:
            raise ConfigError(f"there is nothing to ask in {str(config.out)!r}: no edit could be made")
        places = [(one.editor, one.sample.id, one.question_key) for one in chosen]
        scores, judges, first = [], [], set[str]()
        with make_judge(theirs) as second:
            for side, judge in ((config, study.judge), (theirs, second)):
                signature = judge_signature(judge, study.ledger.digest)
                planned = {
                    (one.editor, one.sample.id, one.question_key): one
                    for one in plan_replies(side, judge, signature, samples, edits)
                }
                asked = [planned[place] for place in places]
                new = first.isdisjoint(one.key for one in asked)
                scores.append(_scores(side, asked, _replies(study, side, judge, asked, recorded=new)))
                first = {one.key for one in asked}
                judges.append({"name": judge.name, "signature": signature, "mode": side.mode})
                judge.close()  # there may not be room for both
        results = results_of(config, study.ledger)
        found = {"signature": results.signature, "judges": judges, **_compared(_metrics(config, chosen), *scores)}
        write_durably(config.out / "probe.json", (json.dumps(found, indent=2) + "\n").encode())
        study.ledger.save_fact("probe", found)
        write_report(replace(results, probe=found), config.out)
        return found


def probe_sentences(found: dict[str, Any]) -> list[str]:
    """What a probe found, for the terminal."""
    first, second = (judge["name"] for judge in found["judges"])
    one, two = found["unreadable"]
    lines = [f"{first} and {second}: {found['compared']} of {found['questions']} questions have a score from both"]
    if found["compared"]:
        lines.append(
            f"equal {100 * found['equal']:.0f} %  mean difference {found['mean_difference']:.4f}  "
            f"largest {found['largest_difference']:.4f}  bias of the second {found['bias']:+.4f}"
        )
    lines.append(f"without a score: {one} by {first}, {two} by {second}")
    return lines


def _replies(
    study: Study, config: StudyConfig, judge: Judge, asked: Sequence[PlannedReply], *, recorded: bool
) -> dict[str, Outcome]:
    """What the ledger holds, and what it does not hold yet from the judge itself, or everything."""
    unique = {one.key: one for one in asked}
    waiting = pending(study.ledger, list(unique), retry_failed=True) if recorded else set(unique)
    found = study.ledger.find(list(unique)) if recorded else {}
    todo = [one for one in unique.values() if one.key in waiting]
    if todo:
        progressing = stage_progress(f"probe {judge.name}", len(todo), unit="question")
        with progressing as progress, engine_of(config.workers.judge) as engine:
            progress.loading(judge.name)
            for batch in engine.replies(config.judge, judge, todo, progress):
                answers = [(one.item.key, one.outcome) for one in batch]
                found.update(answers)
                if recorded:
                    study.ledger.record(answers)
                progress.advance(len(batch), note=judge.note)
    return found


def _scores(config: StudyConfig, asked: Sequence[PlannedReply], replies: dict[str, Outcome]) -> list[float | None]:
    scores: list[float | None] = []
    for one in asked:
        for metric in config.rubric.read_from(one.question_name, one.sample):
            mass = config.judge.min_label_mass
            score = score_of(config.rubric, metric, replies[one.key], one.sample, min_label_mass=mass)
            scores.append(None if isinstance(score, Failure) else score)
    return scores


def _metrics(config: StudyConfig, asked: Sequence[PlannedReply]) -> list[tuple[str, str, str]]:
    """(editor, sample, metric) of every score that the replies hold, in the order of `_scores`."""
    return [
        (one.editor, one.sample.id, metric)
        for one in asked
        for metric in config.rubric.read_from(one.question_name, one.sample)
    ]


def _compared(
    places: Sequence[tuple[str, str, str]], ours: Sequence[float | None], theirs: Sequence[float | None]
) -> dict[str, Any]:
    gaps = [b - a for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    sizes = [abs(gap) for gap in gaps]
    return {
        "questions": len(places),
        "compared": len(gaps),
        "equal": sum(gap == 0 for gap in gaps) / len(gaps) if gaps else None,
        "mean_difference": sum(sizes) / len(sizes) if sizes else None,
        "largest_difference": max(sizes, default=None),
        "bias": sum(gaps) / len(gaps) if gaps else None,
        "unreadable": [sum(score is None for score in side) for side in (ours, theirs)],
        "pairs": [
            {"editor": editor, "sample": sample, "metric": metric, "scores": [a, b]}
            for (editor, sample, metric), a, b in zip(places, ours, theirs, strict=True)
        ],
    }
