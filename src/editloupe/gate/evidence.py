"""What two studies know about a candidate and its base, sample by sample, with all that is missing counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from editloupe.errors import DataError
from editloupe.results import NOT_DONE, Results, Scale, Verdict

__all__ = ["Drop", "Evidence", "Side", "gather"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: an editor of a study."""

    results: Results
    editor: str
    study: str


@dataclass(frozen=True, slots=True)
class Drop:
    """How far the score of one sample falls from base to candidate.

    Attributes:
        sample: its name.
        base, candidate: their scores; None for a candidate whose edit was not made.
        size: of the fall, in points of the scale.
        draws: the fall in each draw of the judge, for the metric that falls farthest; empty where it was asked once.
        failed: why the candidate has no edit; empty where it has one.
    """

    sample: str
    base: float
    candidate: float | None
    size: float
    draws: tuple[float, ...]
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Candidate minus base on every sample that tells something.

    Attributes:
        worst, best: (n,) the differences if all that the judge could not score were as bad, or as good, for the
            candidate as the scale allows; equal where nothing is missing.
        clusters: (n,) which samples share a source image, as numbers from 0.
        scale: of the scores.
        samples: of the benchmark.
        candidate_failed: samples on which only the candidate's edit failed: each counts as the worst score.
        base_failed, both_failed: samples that are left out, because the base has no edit there.
        unscored: samples with both edits, or with a base's, that the judge could not score; they are bounded.
        drops: the samples on which the candidate is worse, the largest fall first.
        same_pictures: whether both made the same picture of every sample.
    """

    worst: Floats
    best: Floats
    clusters: NDArray[np.intp]
    scale: Scale
    samples: int
    candidate_failed: int
    base_failed: int
    both_failed: int
    unscored: int
    drops: tuple[Drop, ...]
    same_pictures: bool

    @property
    def span(self) -> float:
        """The length of the scale."""
        return self.scale.high - self.scale.low


@dataclass(frozen=True, slots=True)
class _Row:
    """One editor's sample: its score, the kind of failure of its edit, its verdicts by metric."""

    score: float | None
    failed: str
    verdicts: Mapping[str, Verdict]

    @property
    def any_verdict(self) -> Verdict:
        """Any one of the verdicts, for what they have in common."""
        return next(iter(self.verdicts.values()))

    @property
    def picture(self) -> str | None:
        """SHA-256 of the edited image; None where there is none."""
        return self.any_verdict.digest


def gather(base: Side, candidate: Side, metric: str | None = None) -> Evidence:
    """Put the two side by side.

    Args:
        base, candidate: of one study, or of two that can be compared.
        metric: one of the rubric's; the overall score where None.

    Raises:
        DataError: the two were not measured alike, a study is not finished, or a lower score is the better one.
    """
    _measured_alike(base, candidate)
    scale = base.results.scale if metric is None else base.results.metrics[metric]
    if scale.worst != scale.low:
        raise DataError(f"on this scale the worst score is {scale.worst:g}; a gate needs one where lower is worse")
    first, second = _rows(base, metric), _rows(candidate, metric)
    names = _same_samples(base, candidate, first, second)
    worst, best, clusters = [], [], []
    counts = {"candidate": 0, "base": 0, "both": 0, "unscored": 0}
    drops = []
    for name in names:
        old, new = first[name], second[name]
        if old.failed:
            counts["both" if new.failed else "base"] += 1
            continue
        counts["candidate"] += bool(new.failed)
        counts["unscored"] += old.score is None or (new.score is None and not new.failed)
        low_new, high_new = _between(new, scale) if not new.failed else (scale.low, scale.low)
        low_old, high_old = _between(old, scale)
        worst.append(low_new - high_old)
        best.append(high_new - low_old)
        clusters.append(old.any_verdict.cluster)
        if old.score is not None and (new.failed or new.score is not None):
            size = old.score - (scale.low if new.score is None else new.score)
            if size > 0:
                drops.append(Drop(name, old.score, new.score, size, _falls(old, new), new.failed))
    _, codes = np.unique(np.array(clusters, dtype=np.str_), return_inverse=True)
    return Evidence(
        worst=np.array(worst, dtype=np.float64),
        best=np.array(best, dtype=np.float64),
        clusters=codes.astype(np.intp),
        scale=scale,
        samples=len(names),
        candidate_failed=counts["candidate"],
        base_failed=counts["base"],
        both_failed=counts["both"],
        unscored=counts["unscored"],
        drops=tuple(sorted(drops, key=lambda drop: (-drop.size, drop.sample))),
        same_pictures=all(_same_picture(first[name], second[name]) for name in names),
    )


