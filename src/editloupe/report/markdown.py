"""`report.md`: the numbers in a form that can be pasted into an issue or a paper's repository."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from editloupe.report.comparisons import Comparisons
from editloupe.report.failure_summary import counted, unit_of
from editloupe.report.markdown_cells import plain, row
from editloupe.report.markdown_pairs import ranking_markdown
from editloupe.report.remarks import greedy_beside, limited_to, too_few, warnings_of
from editloupe.report.short_names import short_names
from editloupe.report.tables import Tables
from editloupe.report.words import interval, number, rank_range, signed, words
from editloupe.results import Results
from editloupe.statistics.summary import Estimate

__all__ = ["leaderboard_markdown", "report_markdown"]


def report_markdown(tables: Tables) -> bytes:
    """Return the bytes of ``report.md``; what a reader must know first, such as the judge's warning, stands first."""
    results = tables.results
    text = words(results.language)
    lines = [
        *_warnings(results),
        f"# {plain(results.heading)}: {text['leaderboard']}",
        "",
        _setting(results),
        "",
        *_greedy(results),
        *_scored(tables),
        *([] if tables.ranking is None else ranking_markdown(tables.ranking, results.language)),
        f"## {text['failures']}",
        "",
        *_failures(tables),
        "",
        f"## {text['speed']}",
        "",
        *_speed(results),
        "",
        f"## {text['signature']}",
        "",
        plain(results.signature, 2000),
        "",
        f"editloupe {plain(results.version)}",
        "",
    ]
    return "\n".join(lines).encode("utf-8")


def _scored(tables: Tables) -> list[str]:
    """What single scores show; nothing where edits are only compared."""
    results, comparisons = tables.results, tables.comparisons
    if not results.metrics:
        return []
    return [*_leaderboard(tables), "", *_too_few(results, comparisons), *_comparisons(results, comparisons)]


def leaderboard_markdown(tables: Tables) -> str:
    """The leaderboard alone, as a Markdown table to paste; what a reader must know stands under it."""
    results = tables.results
    lines = list(_leaderboard(tables)) if results.metrics else []
    if tables.ranking is not None:
        lines += [*([""] if lines else []), *ranking_markdown(tables.ranking, results.language)]
    lines += ["", _setting(results)]
    if warnings := _warnings(results):
        lines += ["", *warnings[:-1]]
    return "\n".join(lines)


def _warnings(results: Results) -> list[str]:
    """One paragraph each, an empty line after it."""
    return [line for warning in warnings_of(results) for line in (f"**{plain(warning, 600)}**", "")]


def _too_few(results: Results, comparisons: Comparisons) -> list[str]:
    remark = too_few(comparisons, results.language)
    return [plain(remark, 400), ""] if remark else []


def _greedy(results: Results) -> list[str]:
    remark = greedy_beside(results.judge.name, results.judge.stated_sampling, results.language)
    return [plain(remark, 400), ""] if remark else []


def _setting(results: Results) -> str:
    text = words(results.language)
    limited = f" ({limited_to(results.benchmark.samples, results.language)})" if results.benchmark.limited else ""
    return (
        f"{plain(results.benchmark.name)}: {results.benchmark.samples} {text['samples']}{limited}, "
        f"{len(results.editors)} {text['editors']}. "
        f"{text['judge_name']}: {plain(results.judge.name)}. {text['rubric']}: {plain(results.rubric)} "
        f"({results.scale.low:g}–{results.scale.high:g})."
    )


def _leaderboard(tables: Tables) -> Iterable[str]:
    results = tables.results
    text = words(results.language)
    labels = [plain(category.label) for category in results.benchmark.categories]
    columns = [
        text["rank"],
        text["editor"],
        text["overall"],
        text["interval"],
        "n",
        text["failed"],
        text["worst_note"],
        *labels,
    ]
    yield row(columns)
    yield row(["---:", "---", *(["---:"] * (len(columns) - 2))])
    for standing in tables.ranked:
        total = standing.overall
        cells = [
            rank_range(tables.comparisons, standing.editor.name),
            plain(standing.editor.name),
            f"**{number(total.mean)}**",
            interval(total),
            str(total.n),
            str(total.failed),
        ]
        cells.append(number(total.mean_if_failures_worst))
        yield row([*cells, *(_short(standing.categories[category.id]) for category in results.benchmark.categories)])


def _comparisons(results: Results, comparisons: Comparisons) -> Iterable[str]:
    """Neighbours in the ranking; all pairs are in ``report.json``."""
    if len(comparisons.editors) < 2:
        return
    text = words(results.language)
    yield f"## {text['compare']}"
    yield ""
    yield row(["A", "B", text["difference"], text["interval"], text["p_corrected"], text["detectable"], "n"])
    yield row(["---", "---", *(["---:"] * 5)])
    short = short_names(comparisons.editors)  # the leaderboard above has the whole ones
    for a, b in itertools.pairwise(comparisons.editors):
        comparison = comparisons.overall[a, b]
        ends = comparison.paired.ci95
        interval_ = "–" if ends is None else f"{signed(ends[0])} – {signed(ends[1])}"
        cells = [
            plain(short[a]),
            plain(short[b]),
            signed(comparison.paired.difference),
            interval_,
            number(comparison.p_corrected, 4),
        ]
        yield row([*cells, number(comparison.paired.detectable), str(comparison.paired.n)])
    yield ""


def _short(estimate: Estimate) -> str:
    if estimate.ci95 is None or estimate.mean is None:
        return number(estimate.mean)
    return f"{number(estimate.mean)} ({number(estimate.ci95[0])} – {number(estimate.ci95[1])})"


def _failures(tables: Tables) -> Iterable[str]:
    language = tables.results.language
    text = words(language)
    if not tables.failures:
        pairs = 0 if tables.ranking is None else tables.ranking.failed
        yield text["pairs_failed_count"].format(failed=pairs) if pairs else text["no_failures"]
        return
    if sentence := tables.failed.sentence(language):
        yield plain(sentence, 400)
        yield ""
    yield row([text["editor"], text["stage"], text["kind"], text["count"], text["example"]])
    yield row(["---", "---", "---", "---:", "---"])
    for failure in tables.failures:
        example = failure.examples[0]
        message = example.failure.message if example.failure is not None else ""
        cells = [
            plain(failure.editor),
            text[f"stage_{failure.stage}"],
            plain(failure.kind),
            counted(failure.count, unit_of(failure), language),
        ]
        yield row([*cells, f"{plain(example.sample, 60)}: {plain(message)}"])


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
