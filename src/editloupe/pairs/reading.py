"""From what the ledger holds to the outcome of every pair: a pure function, without models or files."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from editloupe.config.parts import StudyConfig
from editloupe.errors import UnreadableReply, failure_from
from editloupe.pair_results import PairAnswer, PairResults, PairVerdict, Shares
from editloupe.pairs.planning import Pair, all_pairs, cluster_order
from editloupe.records import Edit, Failure, ImageFile, Picture, Reply, Sample
from editloupe.results import NOT_DONE
from editloupe.rubrics.pairwise import PairQuestions
from editloupe.store.ledger import Ledger, Outcome, PairRow

__all__ = ["pair_results_of", "verdicts_of"]

TIE: Shares = (0.0, 0.0, 1.0)


def pair_results_of(
    config: StudyConfig, ledger: Ledger, samples: Sequence[Sample], edits: Mapping[tuple[str, str], Edit | Failure]
) -> PairResults | None:
    """Read what became of all pairs of the plan; None where the study compares none.

    Args:
        config: the study.
        ledger: of it.
        samples, edits: of it, as `planning.edits_of` gives them.
    """
    if config.pairs is None:
        return None
    rows: dict[tuple[str, str, str], list[PairRow]] = defaultdict(list)
    for row in ledger.pair_plan():
        rows[row[:3]].append(row)
    keys = list({row[-1] for several in rows.values() for row in several if row[-1]})
    outcomes = ledger.find(keys)
    names = [part.name for part in config.editors]
    verdicts = [
        verdict
        for pair in all_pairs(list(itertools.combinations(names, 2)), samples, edits)
        if (planned := rows.get((pair.sample.id, pair.a, pair.b)))
        for verdict in verdicts_of(config, pair, planned, outcomes, ledger.folder)
    ]
    adaptive, facts = config.pairs.adaptive, ledger.fact("pairs") or {}
    return PairResults(
        mode=config.pairs.mode,
        rubric=config.pairs.rubric,
        editors=tuple(names),
        metrics=config.pairs.questions.enabled,
        verdicts=tuple(verdicts),
        baseline=config.pairs.baseline,
        error=None if adaptive is None else adaptive.error,
        max_questions=None if adaptive is None else adaptive.max_questions,
        stopped=facts.get("stopped", ""),
        ties=config.pairs.questions.ties,
        order=tuple(cluster_order(samples, config.seed)) if adaptive is not None else (),
        questions=len(keys),
        waiting=len(keys) - len(outcomes),
    )


def verdicts_of(
    config: StudyConfig, pair: Pair, rows: Iterable[PairRow], recorded: Mapping[str, Outcome], folder: Path
) -> list[PairVerdict]:
    """The verdicts on one pair, by metric.

    Args:
        config: the study.
        pair: which.
        rows: of the plan.
        recorded: what there is, by key.
        folder: of the study.
    """
    assert config.pairs is not None
    rubric, mass = config.pairs.questions, config.judge.min_label_mass
    sample = pair.sample
    bare = PairVerdict(
        sample=sample.id,
        category=sample.category,
        cluster=sample.cluster,
        instruction=sample.instruction,
        a=pair.a,
        b=pair.b,
        metric="",
        outcome=None,
        images=(_path(pair.edit_a, folder), _path(pair.edit_b, folder)),
        sources=tuple(name for picture in sample.sources if (name := _within(picture, folder))),
    )
    if pair.failure is not None:
        return [replace(bare, failure=pair.failure)]
    if pair.identical:
        return [replace(bare, metric=name, outcome=TIE, identical=True) for name in rubric.metrics_of(sample)]
    by_metric: dict[str, list[PairAnswer]] = {name: [] for name in rubric.metrics_of(sample)}
    for _, _, _, metric, turned, draw, key in sorted(rows):
        if metric in by_metric:
            by_metric[metric].append(_answer(rubric, turned, draw, recorded.get(key), mass))
    return [_verdict(replace(bare, metric=name), answers) for name, answers in by_metric.items() if answers]


def _verdict(bare: PairVerdict, answers: Sequence[PairAnswer]) -> PairVerdict:
    """The mean of all answers; where one is lost, so is the pair: one order alone would let the position decide."""
    failure = next((answer.failure for answer in answers if answer.failure is not None), None)
    if failure is not None:
        return replace(bare, answers=tuple(answers), failure=failure)
    known = [answer.outcome for answer in answers if answer.outcome is not None]
    a, b, tie = (sum(shares) / len(known) for shares in zip(*known, strict=True))
    return replace(bare, answers=tuple(answers), outcome=(a, b, tie))


def _answer(rubric: PairQuestions, turned: bool, draw: int, reply: Outcome | None, mass: float) -> PairAnswer:
    if reply is None:
        reply = Failure("judge", NOT_DONE, "the stage 'judge' has not come to this pair yet", retryable=True)
    if isinstance(reply, Failure):
        return PairAnswer(turned, draw, None, failure=reply)
    assert isinstance(reply, Reply)
    try:
        outcome = rubric.outcome(reply, min_label_mass=mass)
    except UnreadableReply as error:
        failure = replace(failure_from(error, "score"), reply=error.reply)
        return PairAnswer(turned, draw, None, reply.text, reply.labels, failure)
    a, b, tie = outcome.turned if turned else outcome
    return PairAnswer(turned, draw, (a, b, tie), reply.text, reply.labels)


def _path(edit: Edit | Failure, folder: Path) -> str | None:
    return _within(edit.image, folder) if isinstance(edit, Edit) else None


def _within(picture: Picture, folder: Path) -> str | None:
    if isinstance(picture, ImageFile) and picture.path.is_relative_to(folder):
        return picture.path.relative_to(folder).as_posix()
    return None
