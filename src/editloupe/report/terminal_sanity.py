"""What the sanity probes end with in the terminal: a row per probe, and why some say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.table import Table
from rich.text import Text

from editloupe.judge_quality.sanity import Sanity
from editloupe.report.sanity import kind_called, probe_called, reason_of, verdict_called
from editloupe.report.words import number, one_line, words

__all__ = ["sanity_sentences", "sanity_table"]

_STYLES = {"pass": "green", "fail": "bold red"}


def sanity_table(sanity: Sanity) -> Table:
    """Make the table of the probes.

    Of several metrics the one that decides is shown: the one that falls most, or that changes most.

    Args:
        sanity: what was found.
    """
    text = words("en")
    view = Table(box=box.SIMPLE_HEAD, width=80, pad_edge=False, title=one_line(f"{sanity.judge}: {text['sanity']}", 80))
    view.add_column("", ratio=1, overflow="ellipsis", no_wrap=True)
    view.add_column("", no_wrap=True)
    view.add_column("verdict", no_wrap=True)
    for column in ("edits", "change", "bounds", "margin"):
        view.add_column(column, justify="right", no_wrap=True)
    for name, probe in sanity.probes.items():
        verdict = Text(verdict_called(probe.verdict, "en"), _STYLES.get(probe.verdict, "yellow"))
        metrics = probe.metrics.values()
        change = max(metrics, key=lambda metric: metric.low / metric.margin, default=None)
        numbers = ["–"] * 3
        if change is not None:
            numbers = [number(change.mean), f"{change.low:.2f} – {change.high:.2f}", number(change.margin)]
        view.add_row(
            Text(probe_called(name, "en")),
            Text(kind_called(probe.kind, "en")),
            verdict,
            str(probe.edits),
            *numbers,
        )
    return view


def sanity_sentences(sanity: Sanity) -> Iterator[str]:
    """Say how much was asked, how sure a verdict is, and why a probe has none."""
    text = words("en")
    rate = f"{100 * sanity.error_rate:g} %"
    yield f"sanity: {text['sanity_asked'].format(questions=sanity.questions, rate=rate)}"
    for name, probe in sanity.probes.items():
        if why := reason_of(probe, sanity.fewest, "en"):
            yield f"{probe_called(name, 'en')}: {verdict_called(probe.verdict, 'en')}: {why}"
