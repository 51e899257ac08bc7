"""Ratings by people, as the report's gallery downloads them: read, checked, and matched with the edits of a study."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from editloupe.audit.rating import Rating, Ratings
from editloupe.audit.ratings_csv import read_csv
from editloupe.errors import DataError
from editloupe.judge_quality.audit import Flag, HumanRatings, RaterAgreement
from editloupe.records import Edit, Failure
from editloupe.statistics.agreement import agreement

__all__ = ["MatchedRatings", "match_ratings", "read_ratings"]

EditRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MatchedRatings:
    """What people said about the edits that are there now.

    Attributes:
        truths: by (editor, sample id), the mean of the raters on the study's scale.
        human: what became of the ratings.
    """

    truths: Mapping[EditRef, float]
    human: HumanRatings


@dataclass(frozen=True, slots=True)
class _Given:
    """What one rater said last about one edit; `score` is on the study's scale, or None."""

    rater: str
    rating: Rating
    score: float | None

    @property
    def edit(self) -> EditRef:
        return self.rating.editor, self.rating.sample


def read_ratings(paths: Sequence[str]) -> list[Ratings]:
    """Read files of ratings, JSON or CSV; one without a rater's name is a rater called after it.

    Raises:
        DataError: a file is missing, cannot be read, or holds something else: which file, which value, what to do.
    """
    files: list[Ratings] = []
    for path in map(Path, paths):
        files += read_csv(path) if path.suffix.lower() == ".csv" else [_read(path)]
    return files


def match_ratings(
    files: Sequence[Ratings], edits: Mapping[EditRef, Edit | Failure], scale: tuple[float, float], seed: int
) -> MatchedRatings:
    """Match ratings with the edits of a study.

    A rating of an edit whose image is another one now is not compared, only counted; so is one of an edit that the
    study does not have. Of several ratings of one edit by one rater the latest counts, across files too. Scores of
    another scale are brought to the study's linearly.

    Args:
        files: of all raters.
        edits: of the study, by (editor, sample id).
        scale: (low, high) of the study's overall score.
        seed: of the bootstrap.
    """
    latest, superseded = _latest(files, scale)
    unknown, changed, matched = 0, 0, []
    for given in latest:
        made = edits.get(given.edit)
        if not isinstance(made, Edit):
            unknown += 1
        elif given.rating.image is not None and given.rating.image != made.image.sha256:
            changed += 1
        else:
            matched.append(given)
    scores: dict[str, dict[EditRef, float]] = {file.rater: {} for file in files}
    blind = []
    for given in matched:
        if given.score is not None:
            scores[given.rater][given.edit] = given.score
            blind.append(given.rating.blind)
    per_edit: defaultdict[EditRef, list[float]] = defaultdict(list)
    for rated in scores.values():
        for edit, score in rated.items():
            per_edit[edit].append(score)
    human = HumanRatings(
        raters={rater: len(rated) for rater, rated in scores.items()},
        ratings=len(blind),
        edits=len(per_edit),
        unknown=unknown,
        changed=changed,
        superseded=superseded,
        blind=sum(blind) / len(blind) if blind else None,
        flags=tuple(Flag(given.rater, *given.edit, given.rating.flag) for given in matched if given.rating.flag),
        between_raters=_between(scores, scale, seed),
    )
    return MatchedRatings({edit: sum(given) / len(given) for edit, given in per_edit.items()}, human)


def _latest(files: Sequence[Ratings], scale: tuple[float, float]) -> tuple[list[_Given], int]:
    """The last rating of each edit by each rater, and how many others there are."""
    latest: dict[tuple[str, EditRef], _Given] = {}
    superseded = 0
    for file in files:
        for rating in file.ratings:
            key = (file.rater, (rating.editor, rating.sample))
            before = latest.get(key)
            superseded += before is not None
            if before is None or rating.moment >= before.rating.moment:
                latest[key] = _Given(file.rater, rating, _rescaled(rating.score, file, scale))
    return list(latest.values()), superseded


def _rescaled(score: float | None, file: Ratings, scale: tuple[float, float]) -> float | None:
    if score is None:
        return None
    if file.low is None or file.high is None:
        if not scale[0] <= score <= scale[1]:
            raise DataError(
                f"the ratings of {file.rater!r} hold the score {score:g}; the study's scale goes from {scale[0]:g} to "
                f"{scale[1]:g}"
            )
        return score
    return scale[0] + (score - file.low) * (scale[1] - scale[0]) / (file.high - file.low)


def _between(
    scores: Mapping[str, Mapping[EditRef, float]], scale: tuple[float, float], seed: int
) -> tuple[RaterAgreement, ...]:
    """How far each two raters agree on the edits that both scored, clustered by sample."""
    agreements = []
    for (rater, rated), (other, by_other) in itertools.combinations(scores.items(), 2):
        both = [edit for edit in rated if edit in by_other]
        common = agreement(
            [rated[edit] for edit in both],
            [by_other[edit] for edit in both],
            [sample for _, sample in both],
            seed,
            scale=scale,
        )
        agreements.append(RaterAgreement((rater, other), common.n, common.spearman, common.mae))
    return tuple(agreements)


def _read(path: Path) -> Ratings:
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: math.nan)
    except FileNotFoundError as error:
        raise DataError(f"there is no file of ratings {str(path)!r}; download one from the report's gallery") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{str(path)!r} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict) or data.get("editloupe") != "ratings 1":
        form = data.get("editloupe") if isinstance(data, dict) else type(data).__name__
        raise DataError(
            f"{str(path)!r} holds no ratings: `editloupe` is {form!r}, not 'ratings 1'; "
            "give a file that the report's gallery has downloaded"
        )
    try:
        file = Ratings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "it"
        message = str(first["msg"]).removeprefix("Value error, ")
        value = "" if key == "it" or first["type"] == "missing" else f" is {str(first.get('input'))[:60]!r}"
        raise DataError(f"{str(path)!r}: {key}{value}: {message[:1].lower()}{message[1:]}") from error
    return file if file.rater else file.model_copy(update={"rater": path.stem})