def _measured_alike(base: Side, candidate: Side) -> None:
    for what, old, new in (
        ("judge", base.results.judge.signature, candidate.results.judge.signature),
        ("rubric", base.results.rubric, candidate.results.rubric),
        ("benchmark", base.results.benchmark.name, candidate.results.benchmark.name),
        ("scale", base.results.scale, candidate.results.scale),
    ):
        if old != new:
            raise DataError(
                f"{base.study!r} and {candidate.study!r} were not measured alike: the {what} is {old!r} there and "
                f"{new!r} here; judge both in the same way, or in one study"
            )


def _rows(side: Side, metric: str | None) -> dict[str, _Row]:
    verdicts: dict[str, dict[str, Verdict]] = {}
    for verdict in side.results.verdicts:
        if verdict.editor == side.editor and (metric is None or verdict.metric == metric):
            verdicts.setdefault(verdict.sample, {})[verdict.metric] = verdict
    waiting = sum(
        any(verdict.failure is not None and verdict.failure.kind == NOT_DONE for verdict in by_metric.values())
        for by_metric in verdicts.values()
    )
    if waiting:
        raise DataError(
            f"{side.study!r} is not finished: {waiting} of {len(verdicts)} samples of {side.editor!r} are not done; "
            "run it to its end first"
        )
    rows = {}
    for name, by_metric in verdicts.items():
        failure = next(iter(by_metric.values())).failure
        failed = failure.kind if failure is not None and failure.stage in ("sample", "edit") else ""
        score = side.results.overall.get((side.editor, name)) if metric is None else by_metric[metric].score
        rows[name] = _Row(score, failed, by_metric)
    return rows


def _same_samples(base: Side, candidate: Side, first: Mapping[str, _Row], second: Mapping[str, _Row]) -> list[str]:
    if odd := sorted(first.keys() ^ second.keys()):
        raise DataError(
            f"{base.study!r} and {candidate.study!r} hold different samples: {len(odd)} are in one only, such as "
            f"{odd[0]!r}; measure both on the same ones"
        )
    for name in first:
        old, new = first[name].any_verdict, second[name].any_verdict
        if (old.cluster, old.instruction, old.category) != (new.cluster, new.instruction, new.category):
            raise DataError(
                f"the sample {name!r} is another one in {candidate.study!r} than in {base.study!r}: its source image, "
                "instruction or category differs; measure both on the same ones"
            )
    if not first:
        raise DataError(f"no sample of {base.study!r} has this score; there is nothing to decide on")
    return list(first)


def _between(row: _Row, scale: Scale) -> tuple[float, float]:
    """The score twice, or the ends of the scale where the judge gave none."""
    return scale.limits if row.score is None else (row.score, row.score)


def _falls(old: _Row, new: _Row) -> tuple[float, ...]:
    """The fall in each draw of the judge, for the metric with the largest mean fall; empty where it was asked once."""
    falls: tuple[float, ...] = ()
    for metric, before in old.verdicts.items():
        after = new.verdicts.get(metric)
        if after is None or len(before.draws) != len(after.draws):
            continue
        draws = zip(before.draws, after.draws, strict=True)
        of_draws = [
            old_score - new_score for old_score, new_score in draws if old_score is not None and new_score is not None
        ]
        if of_draws and (not falls or sum(of_draws) / len(of_draws) > sum(falls) / len(falls)):
            falls = tuple(of_draws)
    return falls


def _same_picture(old: _Row, new: _Row) -> bool:
    return old.picture is not None and old.picture == new.picture
