"""`editloupe audit`: how good is the judge? Its agreement with the truth, and whether it says the same thing twice.

The truth of an edit is what its editor knows (procedural ones), else the human label that its sample carries.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from editloupe.blobs import write_durably
from editloupe.config import StudyConfig
from editloupe.errors import ConfigError
from editloupe.ledger import Ledger
from editloupe.planning import PlannedReply, edits_of, make_judge
from editloupe.records import Edit, Failure, Reply
from editloupe.report import write_report
from editloupe.report.study_results import Results
from editloupe.rubrics.replies import expected_score
from editloupe.scoring import results_of, score_of
from editloupe.statistics.agreement import agreement
from editloupe.study import Study
from editloupe.workers import here

__all__ = ["audit_study"]

log = logging.getLogger(__name__)

STABILITY = 32
"""Questions that are asked again, several times, to see whether the judge is stable."""


@dataclass(frozen=True, slots=True)
class _Judged:
    editor: str
    sample: str
    category: str
    cluster: str
    judge: float
    truth: float


def audit_study(config: StudyConfig, *, retry_failed: bool = False) -> dict[str, Any]:
    """Run what is left of a study, compare its scores with the truth, and ask some questions again.

    Writes ``audit.json`` and a page of the report.

    Args:
        config: the study.
        retry_failed: try all recorded failures again first.

    Returns:
        ``{judge, signature, n, unscored, without_truth, overall, editors, categories, means, stability}``; `overall`,
        each editor and each category hold what `statistics.agreement.agreement` returns. With the answer mode ``text``
        and an engine that can tell, `expected` is the same for the expected scores after reasoning.

    Raises:
        ConfigError: no edit of this study has a known truth.
    """
    with Study(config, retry_failed=retry_failed) as study:
        study.plan_edits()
        study.make_edits()
        study.plan_questions()
        study.ask_questions()
        results = results_of(config, study.ledger)
        truths, unknown = _truths(config, study.ledger)
        if not truths:
            raise ConfigError(
                f"no edit of {str(config.out)!r} has a known truth; audit a benchmark that knows it (shapes), "
                "or one whose samples carry a `label`"
            )
        judged = _judged(results, truths)
        found = {
            "judge": results.judge.name,
            "signature": results.signature,
            "n": len(judged),
            "unscored": len(truths) - len(judged),
            "without_truth": unknown,
            "overall": _agreement(judged, config.seed),
            "editors": _by(judged, lambda one: one.editor, config.seed),
            "categories": _by(judged, lambda one: one.category, config.seed),
            "means": {
                name: {"judge": _mean([one.judge for one in part]), "truth": _mean([one.truth for one in part])}
                for name, part in _groups(judged, lambda one: one.editor).items()
            },
            "expected": _expected_agreement(config, study, judged),
            **_asked_again(config, study),
        }
        write_durably(config.out / "audit.json", (json.dumps(found, indent=2) + "\n").encode())
        study.ledger.save_fact("audit", found)
        write_report(replace(results, audit=found), config.out)
        return found


def _truths(config: StudyConfig, ledger: Ledger) -> tuple[dict[tuple[str, str], float], int]:
    """The truth of each edit that has one, and how many edits have none."""
    samples, edits = edits_of(config, ledger)
    labels = {sample.id: sample.label for sample in samples}
    made = {place: edit for place, edit in edits.items() if isinstance(edit, Edit)}
    truths = {
        place: truth
        for place, edit in made.items()
        if (truth := edit.truth if edit.truth is not None else labels[place[1]]) is not None
    }
    return truths, len(made) - len(truths)


def _judged(results: Results, truths: dict[tuple[str, str], float]) -> list[_Judged]:
    """The edits with both a truth and a score, in the order of the study."""
    judged = {}
    for one in results.verdicts:
        place = (one.editor, one.sample)
        score = results.overall.get(place)
        if score is not None and place in truths:
            judged[place] = _Judged(one.editor, one.sample, one.category, one.cluster, score, truths[place])
    return list(judged.values())


def _agreement(judged: Sequence[_Judged], seed: int) -> dict[str, Any]:
    return agreement(
        [one.judge for one in judged],
        [one.truth for one in judged],
        [one.cluster for one in judged],
        seed,
        samples=[one.sample for one in judged],
    )


def _groups(judged: Sequence[_Judged], name: Callable[[_Judged], str]) -> dict[str, list[_Judged]]:
    groups: defaultdict[str, list[_Judged]] = defaultdict(list)
    for one in judged:
        groups[name(one)].append(one)
    return groups


def _by(judged: Sequence[_Judged], name: Callable[[_Judged], str], seed: int) -> dict[str, Any]:
    return {group: _agreement(part, seed) for group, part in _groups(judged, name).items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _expected_agreement(config: StudyConfig, study: Study, judged: Sequence[_Judged]) -> dict[str, Any] | None:
    """How the expected score after reasoning agrees with the truth; None without one, or with several metrics."""
    if len(config.rubric.enabled) != 1:
        return None
    found = study.ledger.find([plan.key for plan in study.questions])
    expected: dict[tuple[str, str], float] = {}
    for plan in study.questions:
        reply = found.get(plan.key)
        if isinstance(reply, Reply) and reply.score_labels:
            score = expected_score(reply.score_labels)
            if score is not None:
                expected[plan.editor, plan.sample.id] = score
    both = [
        replace(one, judge=expected[one.editor, one.sample]) for one in judged if (one.editor, one.sample) in expected
    ]
    return _agreement(both, config.seed) if both else None


def _asked_again(config: StudyConfig, study: Study) -> dict[str, Any]:
    """Ask evenly spread questions again: one by one, in batches, in reverse, once more, in the other answer mode."""
    planned = study.questions
    chosen = planned[:: max(1, len(planned) // STABILITY)][:STABILITY]
    size = 8 if config.judge.batch_size == "auto" else max(2, config.judge.batch_size)

    def scores(plans: Sequence[PlannedReply], batch_size: int) -> dict[str, float | None]:
        part = config.judge.model_copy(update={"batch_size": batch_size, "use_batch_inference": True})
        judge = make_judge(config)
        answered: dict[str, float | None] = {}
        for batch in here.replies(part, judge, plans):
            for done in batch:
                plan, mass = done.item, config.judge.min_label_mass
                for metric in config.rubric.read_from(plan.asked, plan.sample):
                    score = score_of(config.rubric, metric, done.outcome, plan.sample, min_label_mass=mass)
                    answered[f"{plan.key} {metric}"] = None if isinstance(score, Failure) else score
        return answered

    single = scores(chosen, 1)
    again = {
        "batched": scores(chosen, size),
        "reversed": scores(list(reversed(chosen)), size),
        "repeated": scores(chosen, 1),
    }
    mode: Literal["text", "choice"] = "text" if (config.judge.answer or config.rubric.answer) == "choice" else "choice"
    try:
        other = scores([_in_mode(config, plan, mode) for plan in chosen], size)
    except ConfigError as error:  # a server without token probabilities, say: the audit is not about that
        log.warning("the judge cannot answer in the mode %r: %s", mode, error)
        other = dict.fromkeys(single)
    return {
        "stability": {
            "questions": len(single),
            "batch_size": size,
            **{name: _compared(single, outcome) for name, outcome in again.items()},
        },
        "modes": {"other": mode, **_between_modes(single, other)},
    }


def _in_mode(config: StudyConfig, plan: PlannedReply, mode: Literal["text", "choice"]) -> PlannedReply:
    """The same question in another answer mode."""
    edited = next(part.picture for part in plan.question.context if getattr(part, "role", "") == "edited")  # type: ignore[union-attr]
    questions = config.rubric.questions(
        plan.sample, edited, mode=mode, compare_original=config.judge.compare_original, seed=plan.question.seed
    )
    return replace(plan, question=questions[plan.asked])


def _between_modes(one: dict[str, float | None], other: dict[str, float | None]) -> dict[str, Any]:
    """How far two answer modes agree: rank correlation, and mean absolute difference of the scores that both gave."""
    pairs = [(a, b) for key, a in one.items() if a is not None and (b := other[key]) is not None]
    found = agreement([a for a, _ in pairs], [b for _, b in pairs], [str(index) for index in range(len(pairs))], 0)
    return {"questions": len(pairs), "spearman": found["spearman"], "mean_absolute_difference": found["mae"]}


def _compared(one: dict[str, float | None], other: dict[str, float | None]) -> dict[str, Any]:
    """Share of equal outcomes, and the largest difference of two scores; both unreadable counts as equal."""
    pairs = [(one[key], other[key]) for key in one]
    gaps = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    equal = sum(a == b for a, b in pairs)
    return {"equal": equal / len(pairs) if pairs else None, "largest_difference": max(gaps, default=None)}
