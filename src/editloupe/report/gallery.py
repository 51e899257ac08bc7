"""The gallery's data: an index of all scores, which the page holds as a whole, and the samples in chunks.

The page filters and sorts by the index alone. What is only looked at (words, pictures) comes in chunks of `PER_CHUNK`
samples, which the page loads when they scroll into view; a new reply changes one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from typing import Any

from editloupe.report.leaderboard import MAX_GROUPS
from editloupe.report.thumbnails import link_to
from editloupe.report.words import one_line, printable
from editloupe.results import Results, SampleNote, Verdict
from editloupe.rubrics.thoughts import split_thoughts

__all__ = ["MOST_EDITS", "PER_CHUNK", "Gallery", "gallery_of", "samples_of", "shown_in_gallery", "spread_samples"]

PER_CHUNK = 40

MOST_EDITS = 50_000
"""Edits in the gallery, whose index the page holds as a whole; the tables and files are about all of them."""

LONGEST = 20_000
"""Characters of a text in the page; `verdicts.jsonl` has all of it."""

SEARCHED = 400
"""Characters of an instruction that the index holds for searching; the chunks hold the rest."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """What the page loads.

    Attributes:
        index: `{kinds, groups, samples}`: the kinds of failure, the groups with their values, and one row per sample.
        chunks: of `PER_CHUNK` samples each, in the index's order.
    """

    index: Mapping[str, Any]
    chunks: tuple[Sequence[Mapping[str, Any]], ...]


@dataclass(slots=True)
class _Sample:
    """The verdicts about one sample, by (editor, draw)."""

    first: Verdict
    sources: dict[str, None] = field(default_factory=dict)
    edits: dict[tuple[str, int], list[Verdict]] = field(default_factory=lambda: defaultdict(list))


def gallery_of(results: Results, thumbnails: Mapping[str, str], editors: Sequence[str]) -> Gallery:
    """Lay the samples out, by category in the benchmark's order.

    Args:
        results: of the study.
        thumbnails: path by picture.
        editors: names in the order in which their edits stand side by side.
    """
    samples = _by_sample(results)
    position = {name: index for index, name in enumerate(editors)}
    categories = {category.id: index for index, category in enumerate(results.benchmark.categories)}
    metrics = list(results.metrics)
    kinds: dict[str, int] = {}
    groups = _groups(samples)
    rows, cards = [], []
    for sample in samples:
        edits = sorted(sample.edits.items(), key=lambda item: (position.get(item[0][0], len(position)), item[0][1]))
        rows.append(
            {
                "id": printable(sample.first.sample),
                "c": categories.get(sample.first.category, -1),
                "g": [_position(values, sample.first.groups.get(name)) for name, values in groups.items()],
                "t": one_line(sample.first.instruction, SEARCHED),
                "e": [
                    [
                        position.get(editor, -1),
                        draw,
                        _rounded(results.overall.get((editor, sample.first.sample))),
                        [_rounded(score) for score in _scores(verdicts, metrics)],
                        _kind(verdicts, kinds),
                    ]
                    for (editor, draw), verdicts in edits
                ],
            }
        )
        note = results.notes.get(sample.first.sample, SampleNote())
        cards.append(
            {
                "id": printable(sample.first.sample),
                "instruction": printable(sample.first.instruction)[:LONGEST],
                "description": printable(note.description)[:LONGEST],
                "rationale": printable(note.rationale)[:LONGEST],
                "label": note.label,
                "groups": [[one_line(name, 60), one_line(value, 60)] for name, value in sample.first.groups.items()],
                "sources": [_picture(source, thumbnails) for source in sample.sources],
                "references": [_picture(picture, thumbnails) for picture in note.references],
                "edits": [_edit(verdicts, thumbnails) for _, verdicts in edits],
            }
        )
    index = {
        "kinds": list(kinds),
        "groups": [[one_line(name, 60), [one_line(value, 60) for value in values]] for name, values in groups.items()],
        "samples": rows,
    }
    return Gallery(index, tuple(cards[start : start + PER_CHUNK] for start in range(0, len(cards), PER_CHUNK)))


def shown_in_gallery(results: Results) -> tuple[Results, Mapping[str, int] | None]:
    """What the gallery shows of a study: all of it, or some samples of one that is too large to be looked through.

    Returns:
        The results about those samples, and ``{shown, all}`` where these are not all.
    """
    samples = results.benchmark.samples
    most = max(1, MOST_EDITS // max(1, len(results.editors)))
    if samples <= most:
        return results, None
    shown = spread_samples(results, most)
    verdicts = tuple(verdict for verdict in results.verdicts if verdict.sample in shown)
    pairs = None if results.pairs is None else results.pairs.among(shown)
    return replace(results, verdicts=verdicts, pairs=pairs), {"shown": len(shown), "all": samples}


def samples_of(results: Results) -> dict[str, str]:
    """The category of each sample, whether its edits are scored or only compared."""
    compared = (
        {verdict.sample: verdict.category for verdict in results.pairs.verdicts} if results.pairs is not None else {}
    )
    return {verdict.sample: verdict.category for verdict in results.verdicts} | compared


def spread_samples(results: Results, most: int) -> set[str]:
    """Some samples from the categories in turn, the first ones of each."""
    by_category: Mapping[str, dict[str, None]] = defaultdict(dict)
    for sample, category in samples_of(results).items():
        by_category[category][sample] = None
    rounds = chain.from_iterable(zip_longest(*by_category.values()))
    return set(islice((sample for sample in rounds if sample is not None), most))


def _by_sample(results: Results) -> list[_Sample]:
    samples: dict[str, _Sample] = {}
    for verdict in results.verdicts:
        sample = samples.setdefault(verdict.sample, _Sample(verdict))
        sample.sources.update(dict.fromkeys(verdict.sources))
        sample.edits[verdict.editor, verdict.draw].append(verdict)
    position = {category.id: index for index, category in enumerate(results.benchmark.categories)}
    return sorted(samples.values(), key=lambda sample: position.get(sample.first.category, len(position)))  # stable


def _groups(samples: Sequence[_Sample]) -> dict[str, list[str]]:
    """The groups that divide the samples into a handful of parts."""
    groups: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        for name, value in sample.first.groups.items():
            groups[name].add(value)
    return {name: sorted(values) for name, values in sorted(groups.items()) if 2 <= len(values) <= MAX_GROUPS}


def _position(values: Sequence[str], value: str | None) -> int:
    return values.index(value) if value in values else -1


def _scores(verdicts: Sequence[Verdict], metrics: Sequence[str]) -> Iterator[float | None]:
    by_metric = {verdict.metric: verdict.score for verdict in verdicts}
    return (by_metric.get(metric) for metric in metrics)


def _kind(verdicts: Sequence[Verdict], kinds: dict[str, int]) -> int:
    """The number of the first failure's kind, -1 where nothing failed."""
    failure = next((verdict.failure for verdict in verdicts if verdict.failure is not None), None)
    if failure is None:
        return -1
    return kinds.setdefault(printable(failure.kind), len(kinds))


