"""What the sanity probes of a judge found, in the report's words and with its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from editloupe.judge_quality.sanity import Kind, ProbeExample, ProbeResult, Reason, SanityVerdict
from editloupe.judge_quality.stored import stored
from editloupe.report.thumbnails import link_to
from editloupe.report.words import one_line, printable, words
from editloupe.results import Language, Results

__all__ = ["failed_probes", "kind_called", "probe_called", "reason_of", "sanity_view", "verdict_called"]

LONGEST = 2_000
"""Characters of an instruction beside its pictures."""


_PROBES: Mapping[str, str] = {
    "blank": "sanity_blank",
    "other-edit": "sanity_other_edit",
    "source": "sanity_source",
    "instruction": "sanity_instruction",
    "repeat": "sanity_repeat",
    "order": "sanity_order",
    "wording": "sanity_wording",
}
_VERDICTS: Mapping[SanityVerdict, str] = {
    "pass": "verdict_pass",
    "fail": "verdict_fail",
    "underpowered": "verdict_underpowered",
    "not-applicable": "verdict_not_applicable",
}
_KINDS: Mapping[Kind, str] = {"drop": "sanity_drop", "same": "sanity_same"}
_REASONS: Mapping[Reason, str] = {
    "few": "sanity_why_few",
    "lost": "sanity_why_lost",
    "no-room": "sanity_why_no_room",
    "one-source": "sanity_why_one_source",
    "unnumbered": "sanity_why_unnumbered",
    "unchanged": "sanity_why_unchanged",
}


def failed_probes(results: Results) -> list[str]:
    """The probes that the judge fails: in this study, else as its card says."""
    card = {} if results.judge_card is None else results.judge_card.sanity or {}
    verdicts = {**card, **({} if results.sanity is None else results.sanity.verdicts)}
    return [name for name, verdict in verdicts.items() if verdict == "fail"]


def probe_called(name: str, language: Language) -> str:
    """A probe's name for people; its own where a newer version has given it."""
    return words(language)[_PROBES[name]] if name in _PROBES else one_line(name, 60)


def verdict_called(verdict: SanityVerdict, language: Language) -> str:
    """A verdict for people."""
    return words(language)[_VERDICTS[verdict]]


def kind_called(kind: Kind, language: Language) -> str:
    """What the score has to do."""
    return words(language)[_KINDS[kind]]


def reason_of(probe: ProbeResult, fewest: int, language: Language) -> str:
    """Why a probe has neither passed nor failed; empty where it has.

    Args:
        probe: what it found.
        fewest: how many edits a probe needs.
        language: of the sentence.
    """
    sentence = words(language)[_REASONS[probe.reason]] if probe.reason else ""
    known = {"lost": probe.lost, "edits": probe.edits, "failure": one_line(probe.failure or "", 200)}
    return sentence.format_map({**known, "fewest": fewest})


def sanity_view(results: Results, thumbnails: Mapping[str, str]) -> dict[str, Any] | None:
    """The probes as the page shows them; None where none were asked.

    Args:
        results: of the study.
        thumbnails: path by picture.
    """
    sanity = results.sanity
    if sanity is None:
        return None
    return {
        "form": sanity.form,
        "error_rate": sanity.error_rate,
        "questions": sanity.questions,
        "probes": [_probe(name, probe, sanity.fewest, thumbnails) for name, probe in sanity.probes.items()],
    }


def _probe(name: str, probe: ProbeResult, fewest: int, thumbnails: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": [probe_called(name, "en"), probe_called(name, "zh")],
        "must": [kind_called(probe.kind, "en"), kind_called(probe.kind, "zh")],
        "verdict": probe.verdict,
        "called": [verdict_called(probe.verdict, "en"), verdict_called(probe.verdict, "zh")],
        "reason": [reason_of(probe, fewest, "en"), reason_of(probe, fewest, "zh")],
        "edits": probe.edits,
        "lost": probe.lost,
        "metrics": [{**stored(result), "name": printable(metric)} for metric, result in probe.metrics.items()],
        "examples": [_example(example, thumbnails) for example in probe.examples],
    }


def _example(example: ProbeExample, thumbnails: Mapping[str, str]) -> dict[str, Any]:
    def shown(picture: str | None) -> dict[str, str | None]:
        small = None if picture is None else thumbnails.get(picture)
        return {"small": small, "large": None if small is None or picture is None else link_to(picture)}

    return {
        "editor": printable(example.editor),
        "sample": printable(example.sample),
        "instruction": printable(example.instruction)[:LONGEST],
        "told": printable(example.told)[:LONGEST],
        "before": printable(example.before),
        "sources": [shown(picture) for picture in example.sources],
        "shown_sources": [shown(picture) for picture in example.shown_sources],
        "image": shown(example.image),
        "shown": shown(example.shown),
        "words": printable(example.words),
        "scores": [[printable(metric), *pair] for metric, pair in example.scores.items()],
    }
