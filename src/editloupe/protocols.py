"""What a benchmark, an editor and a judge are to the rest of the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from PIL import Image

from editloupe.records import EditRequest, Failure, Question, Reply, Sample
from editloupe.store.blobs import Store

__all__ = ["Benchmark", "Editor", "Judge", "StreamingJudge"]


class Benchmark(Protocol):
    """Where samples come from.

    May have besides: ``lint(samples)`` (see `findings`) and ``packages`` (import name -> extra that brings it). A
    sample whose edits are published in some layout says so in ``extra["outputs"]``: relative paths without suffix,
    which `replay` tries in a bare folder.

    Attributes:
        name, revision: which benchmark, and a stable name of its content.
        default_rubric: the rubric used when the config names none.
        categories: label by English id, for people; what is absent is labelled by its id.
    """

    name: str
    revision: str
    default_rubric: str
    categories: Mapping[str, str]

    def samples(self, store: Store) -> Iterator[Sample]:
        """Yield the samples in order; a bad one carries its `Failure`. Raises `DataError` for an unusable file."""


class Editor(Protocol):
    """Turns samples into edited images.

    May have besides: ``files`` (what its signature depends on, such as weights), ``inputs(sample)`` (files that one
    edit is made from), ``pinned`` (its options with every moving name resolved, for workers elsewhere), ``packages``
    (import name -> extra that brings it) and ``close()``.
    """

    signature: str

    def edit(self, requests: Sequence[EditRequest]) -> Sequence[Image.Image | Failure]:
        """Edit one batch: same length and order. May raise for the batch as a whole."""


class Judge(Protocol):
    """Answers questions.

    May have besides: ``files`` (what its signature depends on), ``warning`` (what a reader must know),
    ``domain`` (names of the benchmarks that it was made for; its scores on others come with a warning),
    ``plan(questions)`` (an order to run them in, with the tokens of each), ``budget(questions)`` (tokens of a batch at
    most, as a function), ``prepare(question)`` (what can be done ahead, on other threads), ``stream`` (see
    `StreamingJudge`), ``note`` (what the progress line shows, such as the cost so far), ``work_in(folder)`` (takes the
    study folder, for logs and the like), ``forecast(questions, times)`` (says in one line what asking would take) and
    ``close()``.

    Attributes:
        name: short, for tables.
        signature: what every reply depends on.
        decoding: what a generated reply depends on besides; a choice does not.
        deterministic: whether equal questions get equal replies; otherwise each generated one carries a seed.
    """

    name: str
    signature: str
    decoding: str
    deterministic: bool

    def answer(self, questions: Sequence[Question]) -> Sequence[Reply]:
        """Answer one batch: same length and order. May raise for the batch as a whole."""


@runtime_checkable
class StreamingJudge(Protocol):
    """A judge that keeps many questions open at once, over a wire: it takes all of them and yields as replies arrive.

    Where a judge has this method, no batches are planned for it.
    """

    def stream(
        self, questions: Sequence[Question], samples: Sequence[str] | None = None
    ) -> Iterator[list[tuple[int, Reply | Failure, float]]]:
        """Answer all questions.

        Args:
            questions: in the order of the plan: sample by sample.
            samples: of each question, the name of its sample; equal ones are best asked in one place.

        Yields:
            (index of the question, what became of it, seconds it took), in any order, every index exactly once. May
            raise only what stops the study as a whole.
        """