def _edit(verdicts: Sequence[Verdict], thumbnails: Mapping[str, str]) -> Mapping[str, Any]:
    image = next((verdict.image for verdict in verdicts if verdict.image is not None), None)
    failures = {
        (verdict.failure.stage, printable(verdict.failure.kind), one_line(verdict.failure.message, 600)): None
        for verdict in verdicts
        if verdict.failure is not None
    }
    notes = [one_line(note, 600) for note in next((verdict.notes for verdict in verdicts if verdict.notes), ())]
    return {
        **({"notes": notes} if notes else {}),
        "image": None if image is None else _picture(image, thumbnails),
        "digest": next((verdict.digest for verdict in verdicts if verdict.digest is not None), None),
        "failures": [list(failure) for failure in failures],
        "metrics": [_metric(verdict) for verdict in verdicts],
    }


def _metric(verdict: Verdict) -> Mapping[str, Any]:
    """What the judge said of one metric: the answer, which a search goes through, apart from what it thought before."""
    spoken = split_thoughts(verdict.words or "")
    thoughts = printable(verdict.thoughts or spoken.thoughts or "").strip()[:LONGEST]
    labels = verdict.labels
    return {
        "name": printable(verdict.metric),
        "score": _rounded(verdict.score),
        "words": printable(spoken.answer).strip()[:LONGEST],
        "labels": [[printable(label), round(p, 4)] for label, p in labels.items()] if labels else None,
        **({"thoughts": thoughts} if thoughts else {}),
    }


def _picture(picture: str, thumbnails: Mapping[str, str]) -> Mapping[str, str | None]:
    """A thumbnail and the picture behind it, as relative URLs; both None where there is no picture to show."""
    thumbnail = thumbnails.get(picture)
    return {"small": thumbnail, "large": link_to(picture) if thumbnail is not None else None}


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)
