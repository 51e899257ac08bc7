"""What an audit ends with in the terminal: a table per kind of truth, the ratings, and what became of the replies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from editloupe.report.short_names import short_names
from editloupe.report.terminal import LONGEST
from editloupe.report.words import number, one_line

__all__ = ["audit_sentences", "audit_tables", "reply_table"]

NAME = 26
"""Cells that a name has beside six numbers in 80 columns."""

COEFFICIENTS = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall", "mae")
_TRUTHS = {"editor": "what the editors know", "labels": "the labels of the benchmark"}
_READINGS = {"score": "scores", "first_draw": "first draw alone", "expected": "expected after reasoning"}


def audit_tables(audit: Mapping[str, Any], *, whole: bool = False) -> Iterator[Table]:
    """Make the tables: agreement with numbers, with preferences, and with classes, each where there is any.

    Args:
        audit: what `audit.audit_study` returned.
        whole: with names as long as they are; else so short that a table has 80 columns.
    """
    preferences, classes = audit["preferences"], audit["classes"]
    if audit["overall"]["n"] or (preferences is None and classes is None):
        yield _agreement(audit, whole=whole)
    if preferences is not None:
        yield _preferences(audit["judge"], preferences)
    if classes is not None:
        yield _classes(audit["judge"], classes)
    if any("overall" in part for part in (audit.get("human_means") or {"editors": {}})["editors"].values()):
        yield _human_means(audit["human_means"], whole=whole)


def _agreement(audit: Mapping[str, Any], *, whole: bool) -> Table:
    view = _table(
        f"{audit['judge']} against {_truth(audit)}", ("n", "Spearman", "Kendall", "pairs", "all pairs", "error")
    )
    parts = [{"overall": audit["overall"]}, audit["editors"], audit["categories"]]
    if audit["expected"] is not None:
        parts[0][_READINGS["expected"]] = audit["expected"]
    for part in parts:
        short = {} if whole else short_names(list(part), NAME)
        for name, one in part.items():
            label = Text(short.get(name) or one_line(name, LONGEST))
            view.add_row(label, str(one["n"]), *(number(one[each]["value"], 3) for each in COEFFICIENTS))
        view.add_section()
    return view


def _truth(audit: Mapping[str, Any]) -> str:
    """Against whom or what: the raters by name, what the editors know of their own edits, or labels."""
    if audit["human"] is not None:
        return "people: " + ", ".join(one_line(name, 20) for name in audit["human"]["raters"])
    known = [_TRUTHS[name] for name in audit["against"] if name in _TRUTHS]
    return " and ".join(known) or "the truth"


def audit_sentences(audit: Mapping[str, Any]) -> Iterator[str]:
    """Say what became of the ratings by people; nothing where there are none."""
    human = audit["human"]
    if human is None:
        return
    raters = ", ".join(f"{one_line(name, 40)} {count}" for name, count in human["raters"].items())
    blind = f"{100 * human['blind']:.0f} % of them blind"
    yield f"people: {human['ratings']} ratings of {human['edits']} edits ({raters}), {blind}"
    if human["changed"] or human["unknown"]:
        yield (
            f"not compared: {human['changed']} ratings of edits that have changed since, "
            f"{human['unknown']} of edits that this study does not have"
        )
    for one in human["between_raters"]:
        first, second = (one_line(name, 40) for name in one["raters"])
        yield (
            f"{first} and {second}: {one['n']} edits in common, Spearman {number(one['spearman']['value'], 3)}, "
            f"mean difference {number(one['mae']['value'])}"
        )
    if audit.get("human_means") is not None:
        yield from _human_mean_sentences(audit["human_means"])
    for flag in human["flags"]:
        who, editor, sample = (one_line(flag[name], 40) for name in ("rater", "editor", "sample"))
        yield f"flag by {who}: {editor} on {sample}: {one_line(flag['flag'])}"


def _human_means(means: Mapping[str, Any], *, whole: bool) -> Table:
    columns = ("judge", "people", "95 %", "labels alone", "labels", *(("wanted",) if means["width"] else ()))
    view = _table("means as people would have given them", columns)
    short = {} if whole else short_names(list(means["editors"]), NAME)
    for name, part in means["editors"].items():
        if "overall" in part:
            mean = part["overall"]
            cells = [number(mean["judge"]), number(mean["mean"]), _ends(mean["ci95"]), _ends(mean["labels_alone"])]
            cells += [str(mean["labelled"])]
            cells += ["–" if mean["wanted"] is None else str(mean["wanted"])] if means["width"] else []
            view.add_row(Text(short.get(name) or one_line(name, LONGEST)), *cells)
    return view


def _human_mean_sentences(means: Mapping[str, Any]) -> Iterator[str]:
    if means["refused"]:
        yield f"means are not corrected: {means['refused']}"
        return
    if means["ignored"]:
        yield f"{means['ignored']} ratings of edits that were not drawn do not count for the corrected means"
    for name, part in means["editors"].items():
        if "refused" in part:
            yield f"the mean of {one_line(name, 40)} is not corrected: {part['refused']}"


def reply_table(replies: Mapping[str, Any]) -> Table:
    """Make the table of how many replies were read, in which form, and how many were lost, to what.

    Args:
        replies: as ``audit.json`` and ``report.json`` hold them.
    """
    asked, thoughts = replies["asked"], replies["thoughts"]
    view = Table(box=box.SIMPLE_HEAD, width=80, pad_edge=False, title=f"{asked} replies")
    view.add_column("", no_wrap=True)
    view.add_column("n", justify="right", no_wrap=True)
    view.add_column("share", justify="right", no_wrap=True)
    view.add_column("such as", ratio=1, overflow="ellipsis", no_wrap=True)
    named = [("read", "form", one) for one in replies["read"]] + [("lost", "kind", one) for one in replies["lost"]]
    for part, name, one in named:
        example = one["examples"][0]
        words = example["words"] or example.get("message", "")
        label = Text(one_line(f"{part}: {one[name]}", NAME))
        view.add_row(label, str(one["count"]), _percent(one["count"], asked), Text(one_line(words, LONGEST)))
    if thoughts:
        view.add_section()
        view.add_row("with thoughts", str(thoughts), _percent(thoughts, asked), "")
    return view


def _preferences(judge: str, preferences: Mapping[str, Any]) -> Table:
    view = _table(f"{judge} against people's preferences", ("pairs", "right", "ties wrong", "macro", "95 %", "ties"))
    for reading, dimensions in preferences.items():
        for dimension, one in dimensions.items():
            cells = (
                str(one["pairs"]),
                number(one["accuracy"]["value"], 3),
                number(one["accuracy_ties_wrong"]["value"], 3),
                number(one["macro_ties_wrong"]["value"], 3),
                _ends(one["macro_ties_wrong"]["ci95"]),
                str(one["ties"]),
            )
            view.add_row(_name(dimension, reading, len(preferences)), *cells)
            for size, group in one["groups"].items():
                right, interval = number(group["value"], 3), _ends(group["ci95"])
                label = Text(f"  whole rankings of {size}", "dim")
                view.add_row(label, str(group["groups"]), "", right, "", interval, "")
        view.add_section()
    return view


def _classes(judge: str, classes: Mapping[str, Any]) -> Table:
    view = _table(f"{judge}: right edits from wrong ones", ("right", "wrong", "no score", "AUROC", "95 %"))
    for reading, scores in classes.items():
        for score, one in scores.items():
            counts = (str(one[name]) for name in ("right", "wrong", "unscored"))
            view.add_row(_name(score, reading, len(classes)), *counts, number(one["value"], 3), _ends(one["ci95"]))
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


def _ends(ends: list[float] | None) -> str:
    return "–" if ends is None else f"{ends[0]:.2f} – {ends[1]:.2f}"


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %"
