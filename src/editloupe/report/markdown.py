"""`report.md`: the numbers in a form that can be pasted into an issue or a paper's repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from editloupe.report.standings import FailureCount, Standing, ranked
from editloupe.report.study_results import Results
from editloupe.report.words import interval, number, one_line, words
from editloupe.statistics.summary import Estimate

__all__ = ["report_markdown"]

_SPECIAL = re.compile(r"([\\`*_\[\]|~#!$])")


def report_markdown(results: Results, table: Sequence[Standing], failures: Sequence[FailureCount]) -> bytes:
    """Return the bytes of ``report.md``; the judge's warning, if there is one, is its first line."""
    text = words(results.language)
    benchmark, judge = results.benchmark, results.judge
    lines = [f"**{_plain(judge.warning)}**", ""] if judge.warning else []
    lines += [
        f"# {_plain(benchmark.name)}: {text['leaderboard']}",
        "",
        _setting(results),
        "",
        *_leaderboard(results, table),
        "",
        f"## {text['failures']}",
        "",
        *_failures(results, failures),
        "",
        f"## {text['speed']}",
        "",
        *_speed(results),
        "",
        f"## {text['signature']}",
        "",
        _plain(results.signature, 2000),
        "",
        f"editloupe {_plain(results.version)}",
        "",
    ]
    return "\n".join(lines).encode("utf-8")


def _setting(results: Results) -> str:
    text = words(results.language)
    return (
        f"{results.benchmark.samples} {text['samples']}, {len(results.editors)} {text['editors']}. "
        f"{text['judge_name']}: {_plain(results.judge.name)}. {text['rubric']}: {_plain(results.rubric)} "
        f"({results.scale.low:g}–{results.scale.high:g})."
    )


def _leaderboard(results: Results, table: Sequence[Standing]) -> Iterable[str]:
    text = words(results.language)
    labels = [_plain(category.label) for category in results.benchmark.categories]
    columns = [text["editor"], text["overall"], text["interval"], "n", text["failed"], text["worst_note"], *labels]
    yield _row(columns)
    yield _row(["---", *(["---:"] * (len(columns) - 1))])
    for one in ranked(table):
        total = one.overall
        cells = [_plain(one.editor.name), f"**{number(total.mean)}**", interval(total), str(total.n), str(total.failed)]
        cells.append(number(total.mean_if_failures_worst))
        yield _row([*cells, *(_short(one.categories[category.id]) for category in results.benchmark.categories)])


def _short(estimate: Estimate) -> str:
    if estimate.ci95 is None or estimate.mean is None:
        return number(estimate.mean)
    return f"{number(estimate.mean)} ({number(estimate.ci95[0])} – {number(estimate.ci95[1])})"


def _failures(results: Results, failures: Sequence[FailureCount]) -> Iterable[str]:
    text = words(results.language)
    if not failures:
        yield text["no_failures"]
        return
    yield _row([text["editor"], text["stage"], text["kind"], text["count"], text["example"]])
    yield _row(["---", "---", "---", "---:", "---"])
    for one in failures:
        example = one.examples[0]
        message = example.failure.message if example.failure is not None else ""
        cells = [_plain(one.editor), text[f"stage_{one.stage}"], _plain(one.kind), str(one.count)]
        yield _row([*cells, f"{_plain(example.sample, 60)}: {_plain(message)}"])


def _speed(results: Results) -> Iterable[str]:
    text = words(results.language)
    for stage in ("edit", "judge"):
        speed = results.speed.get(stage)
        if speed is None or speed.items_per_second is None:
            yield f"- {text[stage]}: {text['not_run']}"
            continue
        memory = speed.peak_memory_bytes
        extra = f", {text['memory']} {memory / 2**30:.2f} GiB" if memory else ""
        yield (
            f"- {text[stage]}: {speed.items} {text['items']}, {speed.seconds:.1f} {text['seconds']}, "
            f"{speed.items_per_second:.2f} {text['per_second']}{extra}"
        )


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str, limit: int = 160) -> str:
    """Foreign text as text: one line, no Markdown, no HTML, no links."""
    escaped = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped).replace("://", "&colon;//")
