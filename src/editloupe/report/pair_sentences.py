"""What a reader must know about a ranking by pairs, as sentences in both languages, for every form of the report."""

from __future__ import annotations

from collections.abc import Iterator

from editloupe.report.ranking import Ranking
from editloupe.report.words import one_line, signed, words
from editloupe.results import NOT_DONE, Language

__all__ = ["pair_remarks"]

STOPPED = {"settled": "pairs_settled", "budget": "pairs_budget", "samples": "pairs_samples"}
"""How an adaptive plan ended, and the words for it."""

CYCLES = 3
"""Circles that are named; all are counted."""


def pair_remarks(ranking: Ranking, language: Language) -> Iterator[str]:
    """Say how the plan ended, what failed, how the judge leans, and where one number an editor is not enough.

    Args:
        ranking: of the study.
        language: of the sentences.
    """
    text, pairs = words(language), ranking.pairs
    identical = len({(pair.sample, pair.a, pair.b) for pair in pairs.verdicts if pair.identical})
    yield text["pairs_counted"].format(
        planned=ranking.planned, questions=pairs.questions, identical=identical, failed=ranking.failed
    )
    if pairs.waiting:
        yield text["pairs_waiting"].format(waiting=pairs.waiting)
    if pairs.stopped:
        yield text[STOPPED[pairs.stopped]].format(error=f"{pairs.error or 0:g}", most=pairs.max_questions or 0)
    if pairs.mode == "adaptive":
        yield text["pairs_adaptive_intervals"]
    lost = [f"{kind} {count}" for (_, kind), count in ranking.failures.items() if kind != NOT_DONE]
    if lost:
        yield text["pairs_failed"].format(kinds=", ".join(one_line(kind, 60) for kind in lost))
    for metric in ranking.metrics:
        if metric.bias.value is not None:
            ends = "–" if metric.bias.ci95 is None else f"{signed(metric.bias.ci95[0])} – {signed(metric.bias.ci95[1])}"
            yield text["position_bias"].format(
                metric=one_line(metric.metric, 60),
                value=signed(metric.bias.value),
                ends=ends,
                same=round(100 * (metric.bias.same or 0)),
                over=round(100 * (metric.bias.turned_over or 0)),
                n=metric.bias.n,
            )
    if any(editor.rating is None for editor in ranking.editors):
        names = ", ".join(one_line(editor.name, 60) for editor in ranking.editors if editor.rating is None)
        yield text["no_rating"].format(names=names)
    if ranking.fit_p is not None and ranking.fit_p < 0.05:
        yield text["bad_fit"].format(p=f"{ranking.fit_p:.3f}")
    if ranking.cycles:
        named = "; ".join(
            " > ".join(one_line(name, 60) for name in (*cycle, cycle[0])) for cycle in ranking.cycles[:CYCLES]
        )
        yield text["cycles"].format(count=len(ranking.cycles), settled=len(ranking.settled_cycles), named=named)
    if ranking.singles is not None and ranking.singles.n:
        yield text["beside_scores"].format(
            n=ranking.singles.n,
            same=ranking.singles.same,
            opposite=ranking.singles.opposite,
            only_pairs=ranking.singles.only_pairs,
            only_scores=ranking.singles.only_scores,
        )
