"""What an audit ends with in the terminal: a table per kind of truth, the ratings, and what became of the replies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from editloupe.judge_quality.audit import Audit, ClassAgreement, DimensionAgreement
from editloupe.judge_quality.human_means import HumanMeans
from editloupe.judge_quality.replies import ReplyCounts
from editloupe.report.short_names import short_names
from editloupe.report.terminal import LONGEST
from editloupe.report.words import number, one_line
from editloupe.statistics.agreement import Agreement

__all__ = ["audit_sentences", "audit_tables", "reply_table"]

NAME = 26
"""Cells that a name has beside six numbers in 80 columns."""

_TRUTHS = {"editor": "what the editors know", "labels": "the labels of the benchmark"}
_READINGS = {"score": "scores", "first_draw": "first draw alone", "expected": "expected after reasoning"}


def audit_tables(audit: Audit, *, whole: bool = False) -> Iterator[Table]:
    """Make the tables: agreement with numbers, with preferences, and with classes, each where there is any.

    Args:
        audit: what is shown.
        whole: with names as long as they are; else so short that a table has 80 columns.
    """
    if audit.overall.n or (audit.preferences is None and audit.classes is None):
        yield _agreement(audit, whole=whole)
    if audit.preferences is not None:
        yield _preferences(audit.judge, audit.preferences)
    if audit.classes is not None:
        yield _classes(audit.judge, audit.classes)
    if audit.human_means is not None and any(part.overall for part in audit.human_means.editors.values()):
        yield _human_means(audit.human_means, whole=whole)


def _agreement(audit: Audit, *, whole: bool) -> Table:
    view = _table(f"{audit.judge} against {_truth(audit)}", ("n", "Spearman", "Kendall", "pairs", "all pairs", "error"))
    overall = {"overall": audit.overall}
    if audit.expected is not None:
        overall[_READINGS["expected"]] = audit.expected
    for part in (overall, audit.editors, audit.categories):
        short = {} if whole else short_names(list(part), NAME)
        for name, agreement in part.items():
            label = Text(short.get(name) or one_line(name, LONGEST))
            view.add_row(label, str(agreement.n), *_coefficients(agreement))
        view.add_section()
    return view


def _coefficients(agreement: Agreement) -> list[str]:
    shown = (
        agreement.spearman,
        agreement.kendall,
        agreement.pairwise_accuracy,
        agreement.pairwise_accuracy_overall,
        agreement.mae,
    )
    return [number(coefficient.value, 3) for coefficient in shown]


def _truth(audit: Audit) -> str:
    """Against whom or what: the raters by name, what the editors know of their own edits, or labels."""
    if audit.human is not None:
        return "people: " + ", ".join(one_line(name, 20) for name in audit.human.raters)
    known = [_TRUTHS[name] for name in audit.against if name in _TRUTHS]
    return " and ".join(known) or "the truth"


def audit_sentences(audit: Audit) -> Iterator[str]:
    """Say what became of the ratings by people; nothing where there are none."""
    human = audit.human
    if human is None:
        return
    raters = ", ".join(f"{one_line(name, 40)} {count}" for name, count in human.raters.items())
    blind = "" if human.blind is None else f", {100 * human.blind:.0f} % of them blind"
    yield f"people: {human.ratings} ratings of {human.edits} edits ({raters}){blind}"
    if human.changed or human.unknown:
        yield (
            f"not compared: {human.changed} ratings of edits that have changed since, "
            f"{human.unknown} of edits that this study does not have"
        )
    for pair in human.between_raters:
        first, second = (one_line(name, 40) for name in pair.raters)
        yield (
            f"{first} and {second}: {pair.n} edits in common, Spearman {number(pair.spearman.value, 3)}, "
            f"mean difference {number(pair.mae.value)}"
        )
    if audit.human_means is not None:
        yield from _human_mean_sentences(audit.human_means)
    for flag in human.flags:
        who, editor, sample = (one_line(name, 40) for name in (flag.rater, flag.editor, flag.sample))
        yield f"flag by {who}: {editor} on {sample}: {one_line(flag.flag)}"


def _human_means(means: HumanMeans, *, whole: bool) -> Table:
    columns = ("judge", "people", "95 %", "labels alone", "labels", *(("wanted",) if means.width else ()))
    view = _table("means as people would have given them", columns)
    short = {} if whole else short_names(list(means.editors), NAME)
    for name, part in means.editors.items():
        if part.overall is not None:
            mean = part.overall
            cells = [number(mean.judge), number(mean.mean), _ends(mean.ci95), _ends(mean.labels_alone)]
            cells += [str(mean.labelled)]
            cells += ["–" if mean.wanted is None else str(mean.wanted)] if means.width else []
            view.add_row(Text(short.get(name) or one_line(name, LONGEST)), *cells)
    return view


def _human_mean_sentences(means: HumanMeans) -> Iterator[str]:
    if means.refused:
        yield f"means are not corrected: {means.refused}"
        return
    if means.ignored:
        yield f"{means.ignored} ratings of edits that were not drawn do not count for the corrected means"
    for name, part in means.editors.items():
        if part.refused:
            yield f"the mean of {one_line(name, 40)} is not corrected: {part.refused}"


def reply_table(replies: ReplyCounts) -> Table:
    """Make the table of how many replies were read, in which form, and how many were lost, to what."""
    view = Table(box=box.SIMPLE_HEAD, width=80, pad_edge=False, title=f"{replies.asked} replies")
    view.add_column("", no_wrap=True)
    view.add_column("n", justify="right", no_wrap=True)
    view.add_column("share", justify="right", no_wrap=True)
    view.add_column("such as", ratio=1, overflow="ellipsis", no_wrap=True)
    for outcome, counts in (("read", replies.read), ("lost", replies.lost)):
        for replied in counts:
            example = replied.examples[0]
            label = Text(one_line(f"{outcome}: {replied.name}", NAME))
            words = Text(one_line(example.words or example.message, LONGEST))
            view.add_row(label, str(replied.count), _percent(replied.count, replies.asked), words)
    if replies.thoughts:
        view.add_section()
        view.add_row("with thoughts", str(replies.thoughts), _percent(replies.thoughts, replies.asked), "")
    return view


def _preferences(judge: str, preferences: Mapping[str, Mapping[str, DimensionAgreement]]) -> Table:
    view = _table(f"{judge} against people's preferences", ("pairs", "right", "ties wrong", "macro", "95 %", "ties"))
    for reading, dimensions in preferences.items():
        for dimension, order in dimensions.items():
            view.add_row(
                _name(dimension, reading, len(preferences)),
                str(order.pairs),
                number(order.accuracy.value, 3),
                number(order.accuracy_ties_wrong.value, 3),
                number(order.macro_ties_wrong.value, 3),
                _ends(order.macro_ties_wrong.ci95),
                str(order.ties),
            )
            for size, ranking in order.groups.items():
                label = Text(f"  whole rankings of {size}", "dim")
                right, interval = number(ranking.value, 3), _ends(ranking.ci95)
                view.add_row(label, str(ranking.groups), "", right, "", interval, "")
        view.add_section()
    return view


def _classes(judge: str, classes: Mapping[str, Mapping[str, ClassAgreement]]) -> Table:
    view = _table(f"{judge}: right edits from wrong ones", ("right", "wrong", "no score", "AUROC", "95 %"))
    for reading, areas in classes.items():
        for score, area in areas.items():
            counts = (str(count) for count in (area.right, area.wrong, area.unscored))
            view.add_row(_name(score, reading, len(classes)), *counts, number(area.value, 3), _ends(area.ci95))
        view.add_section()
    return view


def _table(title: str, columns: tuple[str, ...]) -> Table:
    view = Table(box=box.SIMPLE_HEAD, width=80, pad_edge=False, title=one_line(title, 80))
    view.add_column("", ratio=1, overflow="ellipsis", no_wrap=True)
    for column in columns:
        view.add_column(column, justify="right", no_wrap=True)
    return view


def _name(name: str, reading: str, readings: int) -> Text:
    return Text(one_line(name, 40) + (f", {_READINGS.get(reading, reading)}" if readings > 1 else ""))


def _ends(ends: tuple[float, float] | None) -> str:
    return "–" if ends is None else f"{ends[0]:.2f} – {ends[1]:.2f}"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %"
