"""One set of replies, read in several ways: as the study scores them, one draw of them, or by their probabilities.

    score        as the report has it: the mean of the draws, where there are several
    first_draw   the first of several draws alone: what a study without `draws` would have
    expected     the expected score after reasoning (mode ``text``): the mean of the numbers that the judge could have
                 written where it wrote the score, by their probabilities; over all draws, where there are several

All are pure functions of the ledger, so comparing them asks the judge nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from editloupe.config.parts import StudyConfig
from editloupe.planning import edits_of, question_key
from editloupe.records import Edit, Failure, Reply, Sample
from editloupe.rubrics.derived import derived_scores
from editloupe.rubrics.replies import expected_score
from editloupe.rubrics.rubric import OVERALL, Rubric
from editloupe.scoring.edit import ReplyReader, scores_of
from editloupe.scoring.study import NOT_DONE
from editloupe.store.ledger import Ledger, Outcome

__all__ = ["ScoreVariant", "score_variants"]

ScoreVariant = Mapping[tuple[str, str], Mapping[str, float | None]]
"""By (editor, sample id), every score by its name, ``overall`` included; None where it failed."""


def score_variants(config: StudyConfig, ledger: Ledger) -> dict[str, ScoreVariant]:
    """The readings that a study's replies allow, ``score`` first.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    samples, edits = edits_of(config, ledger)
    plan = ledger.plan()
    outcomes = ledger.find([key for (_, _, key_of_question), key in plan.items() if key_of_question])
    lacking = Failure("judge", NOT_DONE, "no reply yet", retryable=True)
    by_id = {sample.id: sample for sample in samples}
    score: dict[tuple[str, str], dict[str, float | None]] = {}
    first: dict[tuple[str, str], dict[str, float | None]] = {}
    expected: dict[tuple[str, str], dict[str, float | None]] = {}
    single = config.model_copy(update={"judge": config.judge.model_copy(update={"draws": 1})})
    for (editor, name), edit in edits.items():

        def reply(place: str, editor: str = editor, name: str = name) -> Outcome:
            return outcomes.get(plan.get((editor, name, place), ""), lacking)

        edit_scores = scores_of(config, edit, ReplyReader(config, by_id[name], reply))
        if edit_scores is None or not isinstance(edit, Edit):
            continue
        score[editor, name] = edit_scores.values
        once = scores_of(single, edit, ReplyReader(single, by_id[name], reply))
        assert once is not None
        first[editor, name] = once.values
        expectations = {
            metric: None  # what could not be read has no expectation either: "11" begins with a 1
            if edit_scores.values.get(metric) is None
            else _expected(config.rubric, metric, [reply(key) for key in _places(config, metric)])
            for metric in config.rubric.metrics_of(by_id[name])
        }
        expected[editor, name] = _combined(config.rubric, expectations, by_id[name])
    readings: dict[str, ScoreVariant] = {"score": score}
    if config.judge.draws > 1:
        readings["first_draw"] = first
    if any(value is not None for scores in expected.values() for value in scores.values()):
        readings["expected"] = expected
    return readings


def _places(config: StudyConfig, metric: str) -> list[str]:
    return [question_key(config.rubric.question_of(metric), draw) for draw in range(config.judge.draws)]


def _expected(rubric: Rubric, metric: str, outcomes: list[Outcome]) -> float | None:
    """The mean of the draws' expected scores; None where one has none, or where the number written is not the score."""
    question, own = rubric.question_of(metric), rubric.metrics[metric]
    shared = sum(rubric.question_of(name) == question for name in rubric.metrics) > 1
    if shared or own.words or own.scales or own.high > 10:  # what is kept of a token tells 0 to 10 apart
        return None
    scores = [
        expected_score(outcome.score_labels) if isinstance(outcome, Reply) and outcome.score_labels else None
        for outcome in outcomes
    ]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if len(known) == len(scores) else None


def _combined(rubric: Rubric, scores: dict[str, float | None], sample: Sample) -> dict[str, float | None]:
    derived_values = derived_scores(rubric.derived, scores, sample)
    derived = {name: None if isinstance(value, str) else value for name, value in derived_values.items()}
    values = {**scores, **derived}
    return {**values, OVERALL: rubric.overall(values)}
