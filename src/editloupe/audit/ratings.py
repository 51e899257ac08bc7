"""Ratings by people, as the report's gallery downloads them: read, checked, and matched with the edits of a study."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from editloupe.audit.rating import Rating, Ratings
from editloupe.audit.ratings_csv import read_csv
from editloupe.errors import DataError
from editloupe.records import Edit, Failure
from editloupe.statistics.agreement import agreement

__all__ = ["MatchedRatings", "match_ratings", "read_ratings"]

EditRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MatchedRatings:
    """What people said about the edits that are there now.

    Attributes:
        truths: by (editor, sample id), the mean of the raters on the study's scale.
        facts: what ``audit.json`` holds under ``human``.
    """

    truths: Mapping[EditRef, float]
    facts: dict[str, Any]


def read_ratings(paths: Sequence[str]) -> list[Ratings]:
    """Read files of ratings, JSON or CSV; one without a rater's name is a rater called after it.

    Raises:
        DataError: a file is missing, cannot be read, or holds something else: which file, which value, what to do.
    """
    found: list[Ratings] = []
    for path in map(Path, paths):
        found += read_csv(path) if path.suffix.lower() == ".csv" else [_read(path)]
    return found


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
    latest: dict[tuple[str, EditRef], tuple[Rating, float | None]] = {}
    superseded = 0
    for file in files:
        for one in file.ratings:
            key = (file.rater, (one.editor, one.sample))
            before = latest.get(key)
            superseded += before is not None
            if before is None or one.moment >= before[0].moment:
                latest[key] = (one, _rescaled(one.score, file, scale))
    scores: defaultdict[str, dict[EditRef, float]] = defaultdict(dict)
    counts = {"unknown": 0, "changed": 0}
    kept: list[tuple[str, Rating]] = []
    for (rater, place), (one, score) in latest.items():
        edit = edits.get(place)
        if not isinstance(edit, Edit):
            counts["unknown"] += 1
        elif one.image is not None and one.image != edit.image.sha256:
            counts["changed"] += 1
        else:
            kept.append((rater, one))
            if score is not None:
                scores[rater][place] = score
    per_edit: defaultdict[EditRef, list[float]] = defaultdict(list)
    for of_rater in scores.values():
        for place, score in of_rater.items():
            per_edit[place].append(score)
    rated = [one for _, one in kept if one.score is not None]
    facts = {
        "raters": {name: len(scores[name]) for name in dict.fromkeys(file.rater for file in files)},
        "ratings": len(rated),
        "edits": len(per_edit),
        **counts,
        "superseded": superseded,
        "blind": sum(one.blind for one in rated) / len(rated) if rated else None,
        "flags": [
            {"rater": rater, "editor": one.editor, "sample": one.sample, "flag": one.flag}
            for rater, one in kept
            if one.flag
        ],
        "between_raters": _between(scores, scale, seed),
    }
    return MatchedRatings({place: sum(given) / len(given) for place, given in per_edit.items()}, facts)


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
) -> list[dict[str, Any]]:
    """How far each two raters agree on the edits that both scored, clustered by sample."""
    found = []
    for (one, first), (other, second) in itertools.combinations(scores.items(), 2):
        both = [place for place in first if place in second]
        told = agreement(
            [first[place] for place in both],
            [second[place] for place in both],
            [place[1] for place in both],
            seed,
            scale=scale,
        )
        found.append({"raters": [one, other], **{name: told[name] for name in ("n", "spearman", "mae")}})
    return found


def _read(path: Path) -> Ratings:
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: math.nan)
    except FileNotFoundError as error:
        raise DataError(f"there is no file of ratings {str(path)!r}; download one from the report's gallery") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{str(path)!r} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict) or data.get("editloupe") != "ratings 1":
        told = data.get("editloupe") if isinstance(data, dict) else type(data).__name__
        raise DataError(
            f"{str(path)!r} holds no ratings: `editloupe` is {told!r}, not 'ratings 1'; "
            "give a file that the report's gallery has downloaded"
        )
    try:
        found = Ratings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        message = str(first["msg"]).removeprefix("Value error, ")
        value = "" if place == "it" or first["type"] == "missing" else f" is {str(first.get('input'))[:60]!r}"
        raise DataError(f"{str(path)!r}: {place}{value}: {message[:1].lower()}{message[1:]}") from error
    return found if found.rater else found.model_copy(update={"rater": path.stem})
