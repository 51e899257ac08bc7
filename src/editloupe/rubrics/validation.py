"""Whether the parts of a rubric fit together: what its YAML alone cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from editloupe.rubrics.aggregate_functions import AGGREGATES
from editloupe.rubrics.combine import FORMULAS

if TYPE_CHECKING:
    from editloupe.rubrics.rubric import Rubric

__all__ = ["problems"]


def problems(rubric: Rubric, enabled: Sequence[str]) -> Iterator[str]:
    """Say what does not fit, as the rest of a sentence that begins with the rubric's name.

    Args:
        rubric: as read from its file.
        enabled: the metrics that will be asked.
    """
    if not rubric.metrics and rubric.pairs is None:
        yield "has neither metrics nor a part `pairs`, so nothing would be asked"
    if rubric.combine not in FORMULAS or FORMULAS[rubric.combine].takes is not None:
        free = [name for name, formula in FORMULAS.items() if formula.takes is None]
        yield f"combines by {rubric.combine!r}; known formulas: {', '.join(free)}"
    if rubric.aggregates and rubric.aggregates not in AGGREGATES:
        yield f"names the aggregates {rubric.aggregates!r}; there are: {', '.join(AGGREGATES)}"
    questions: dict[str, list[str]] = {}
    for metric in rubric.metrics:
        questions.setdefault(rubric.question_of(metric), []).append(metric)
    for question, metrics in questions.items():
        yield from _shared(rubric, question, metrics)
    for language, texts in rubric.texts.items():
        for question, (metric, *_) in questions.items():
            if question not in texts.asks or rubric.metrics[metric].context not in texts.contexts:
                yield f"has no words in {language!r} for the metric {metric!r}"
    known = set(rubric.metrics)
    for name, derived in rubric.derived.items():
        if name in known:
            yield f"has two scores that are called {name!r}"
        if unknown := derived.inputs - known:
            yield f"derives {name!r} from {min(unknown)!r}, which is neither a metric nor derived before it"
        if absent := (derived.inputs & set(rubric.metrics)) - set(enabled):
            needed = ", ".join(metric for metric in rubric.metrics if metric in derived.inputs)
            yield f"derives {name!r} from {needed}: name {min(absent)!r} in its `metrics:` as well, or none"
        known.add(name)


def _shared(rubric: Rubric, question: str, metrics: Sequence[str]) -> Iterator[str]:
    """What is wrong with metrics that are read from one reply."""
    first = rubric.metrics[metrics[0]]
    for metric in metrics[1:]:
        another = rubric.metrics[metric]
        if (another.context, another.when, another.unless) != (first.context, first.when, first.unless):
            yield f"asks {metrics[0]!r} and {metric!r} in one question, but not about the same pictures and samples"
    keys = [(rubric.metrics[metric].key, rubric.metrics[metric].index) for metric in metrics]
    if len(set(keys)) < len(keys):
        yield f"reads two metrics of the question {question!r} from one place of the reply"
    for key in {key for key, index in keys if index is not None}:
        indices = sorted(-1 if index is None else index for other, index in keys if other == key)
        if indices != list(range(len(indices))):
            listed = f"the list {key!r} of the question {question!r}"
            yield f"reads {indices} from {listed}; places count from 0 without a gap"
