"""The gallery: every sample with its source, the edits of all editors side by side, scores and the judge's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from editloupe.report.charts import Column, columns, percent
from editloupe.report.study_results import Results
from editloupe.report.thumbnails import link_to
from editloupe.report.verdicts import Verdict
from editloupe.report.words import number, one_line, printable, words

__all__ = ["PER_PAGE", "EditTile", "GalleryPage", "ImageTile", "MetricLine", "SampleCard", "gallery_pages", "page_file"]

PER_PAGE = 50
SHORT = 140
"""A reply of up to this many characters is shown at once, a longer one on demand."""

LONGEST = 20_000
"""Of a text in the page; `verdicts.jsonl` has all of it."""


@dataclass(frozen=True, slots=True)
class ImageTile:
    """A thumbnail and the picture behind it; None where there is none."""

    thumbnail: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of one edit."""

    name: str
    score: str
    percent: float | None
    short: str
    long: str
    labels: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class EditTile:
    """One edit of the sample."""

    editor: str
    color: int
    image: ImageTile
    score: str
    percent: float | None
    metrics: tuple[MetricLine, ...]
    failures: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class SampleCard:
    """One sample."""

    id: str
    category: str
    instruction: str
    groups: tuple[str, ...]
    sources: tuple[ImageTile, ...]
    edits: tuple[EditTile, ...]


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """One page: number from 1, its file, and its samples."""

    number: int
    file: str
    cards: tuple[SampleCard, ...]


def page_file(number: int) -> str:
    """The first gallery page is the report itself, so that one file shows numbers and pictures."""
    return "report.html" if number == 1 else f"gallery-{number}.html"


def gallery_pages(results: Results, thumbnails: Mapping[str, str], colors: Mapping[str, int]) -> list[GalleryPage]:
    """Lay the samples out, by category in the benchmark's order, `PER_PAGE` to a page; at least one page.

    Args:
        results: of the study.
        thumbnails: by picture.
        colors: the editors' colour numbers, in the order of the tiles.
    """
    by_sample: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in results.verdicts:
        by_sample[verdict.sample].append(verdict)
    place = {category.id: index for index, category in enumerate(results.benchmark.categories)}
    labels = {category.id: printable(category.label) for category in results.benchmark.categories}
    ordered = sorted(by_sample.values(), key=lambda one: place.get(one[0].category, len(place)))  # stable
    pages = []
    for number_, start in enumerate(range(0, max(1, len(ordered)), PER_PAGE), start=1):
        cards = tuple(_card(results, one, thumbnails, colors, labels) for one in ordered[start : start + PER_PAGE])
        pages.append(GalleryPage(number_, page_file(number_), cards))
    return pages


def _card(
    results: Results,
    verdicts: Sequence[Verdict],
    thumbnails: Mapping[str, str],
    colors: Mapping[str, int],
    labels: Mapping[str, str],
) -> SampleCard:
    first = verdicts[0]
    by_edit: dict[tuple[str, int], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_edit[verdict.editor, verdict.draw].append(verdict)
    edits = sorted(by_edit.items(), key=lambda item: (colors.get(item[0][0], len(colors)), item[0][1]))
    sources = dict.fromkeys(source for verdict in verdicts for source in verdict.sources)
    return SampleCard(
        id=one_line(first.sample, 120),
        category=labels.get(first.category) or printable(first.category),
        instruction=printable(first.instruction)[:LONGEST],
        groups=tuple(one_line(f"{group}: {value}", 60) for group, value in sorted(first.groups.items())),
        sources=tuple(_tile(source, thumbnails) for source in sources),
        edits=tuple(_edit(results, editor, several, thumbnails, colors) for (editor, _), several in edits),
    )


def _edit(
    results: Results,
    editor: str,
    verdicts: Sequence[Verdict],
    thumbnails: Mapping[str, str],
    colors: Mapping[str, int],
) -> EditTile:
    text = words(results.language)
    overall = results.overall.get((editor, verdicts[0].sample))
    image = next((one.image for one in verdicts if one.image is not None), None)
    failures = {
        (text[f"stage_{one.failure.stage}"], printable(one.failure.kind), one_line(one.failure.message, 300)): None
        for one in verdicts
        if one.failure is not None
    }
    return EditTile(
        editor=one_line(editor, 80),
        color=colors.get(editor, 0),
        image=_tile(image, thumbnails),
        score=number(overall),
        percent=None if overall is None else percent(overall, results.scale),
        metrics=tuple(_metric(results, one) for one in verdicts),
        failures=tuple(failures),
    )


def _metric(results: Results, verdict: Verdict) -> MetricLine:
    said = printable(verdict.words or "").strip()[:LONGEST]
    scale = results.metrics.get(verdict.metric, results.scale)
    return MetricLine(
        name=one_line(verdict.metric.replace("_", " "), 60),
        score=number(verdict.score),
        percent=None if verdict.score is None else percent(verdict.score, scale),
        short=one_line(said, SHORT),
        long=said if len(said) > SHORT or "\n" in said else "",
        labels=columns(verdict.labels) if verdict.labels else (),
    )


def _tile(picture: str | None, thumbnails: Mapping[str, str]) -> ImageTile:
    if picture is None:
        return ImageTile(None, None)
    thumbnail = thumbnails.get(picture)
    return ImageTile(thumbnail, link_to(picture) if thumbnail is not None else None)
