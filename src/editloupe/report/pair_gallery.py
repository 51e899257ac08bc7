"""The pairs of a study as the page shows them: an index of all, and what is looked at in chunks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from editloupe.pair_results import PairAnswer, PairVerdict
from editloupe.records import Failure
from editloupe.report.pair_sentences import pair_remarks
from editloupe.report.ranking import Ranking
from editloupe.report.thumbnails import link_to
from editloupe.report.words import one_line, printable
from editloupe.results import Results

__all__ = ["PAIRS_INDEX", "pair_chunk_name", "pair_chunks", "pair_overview"]

PER_CHUNK = 40

LONGEST = 4_000
"""Characters of a text in the page; `pairs.jsonl` has all of it."""

PAIRS_INDEX = "pairs-index"


@dataclass(slots=True)
class _Shown:
    """The verdicts on one pair, by metric."""

    verdicts: list[PairVerdict]

    @property
    def first(self) -> PairVerdict:
        return self.verdicts[0]

    @property
    def net(self) -> float | None:
        nets = [verdict.net for verdict in self.verdicts]
        known = [verdict for verdict in nets if verdict is not None]
        return sum(known) / len(known) if known and len(known) == len(nets) else None


def pair_chunk_name(number: int) -> str:
    """The name of a chunk of pairs, from 0."""
    return f"pairs-{number:04d}"


def pair_chunks(results: Results, thumbnails: Mapping[str, str], editors: Sequence[str]) -> dict[str, Any]:
    """The index and the chunks by name; nothing where the study compares no pairs.

    Pairs whose edits are the same file are left out: there is nothing to look at, and nobody was asked.

    Args:
        results: of the study.
        thumbnails: path by picture.
        editors: names, by the numbers that the page has for them.
    """
    if results.pairs is None:
        return {}
    by_pair: dict[tuple[str, str, str], _Shown] = {}
    for verdict in results.pairs.verdicts:
        if not verdict.identical:
            by_pair.setdefault((verdict.sample, verdict.a, verdict.b), _Shown([])).verdicts.append(verdict)
    number_of = {name: number for number, name in enumerate(editors)}
    pairs = list(by_pair.values())
    cards = [_card(pair, number_of, thumbnails) for pair in pairs]
    rows = [
        [
            number_of[pair.first.a],
            number_of[pair.first.b],
            pair.net,
            int(any(len({_said(answer) for answer in verdict.answers}) > 1 for verdict in pair.verdicts)),
            int(_against_scores(pair, results.overall)),
        ]
        for pair in pairs
    ]
    chunks = {
        pair_chunk_name(number): cards[start : start + PER_CHUNK]
        for number, start in enumerate(range(0, len(cards), PER_CHUNK))
    }
    return {PAIRS_INDEX: {"per_chunk": PER_CHUNK, "rows": rows}, **chunks}


def pair_overview(ranking: Ranking | None, editors: Sequence[str]) -> dict[str, Any] | None:
    """What the page begins with about pairs; None where the study compares none."""
    if ranking is None:
        return None
    number_of = {name: number for number, name in enumerate(editors)}
    study_order = ranking.pairs.editors
    return {
        "planned": ranking.planned,
        "failed": ranking.failed,
        "metrics": [printable(name) for name in ranking.pairs.metrics],
        "editors": [
            {
                "editor": number_of[editor.name],
                "rating": editor.rating,
                "ci95": editor.ci95,
                "ranks": editor.ranks,
                "n": editor.n,
                "share": editor.share,
                "failed": editor.failed,
            }
            for editor in ranking.editors
        ],
        "matrix": [
            {
                "a": number_of[against.a],
                "b": number_of[against.b],
                "n": against.n,
                "won": against.won,
                "net": against.net,
                "ci95": against.ci95,
                "p_corrected": against.p_corrected,
                "better": against.settled,
            }
            for against in ranking.matrix
        ],
        "by_metric": [
            {
                "metric": printable(metric.metric),
                "ratings": _by_place(dict(zip(study_order, metric.ratings.values, strict=True)), editors),
                "ci95": _by_place(dict(zip(study_order, metric.ratings.ci95, strict=True)), editors),
            }
            for metric in ranking.metrics
        ],
        "remarks": [list(both) for both in zip(pair_remarks(ranking, "en"), pair_remarks(ranking, "zh"), strict=True)],
    }


def _by_place(values: Mapping[str, Any], editors: Sequence[str]) -> list[Any]:
    return [values.get(name) for name in editors]


def _card(pair: _Shown, number_of: Mapping[str, int], thumbnails: Mapping[str, str]) -> dict[str, Any]:
    first = pair.first
    failure = next((verdict.failure for verdict in pair.verdicts if verdict.failure is not None), None)
    return {
        "sample": printable(first.sample),
        "instruction": printable(first.instruction)[:LONGEST],
        "editors": [number_of[first.a], number_of[first.b]],
        "images": [_picture(image, thumbnails) for image in first.images],
        "source": _picture(next(iter(first.sources), None), thumbnails),
        "failure": None
        if failure is None
        else [failure.stage, printable(failure.kind), one_line(failure.message, 600)],
        "metrics": [
            {
                "name": printable(verdict.metric),
                "outcome": None if verdict.outcome is None else [round(share, 4) for share in verdict.outcome],
                "answers": [_answer(answer) for answer in verdict.answers],
            }
            for verdict in pair.verdicts
            if verdict.answers
        ],
    }


def _failure(failure: Failure) -> list[str]:
    return [failure.stage, printable(failure.kind), one_line(failure.message, 600)]


def _answer(answer: PairAnswer) -> dict[str, Any]:
    labels = None if answer.labels is None else [[printable(name), round(p, 4)] for name, p in answer.labels.items()]
    return {"first": int(answer.turned), "said": _said(answer), "words": _words(answer), "labels": labels}


def _said(answer: PairAnswer) -> int | None:
    """0 for the first editor, 1 for the second, 2 for neither: what is most likely; None where nothing was."""
    return None if answer.outcome is None else int(np.argmax(answer.outcome))


def _words(answer: PairAnswer) -> str:
    """The texts of the reply's JSON object, or the reply as it is."""
    words = (answer.words or "").strip()
    try:
        answered = json.loads(words)
    except ValueError:
        answered = None
    texts = [text for text in answered.values() if isinstance(text, str)] if isinstance(answered, dict) else [words]
    return printable("\n".join(texts))[:LONGEST]


def _against_scores(pair: _Shown, overall: Mapping[tuple[str, str], float | None]) -> bool:
    """Whether the single scores of the two edits prefer the other one."""
    a, b = (overall.get((name, pair.first.sample)) for name in (pair.first.a, pair.first.b))
    return a is not None and b is not None and pair.net is not None and (a - b) * pair.net < 0


def _picture(picture: str | None, thumbnails: Mapping[str, str]) -> dict[str, str | None]:
    thumbnail = None if picture is None else thumbnails.get(picture)
    return {"small": thumbnail, "large": link_to(picture) if picture is not None and thumbnail is not None else None}
