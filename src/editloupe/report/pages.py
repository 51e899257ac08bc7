"""Results -> the HTML pages: first plain data classes, then templates that only lay them out.

The pages are safe to open whatever a benchmark, an editor or a judge wrote: every text is escaped, there is no script,
and the Content-Security-Policy allows the page's own style sheet (by its hash) and neighbouring images, nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from editloupe.report.charts import IntervalBar, interval_bar
from editloupe.report.gallery import GalleryPage, gallery_pages
from editloupe.report.judge_page import audit_page
from editloupe.report.probe_page import probe_page
from editloupe.report.standings import FailureCount, Standing, ranked
from editloupe.report.study_results import Results, Scale
from editloupe.report.words import interval, number, one_line, printable, words
from editloupe.statistics.summary import Estimate

__all__ = ["COLORS", "html_pages"]

COLORS = 8
"""How many colours the style sheet has for editors; names stand beside them, so repeating one is harmless."""


@dataclass(frozen=True, slots=True)
class Row:
    """One editor's estimate, ready to print."""

    editor: str
    color: int
    mean: str
    interval: str
    n: int
    failed: int
    worst: str
    bar: IntervalBar


@dataclass(frozen=True, slots=True)
class Panel:
    """A small chart: one row per editor, on one scale."""

    title: str
    note: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Failures of one kind, with messages."""

    editor: str
    color: int
    stage: str
    kind: str
    count: int
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """How one stage went."""

    stage: str
    rate: str
    detail: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands above the gallery on the first page."""

    leaderboard: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    categories: tuple[Panel, ...]
    metrics: tuple[Panel, ...]
    groups: tuple[Panel, ...]
    failures: tuple[FailureRow, ...]
    failed: int
    speed: tuple[SpeedRow, ...]
    facts: tuple[tuple[str, str], ...]
    config: str


def html_pages(
    results: Results, table: Sequence[Standing], failures: Sequence[FailureCount], thumbnails: Mapping[str, str]
) -> Iterable[tuple[str, bytes]]:
    """Yield each page's file name and bytes; the first is ``report.html``."""
    best = ranked(table)
    colors = {one.editor.name: index % COLORS for index, one in enumerate(best)}
    overview = _overview(results, best, failures, colors)
    pages = gallery_pages(results, thumbnails, colors)
    text = words(results.language)
    environment = Environment(
        loader=PackageLoader("editloupe.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("report.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals.update(
        benchmark=printable(results.benchmark.name),
        results=results,
        warning=one_line(results.judge.warning, 400),
        judge=printable(results.judge.name),
        rubric=printable(results.rubric),
        style=Markup(style),  # noqa: S704 - our own file, nothing of a study in it
        csp=f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        text=text,
    )
    template = environment.get_template("report.html")
    for page in pages:
        first = overview if page.number == 1 else None
        html = template.render(overview=first, page=page, pages=pages, jumps=_jumps(pages))
        yield page.file, html.encode("utf-8")
    if results.audit is not None:
        html = environment.get_template("judge.html").render(audit=audit_page(results.audit, text))
        yield "judge.html", html.encode("utf-8")
    if results.probe is not None:
        html = environment.get_template("probe.html").render(probe=probe_page(results.probe, text))
        yield "probe.html", html.encode("utf-8")


def _overview(
    results: Results, best: Sequence[Standing], failures: Sequence[FailureCount], colors: Mapping[str, int]
) -> Overview:
    text = words(results.language)
    scale = results.scale

    def rows(pick: Callable[[Standing], Estimate], on: Scale) -> tuple[Row, ...]:
        return tuple(_row(one, pick(one), on, colors) for one in best)

    categories = tuple(
        Panel(
            printable(category.label),
            f"{category.samples} {text['samples']}",
            rows(lambda one, key=category.id: one.categories[key], scale),  # type: ignore[misc]
        )
        for category in results.benchmark.categories
    )
    metrics = tuple(
        Panel(
            one_line(name.replace("_", " "), 60),
            f"{on.low:g}–{on.high:g}",
            rows(lambda one, key=name: one.metrics[key].overall, on),  # type: ignore[misc]
        )
        for name, on in results.metrics.items()
    )
    groups = tuple(
        Panel(one_line(name.replace("=", ": ", 1), 60), "", rows(lambda one, key=name: one.aggregates[key], scale))  # type: ignore[misc]
        for name in (best[0].aggregates if best else ())
    )
    steps = [scale.low + (scale.high - scale.low) * part / 5 for part in range(6)]
    return Overview(
        leaderboard=rows(lambda one: one.overall, scale),
        ticks=tuple((20.0 * index, f"{step:g}") for index, step in enumerate(steps)),
        categories=categories,
        metrics=metrics if len(metrics) > 1 else (),
        groups=groups,
        failures=tuple(_failure(one, text, colors) for one in failures),
        failed=sum(one.count for one in failures),
        speed=tuple(_speed(results, stage) for stage in ("edit", "judge")),
        facts=_facts(results, text),
        config=printable(yaml.safe_dump(dict(results.config), allow_unicode=True, sort_keys=False)),
    )


def _row(standing: Standing, estimate: Estimate, scale: Scale, colors: Mapping[str, int]) -> Row:
    return Row(
        editor=one_line(standing.editor.name, 80),
        color=colors[standing.editor.name],
        mean=number(estimate.mean),
        interval=interval(estimate),
        n=estimate.n,
        failed=estimate.failed,
        worst=number(estimate.mean_if_failures_worst),
        bar=interval_bar(estimate, scale),
    )


def _failure(count: FailureCount, text: Mapping[str, str], colors: Mapping[str, int]) -> FailureRow:
    return FailureRow(
        editor=one_line(count.editor, 80),
        color=colors.get(count.editor, 0),
        stage=text[f"stage_{count.stage}"],
        kind=printable(count.kind),
        count=count.count,
        examples=tuple(
            (one_line(one.sample, 80), one_line(one.failure.message, 400))
            for one in count.examples
            if one.failure is not None
        ),
    )


def _speed(results: Results, stage: str) -> SpeedRow:
    text = words(results.language)
    speed = results.speed.get(stage)
    if speed is None or speed.items_per_second is None:
        return SpeedRow(text[stage], "–", text["not_run"])
    detail = f"{speed.items} {text['items']}, {speed.seconds:.1f} {text['seconds']}"
    if speed.peak_memory_bytes:
        detail += f", {text['memory']} {speed.peak_memory_bytes / 2**30:.2f} GiB"
    return SpeedRow(text[stage], f"{speed.items_per_second:.2f} {text['per_second']}", detail)


def _facts(results: Results, text: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    judge, benchmark = results.judge, results.benchmark
    facts = [
        (text["signature"], results.signature),
        (text["benchmark"], " · ".join(filter(None, (benchmark.name, benchmark.revision)))),
        (text["judge_name"], " · ".join(filter(None, (judge.name, judge.signature)))),
        (text["rubric"], results.rubric),
        *((editor.name, editor.signature) for editor in results.editors),
        (text["versions"], ", ".join(f"{name} {version}" for name, version in results.versions.items())),
        ("editloupe", results.version),
    ]
    return tuple((printable(name), printable(value)) for name, value in facts if value)


def _jumps(pages: Sequence[GalleryPage]) -> list[tuple[str, str]]:
    """Where each category begins: its label and the URL of its first sample."""
    first: dict[str, str] = {}
    for page in pages:
        for index, card in enumerate(page.cards, start=1):
            first.setdefault(card.category, f"{page.file}#sample-{index}")
    return list(first.items())
