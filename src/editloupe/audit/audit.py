"""`editloupe audit`: how good is the judge? Its agreement with the truth, and whether it says the same thing twice.

The truth of an edit is what people say who rated it (``--human``); without them what its editor knows (procedural
ones), else the human label that its sample carries. Benchmarks of the judge know besides which of two edits people
prefer, or whether an edit follows its instruction.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from editloupe.audit.human_means import human_means
from editloupe.audit.human_sample import drawn_sample
from editloupe.audit.preferences import class_agreement, labelled_edits, preference_agreement
from editloupe.audit.ratings import match_ratings, read_ratings
from editloupe.audit.score_variants import ScoreVariant, score_variants
from editloupe.audit.stability import measure_stability
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.judge_card import card_of
from editloupe.planning import edits_of
from editloupe.records import Edit, Failure, Sample
from editloupe.report import write_report
from editloupe.results import Results
from editloupe.scoring.study import results_of
from editloupe.statistics.agreement import agreement
from editloupe.store.blobs import write_durably
from editloupe.study import Study

__all__ = ["audit_study"]

EditRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Judged:
    editor: str
    sample: str
    category: str
    cluster: str
    judge: float
    truth: float


_Agree = Callable[[Sequence[_Judged]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Truth:
    """What is known about the edits: numbers by (editor, sample id), where they come from, and what people said."""

    numbers: Mapping[EditRef, float]
    against: list[str]
    human: dict[str, Any] | None = None


def audit_study(
    config: StudyConfig,
    *,
    retry_failed: bool = False,
    human: Sequence[str] = (),
    stability: bool | None = None,
    width: float | None = None,
) -> dict[str, Any]:
    """Run what is left of a study, compare its scores with the truth, and ask some questions again.

    With ratings by people nothing is made or asked: they are compared with the scores that are there.

    Writes ``audit.json``, the judge's card and a page of the report.

    Args:
        config: the study.
        retry_failed: try all recorded failures again first.
        human: files of ratings by people, which take the place of any other truth.
        stability: whether some questions are asked again; where None, only without ratings by people.
        width: of the interval of a human mean that is wished for, in points: how many labels would that take?

    Returns:
        What ``audit.json`` holds; ``docs/study-folder.md`` names its keys. `overall`, `readings`, each editor and each
        category hold what `statistics.agreement.agreement` returns.

    Raises:
        ConfigError: no edit of this study has a known truth, or no rating is about an edit of it.
        DataError: a file of ratings cannot be used.
    """
    again = not human if stability is None else stability
    ratings = read_ratings(human)  # a bad file is found before anything runs
    with Study(config, retry_failed=retry_failed) as study:
        if not human:
            study.plan_edits()
            study.make_edits()
            study.plan_questions()
            study.ask_questions()
        elif stability:
            study.plan_questions()
        results = results_of(config, study.ledger)
        study.ledger.save_fact("reading", dict(results.reading))
        samples, edits = edits_of(config, study.ledger)
        if ratings:
            told = match_ratings(ratings, edits, results.scale.limits, config.seed)
            truth = _Truth(told.truths, ["people"], told.facts)
            known: set[EditRef] = set()
        else:
            truth = _known(samples, edits)
            known = labelled_edits(config, samples)
        _check(config, truth, known)
        means = (
            human_means(drawn_sample(study.ledger, samples), truth.numbers, results, edits, width) if ratings else None
        )
        readings = score_variants(config, study.ledger)
        preferences = classes = None
        if known:
            preferences = preference_agreement(config, samples, readings)
            classes = class_agreement(config, samples, readings)
        judged = _judged(results, truth.numbers)
        agree = partial(_agreement, seed=config.seed, scale=results.scale.limits)
        known |= set(truth.numbers)
        made = {place for place, edit in edits.items() if isinstance(edit, Edit)}
        scored = {place for place in known if results.overall.get(place) is not None}
        found = {
            "judge": results.judge.name,
            "judge_signature": results.judge.signature,
            "rubric": results.rubric,
            "benchmark": results.benchmark.name,
            "signature": results.signature,
            "against": [
                *truth.against,
                *(["preferences"] if preferences is not None else []),
                *(["classes"] if classes is not None else []),
            ],
            "n": len(scored),
            "unscored": len(known) - len(scored),
            "without_truth": len(made - known),
            "overall": agree(judged),
            "editors": _by(judged, lambda one: one.editor, agree),
            "categories": _by(judged, lambda one: one.category, agree),
            "means": {
                name: {"judge": _mean([one.judge for one in part]), "truth": _mean([one.truth for one in part])}
                for name, part in _groups(judged, lambda one: one.editor).items()
            },
            "expected": _read_as(judged, readings.get("expected"), agree),
            "readings": {name: _read_as(judged, reading, agree) for name, reading in readings.items()},
            "preferences": preferences,
            "classes": classes,
            "human": truth.human,
            "human_means": means,
            "replies": results.replies.as_json(),
            **(
                measure_stability(config, study.judge, study.questions) if again else {"stability": None, "modes": None}
            ),
        }
        write_durably(config.out / "audit.json", (json.dumps(found, indent=2) + "\n").encode())
        study.ledger.save_fact("audit", found)
        write_report(replace(results, audit=found, judge_card=results.judge_card or card_of(found)), config.out)
        return found


def _known(samples: Iterable[Sample], edits: Mapping[EditRef, Edit | Failure]) -> _Truth:
    """What the editors know of their own edits, and the labels of the samples."""
    labels = {sample.id: sample.label for sample in samples}
    numbers: dict[EditRef, float] = {}
    against: set[str] = set()
    for place, edit in edits.items():
        if not isinstance(edit, Edit):
            continue
        label = labels[place[1]]
        if edit.truth is not None:
            numbers[place] = edit.truth
            against.add("editor")
        elif label is not None:
            numbers[place] = label
            against.add("labels")
    return _Truth(numbers, sorted(against))


def _check(config: StudyConfig, truth: _Truth, known: set[EditRef]) -> None:
    if truth.human is not None and not truth.numbers:
        raise ConfigError(
            f"no rating is about an edit of {str(config.out)!r} as it is now: {truth.human['unknown']} are about edits "
            f"that it does not have, {truth.human['changed']} about edits that have changed since"
        )
    if not truth.numbers and not known:
        raise ConfigError(
            f"no edit of {str(config.out)!r} has a known truth; audit a benchmark that knows it (shapes), one of the "
            "judge (editscore-bench and its like, with the editor `candidate`), one whose samples carry a `label`, or "
            "give ratings by people with `--human FILE`"
        )


def _judged(results: Results, truths: Mapping[EditRef, float]) -> list[_Judged]:
    """The edits with both a truth and a score, in the order of the study."""
    judged = {}
    for one in results.verdicts:
        place = (one.editor, one.sample)
        score = results.overall.get(place)
        if score is not None and place in truths:
            judged[place] = _Judged(one.editor, one.sample, one.category, one.cluster, score, truths[place])
    return list(judged.values())


def _read_as(judged: Sequence[_Judged], reading: ScoreVariant | None, agree: _Agree) -> dict[str, Any] | None:
    """The agreement of another reading of the same replies; None where it has no score."""
    overall = {place: scores["overall"] for place, scores in (reading or {}).items()}
    both = [replace(one, judge=score) for one in judged if (score := overall.get((one.editor, one.sample))) is not None]
    return agree(both) if both else None


def _agreement(judged: Sequence[_Judged], *, seed: int, scale: tuple[float, float]) -> dict[str, Any]:
    return agreement(
        [one.judge for one in judged],
        [one.truth for one in judged],
        [one.cluster for one in judged],
        seed,
        samples=[one.sample for one in judged],
        scale=scale,
    )


def _groups(judged: Sequence[_Judged], name: Callable[[_Judged], str]) -> dict[str, list[_Judged]]:
    groups: defaultdict[str, list[_Judged]] = defaultdict(list)
    for one in judged:
        groups[name(one)].append(one)
    return groups


def _by(judged: Sequence[_Judged], name: Callable[[_Judged], str], agree: _Agree) -> dict[str, Any]:
    return {group: agree(part) for group, part in _groups(judged, name).items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
