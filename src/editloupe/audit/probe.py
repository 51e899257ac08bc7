"""`editloupe probe`: the same questions through two judges. How far do their scores agree?

Both judges' replies are recorded in the study's ledger under their own keys, so asking again costs nothing. Judges that
differ only in where they run (two servers of one model) have the same keys: then the second is asked each time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.judge_quality.probe import Probe, ProbedJudge, ScorePair
from editloupe.planning import PlannedReply, edits_of, make_judge, pending, plan_replies, require_scores
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


def probe_study(config: StudyConfig, other: StudyConfig, *, count: int = 32) -> Probe:
    """Ask the judges of two configs the same questions about the first one's edits.

    Of the second config only the judge is used. Writes ``probe.json`` and a page of the report.

    Args:
        config: the study; its edits are made first where they are missing.
        other: whose judge is compared.
        count: how many questions, spread evenly over the study.

    Raises:
        ConfigError: there is nothing to ask.
    """
    require_scores(config, "a probe")
    theirs = config.model_copy(update={"judge": other.judge})
    with Study(config) as study:
        study.plan_edits()
        study.make_edits()
        study.plan_questions()
        chosen = _spread([plan for plan in study.questions if plan.question.draw == 0], count)
        if not chosen:
            raise ConfigError(f"there is nothing to ask in {str(config.out)!r}: no edit could be made")
        with make_judge(theirs) as second:
            ours = _ask(study, config, study.judge, chosen, already=frozenset())
            others = _ask(study, theirs, second, chosen, already=ours.keys)
        results = results_of(config, study.ledger)
        probe = _compared(results.signature, _metrics(config, chosen), ours, others)
        facts = probe.as_json()
        write_durably(config.out / "probe.json", (json.dumps(facts, indent=2) + "\n").encode())
        study.ledger.save_fact("probe", facts)
        write_report(replace(results, probe=probe), config.out)
        return probe


def probe_sentences(probe: Probe) -> list[str]:
    """What a probe found, for the terminal."""
    first, second = (judge.name for judge in probe.judges)
    lines = [f"{first} and {second}: {probe.compared} of {probe.questions} questions have a score from both"]
    # The four are known together, as soon as one question has a score from both.
    if (equal := probe.equal) is not None and (bias := probe.bias) is not None:
        lines.append(
            f"equal {100 * equal:.0f} %  mean difference {probe.mean_difference:.4f}  "
            f"largest {probe.largest_difference:.4f}  bias of the second {bias:+.4f}"
        )
    lines.append(f"without a score: {probe.unreadable[0]} by {first}, {probe.unreadable[1]} by {second}")
    return lines


@dataclass(frozen=True, slots=True)
class _Answers:
    """What one judge answered: its scores in the order of `_metrics`, and the keys of its questions."""

    judge: ProbedJudge
    scores: list[float | None]
    keys: frozenset[str]


def _spread(plans: Sequence[PlannedReply], count: int) -> Sequence[PlannedReply]:
    """So many of them at most, evenly spread."""
    return plans[:: max(1, len(plans) // count)][:count]


def _ask(
    study: Study, config: StudyConfig, judge: Judge, chosen: Sequence[PlannedReply], *, already: frozenset[str]
) -> _Answers:
    """Ask one judge the chosen questions, and close it: there may not be room for both.

    Args:
        study: whose edits they are about, and whose ledger holds the replies.
        config: of this judge.
        judge: who is asked.
        chosen: the questions, as the study's own judge is asked them.
        already: keys that the other judge has been asked; questions with the same keys are asked, not looked up.
    """
    signature = judge_signature(judge, study.ledger.digest)
    planned = {_ref(plan): plan for plan in plan_replies(config, judge, signature, *edits_of(config, study.ledger))}
    asked = [planned[_ref(plan)] for plan in chosen]
    keys = frozenset(plan.key for plan in asked)
    replies = _replies(study, config, judge, asked, recorded=already.isdisjoint(keys))
    answers = _Answers(ProbedJudge(judge.name, signature, config.mode), _scores(config, asked, replies), keys)
    judge.close()
    return answers


def _ref(plan: PlannedReply) -> tuple[str, str, str]:
    return plan.editor, plan.sample.id, plan.question_key


def _replies(
    study: Study, config: StudyConfig, judge: Judge, asked: Sequence[PlannedReply], *, recorded: bool
) -> dict[str, Outcome]:
    """What the ledger holds, and what it does not hold yet from the judge itself, or everything."""
    unique = {plan.key: plan for plan in asked}
    waiting = pending(study.ledger, list(unique), retry_failed=True) if recorded else set(unique)
    outcomes = study.ledger.find(list(unique)) if recorded else {}
    todo = [plan for plan in unique.values() if plan.key in waiting]
    if todo:
        progressing = stage_progress(f"probe {judge.name}", len(todo), unit="question")
        with progressing as progress, engine_of(config.workers.judge) as engine:
            progress.loading(judge.name)
            for batch in engine.replies(config.judge, judge, todo, progress):
                answers = [(done.item.key, done.outcome) for done in batch]
                outcomes.update(answers)
                if recorded:
                    study.ledger.record(answers)
                progress.advance(len(batch), note=judge.note)
    return outcomes


def _scores(config: StudyConfig, asked: Sequence[PlannedReply], replies: dict[str, Outcome]) -> list[float | None]:
    scores: list[float | None] = []
    for plan in asked:
        for metric in config.rubric.read_from(plan.question_name, plan.sample):
            mass = config.judge.min_label_mass
            score = score_of(config.rubric, metric, replies[plan.key], plan.sample, min_label_mass=mass)
            scores.append(None if isinstance(score, Failure) else score)
    return scores


def _metrics(config: StudyConfig, asked: Sequence[PlannedReply]) -> list[tuple[str, str, str]]:
    """(editor, sample, metric) of every score that the replies hold, in the order of `_scores`."""
    return [
        (plan.editor, plan.sample.id, metric)
        for plan in asked
        for metric in config.rubric.read_from(plan.question_name, plan.sample)
    ]


def _compared(signature: str, metrics: Sequence[tuple[str, str, str]], ours: _Answers, theirs: _Answers) -> Probe:
    pairs = tuple(
        ScorePair(editor, sample, metric, scores)
        for (editor, sample, metric), scores in zip(metrics, zip(ours.scores, theirs.scores, strict=True), strict=True)
    )
    gaps = [b - a for a, b in (pair.scores for pair in pairs) if a is not None and b is not None]
    sizes = [abs(gap) for gap in gaps]
    return Probe(
        signature=signature,
        judges=(ours.judge, theirs.judge),
        questions=len(pairs),
        compared=len(gaps),
        equal=sum(gap == 0 for gap in gaps) / len(gaps) if gaps else None,
        mean_difference=sum(sizes) / len(sizes) if sizes else None,
        largest_difference=max(sizes, default=None),
        bias=sum(gaps) / len(gaps) if gaps else None,
        unreadable=(ours.scores.count(None), theirs.scores.count(None)),
        pairs=pairs,
    )
