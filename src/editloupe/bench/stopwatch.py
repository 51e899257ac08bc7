"""Runs one way of judging some times and keeps what it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median

from editloupe.bench.contenders import Contender
from editloupe.bench.records import Row, Way
from editloupe.machine import peak_since_reset, reset_peak
from editloupe.records import Reply

__all__ = ["Stopwatch"]


class Stopwatch:
    """Takes the time of one way after the other; the first is what the others are compared with.

    Args:
        repeat: how often each way is run; medians count.
        say: takes one line of progress.

    Attributes:
        rows: of all ways so far.
    """

    def __init__(self, repeat: int, say: Callable[[str], None]) -> None:
        self._repeat, self._say = repeat, say
        self.rows: list[Row] = []

    def time(
        self, way: Way, who: Contender, run: Callable[[], list[Reply]], reference: Sequence[Reply] | None = None
    ) -> list[Reply]:
        """Run one way.

        Args:
            way: what its row is called.
            who: whose counters tell of padding and of the time in the model.
            run: answers all questions.
            reference: replies to compare with; None for no comparison.

        Returns:
            The replies of the last run.
        """
        seconds: list[float] = []
        replies: list[Reply] = []
        peak: int | None = None
        before = replace(who.counters)
        for _ in range(self._repeat):
            reset_peak()
            started = time.perf_counter()
            replies = run()
            seconds.append(time.perf_counter() - started)
            peak = peak_since_reset()
        tokens, padding = who.counters.tokens - before.tokens, who.counters.padding - before.padding
        rate = len(replies) // way.questions_per_edit / median(seconds)
        row = Row(
            way=way,
            seconds=median(seconds),
            images_per_second=rate,
            ratio=rate / self.rows[0].images_per_second if self.rows else 1.0,
            peak_memory_bytes=peak,
            padding=padding / max(1, tokens),
            identical=None if reference is None else _identical(replies, reference),
            outside=1 - (who.counters.inside - before.inside) / sum(seconds),
        )
        self.rows.append(row)
        self._say(
            f"{way.mode:6} {way.name:28} {row.seconds:8.2f} s  {row.images_per_second:7.2f} images/s  {row.ratio:5.2f}x"
        )
        return replies


def _identical(replies: Iterable[Reply], reference: Iterable[Reply]) -> float:
    equal = []
    for reply, other in zip(replies, reference, strict=True):
        if reply.labels is None or other.labels is None:
            equal.append(reply.text == other.text)
        else:
            equal.append(all(round(reply.labels[label], 3) == round(p, 3) for label, p in other.labels.items()))
    return sum(equal) / len(equal)
