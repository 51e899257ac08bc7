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

__all__ = ["EditScores", "MetricScore", "ReplyReader", "score_of", "scores_of"]


@dataclass(frozen=True, slots=True)
class MetricScore:
    """One score of an edit.

    Attributes:
        score: the mean of its draws; None where one of them failed.
        failure: why there is none.
        reply: of the draw that failed, else of the first one; None for a derived score.
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
        return {**{name: metric.score for name, metric in self.shown.items()}, OVERALL: self.overall}


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


class ReplyReader:
    """Reads the replies about one edit, each score of each reply once, whoever asks for it.

    Args:
        config: the study.
        sample: what was asked of the editor.
        reply: what became of a question, by its place in the ledger's plan.
    """

    def __init__(self, config: StudyConfig, sample: Sample, reply: Callable[[str], Outcome]) -> None:
        self.sample = sample
        self._rubric = config.rubric
        self._mass = config.judge.min_label_mass
        self._reply = reply
        self._outcomes: dict[str, Outcome] = {}
        self._scores: dict[tuple[str, str], float | Failure] = {}

    def outcome(self, place: str) -> Outcome:
        """What became of a question."""
        if place not in self._outcomes:
            self._outcomes[place] = self._reply(place)
        return self._outcomes[place]

    def score(self, metric: str, place: str) -> float | Failure:
        """The score that a reply gives for a metric, or why it gives none."""
        known = self._scores.get((metric, place))
        if known is None:
            known = score_of(self._rubric, metric, self.outcome(place), self.sample, min_label_mass=self._mass)
            self._scores[metric, place] = known
        return known


def scores_of(config: StudyConfig, edit: Edit | Failure, replies: ReplyReader) -> EditScores | None:
    """The scores of one edit; None where no metric of the rubric applies to its sample.

    Args:
        config: the study.
        edit: what became of it.
        replies: about it.
    """
    rubric, sample = config.rubric, replies.sample
    shown = {name: _metric(config, name, edit, replies) for name in rubric.metrics_of(sample)}
    if not shown:
        return None
    scores = {name: metric.score for name, metric in shown.items()}
    for name, value in derived_scores(rubric.derived, scores, sample).items():
        shown[name] = _lacking(value, shown[value]) if isinstance(value, str) else MetricScore(value)
    overall = rubric.overall({name: metric.score for name, metric in shown.items()})
    shown.pop(OVERALL, None)
    return EditScores(shown, overall)


def _metric(config: StudyConfig, metric: str, edit: Edit | Failure, replies: ReplyReader) -> MetricScore:
    if isinstance(edit, Failure):
        return MetricScore(None, edit)
    count = config.judge.draws
    question = config.rubric.question_of(metric)
    places = [question_key(question, draw) for draw in range(count)]
    scores = [replies.score(metric, place) for place in places]
    numbers = [score for score in scores if not isinstance(score, Failure)]
    draws = tuple(None if isinstance(score, Failure) else score for score in scores) if count > 1 else ()
    for draw, (score, place) in enumerate(zip(scores, places, strict=True), 1):
        if isinstance(score, Failure):
            # Leaving this draw out would select for readability: an unsure judge often writes what cannot be read.
            message = f"draw {draw} of {count}: {score.message}" if count > 1 else score.message
            return MetricScore(None, replace(score, message=message), _reply(replies.outcome(place)), draws)
    return MetricScore(sum(numbers) / count, None, _reply(replies.outcome(places[0])), draws)


def _lacking(name: str, lacking: MetricScore) -> MetricScore:
    """A derived score whose input failed. A failed edit is one failure, whatever is derived from it."""
    cause = lacking.failure
    assert cause is not None
    if cause.stage not in ("judge", "score"):
        return MetricScore(None, cause)
    return MetricScore(None, Failure("score", "input-failed", f"{name}: {cause.message}", retryable=cause.retryable))


def _reply(outcome: Outcome) -> Reply | None:
    return outcome if isinstance(outcome, Reply) else None
