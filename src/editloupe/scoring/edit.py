"""From the replies about one edit to its scores, or why there are none: a pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from editloupe.config.parts import StudyConfig
from editloupe.errors import UnreadableReply, failure_from
from editloupe.planning import question_key
from editloupe.records import Edit, Failure, Reply, Sample
from editloupe.rubrics.derived import derived_scores
from editloupe.rubrics.rubric import OVERALL, Rubric
from editloupe.store.ledger import Outcome

__all__ = ["EditScores", "MetricScore", "score_of", "scores_of"]


@dataclass(frozen=True, slots=True)
class MetricScore:
    """One score of an edit.

    Attributes:
        score: the mean of its draws; None where one of them failed.
        failure: why there is none.
        reply: of the draw that failed, else of the first one; None of a derived score.
        draws: what each draw gave, where there are several.
    """

    score: float | None
    failure: Failure | None = None
    reply: Reply | None = None
    draws: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class EditScores:
    """All scores of an edit.

    Attributes:
        shown: by metric and derived score, those that apply to its sample; without the overall score.
        overall: the combined score; None where it failed.
    """

    shown: dict[str, MetricScore]
    overall: float | None

    @property
    def values(self) -> dict[str, float | None]:
        """Every score by its name, the overall one included."""
        return {**{name: one.score for name, one in self.shown.items()}, OVERALL: self.overall}


def score_of(
    rubric: Rubric, metric: str, outcome: Outcome, sample: Sample, *, min_label_mass: float
) -> float | Failure:
    """One score of a reply about a sample's edit, or why there is none."""
    if isinstance(outcome, Failure):
        return outcome
    assert isinstance(outcome, Reply)
    try:
        return float(rubric.score(metric, outcome, sample, min_label_mass=min_label_mass))
    except UnreadableReply as error:
        return replace(failure_from(error, "score"), reply=error.reply)


def scores_of(
    config: StudyConfig, sample: Sample, edit: Edit | Failure, reply: Callable[[str], Outcome]
) -> EditScores | None:
    """The scores of one edit; None where no metric of the rubric applies to its sample.

    Args:
        config: the study.
        sample: what was asked of the editor.
        edit: what became of it.
        reply: what became of a question, by its place in the ledger's plan.
    """
    rubric = config.rubric
    shown = {name: _metric(config, name, sample, edit, reply) for name in rubric.metrics_of(sample)}
    if not shown:
        return None
    for name, value in derived_scores(rubric.derived, {name: one.score for name, one in shown.items()}, sample).items():
        shown[name] = _lacking(value, shown[value]) if isinstance(value, str) else MetricScore(value)
    overall = rubric.overall({name: one.score for name, one in shown.items()})
    shown.pop(OVERALL, None)
    return EditScores(shown, overall)


def _metric(
    config: StudyConfig, metric: str, sample: Sample, edit: Edit | Failure, reply: Callable[[str], Outcome]
) -> MetricScore:
    if isinstance(edit, Failure):
        return MetricScore(None, edit)
    rubric, count = config.rubric, config.judge.draws
    question = rubric.question_of(metric)
    outcomes = [reply(question_key(question, draw)) for draw in range(count)]
    scores = [
        score_of(rubric, metric, outcome, sample, min_label_mass=config.judge.min_label_mass) for outcome in outcomes
    ]
    numbers = [score for score in scores if not isinstance(score, Failure)]
    draws = tuple(None if isinstance(score, Failure) else score for score in scores) if count > 1 else ()
    for draw, (score, outcome) in enumerate(zip(scores, outcomes, strict=True), 1):
        if isinstance(score, Failure):
            # Leaving this draw out would select for readability: an unsure judge often writes what cannot be read.
            told = f"draw {draw} of {count}: {score.message}" if count > 1 else score.message
            return MetricScore(None, replace(score, message=told), _reply(outcome), draws)
    return MetricScore(sum(numbers) / count, None, _reply(outcomes[0]), draws)


def _lacking(name: str, lacking: MetricScore) -> MetricScore:
    """A derived score whose input failed. A failed edit is one failure, whatever is derived from it."""
    cause = lacking.failure
    assert cause is not None
    if cause.stage not in ("judge", "score"):
        return MetricScore(None, cause)
    return MetricScore(None, Failure("score", "input-failed", f"{name}: {cause.message}", retryable=cause.retryable))


def _reply(outcome: Outcome) -> Reply | None:
    return outcome if isinstance(outcome, Reply) else None
