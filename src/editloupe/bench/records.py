"""What a measurement of speed holds, and the object that its file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

__all__ = ["Bench", "ComparedRow", "ComparedWorkload", "Comparison", "Round", "Row", "Way", "Workload"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of judging the same edits.

    Attributes:
        name: for people.
        mode: how the judge answers.
        batch_size: questions per batch; None where batches are planned by tokens.
        questions_per_edit: how many there are about each edit.
        ours: whether this is how a study goes, which a chart brings out.
    """

    name: str
    mode: Literal["text", "choice"]
    batch_size: int | None = None
    questions_per_edit: int = 1
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What one way of judging took.

    Attributes:
        way: which.
        seconds: for all questions.
        images_per_second: edits judged per second, whatever the number of questions about each.
        ratio: its images per second over those of one by one in the mode ``text``.
        peak_memory_bytes: of the accelerator, or of this process, while it ran.
        padding: share of padding among the tokens of prompts.
        identical: share of replies (mode ``text``) or of scores to 3 decimals (``choice``) equal to one by one.
        outside: share of the time outside of the model's own calls.
    """

    way: Way
    seconds: float
    images_per_second: float
    ratio: float
    peak_memory_bytes: int | None
    padding: float
    identical: float | None
    outside: float

    def as_json(self) -> dict[str, Any]:
        """The object that the file holds."""
        numbers = asdict(self)
        del numbers["way"]
        return {"name": self.way.name, "batch_size": self.way.batch_size, "mode": self.way.mode, **numbers}


@dataclass(frozen=True, slots=True)
class Workload:
    """What was measured, and where.

    Attributes:
        date: of the measurement.
        model, parameters, dtype: of the judge.
        device, threads, torch: what it ran on.
        edits: how many were judged.
        image_size: the side of all images; None where they are as they come.
        images_per_question, prompt_tokens: of the rubric's first question; the tokens are the median.
        new_tokens: of a reply.
        repeat: how often each way was run.
        modelled_bytes: by batch size, what a batch would take by the stated memory model, weights apart.
    """

    date: str
    model: str
    parameters: int
    dtype: str
    device: str
    threads: int
    torch: str
    edits: int
    image_size: int | None
    images_per_question: int
    prompt_tokens: int
    new_tokens: int
    repeat: int
    modelled_bytes: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Bench:
    """A measurement: what was measured, and what every way of it took."""

    workload: Workload
    rows: tuple[Row, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that the file holds."""
        return {"workload": asdict(self.workload), "rows": [row.as_json() for row in self.rows]}


@dataclass(frozen=True, slots=True)
class Round:
    """What two judges took for the same questions.

    Attributes:
        first: who began: 0 the judge, 1 the other.
        seconds, other_seconds: for all questions.
        identical: share of equal replies, or of probabilities equal to three decimals.
        largest_difference: of any label's probability; None where replies were written.
        prompt_tokens, other_prompt_tokens: the median, as each counts them.
        reply_tokens, other_reply_tokens: written in all.
        load: the machine's load average before the round; None where the system does not tell.
    """

    first: int
    seconds: float
    other_seconds: float
    identical: float
    largest_difference: float | None
    prompt_tokens: float
    other_prompt_tokens: float
    reply_tokens: int
    other_reply_tokens: int
    load: float | None


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One kind of work, done by two judges.

    Attributes:
        name: for people.
        mode: how the judges answer.
        questions: in each round.
        rounds: all that were finished.
        failure: why there are no figures; None where there are.
    """

    name: str
    mode: str
    questions: int
    rounds: tuple[Round, ...]
    failure: str | None = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """By round, the other's seconds over the judge's."""
        return tuple(measured.other_seconds / measured.seconds for measured in self.rounds)

    @property
    def ratio(self) -> float:
        """The median of `ratios`."""
        return median(self.ratios)

    @property
    def seconds(self) -> float:
        """The judge's, the median."""
        return median(measured.seconds for measured in self.rounds)

    @property
    def other_seconds(self) -> float:
        """The other's, the median."""
        return median(measured.other_seconds for measured in self.rounds)

    def as_json(self) -> dict[str, Any]:
        """The object that the file holds."""
        row = {**asdict(self), "rounds": [asdict(measured) for measured in self.rounds]}
        if self.failure is None:
            row |= {"seconds": self.seconds, "other_seconds": self.other_seconds, "ratio": self.ratio}
        return row


@dataclass(frozen=True, slots=True)
class ComparedWorkload:
    """What two judges were compared on, and where.

    Attributes:
        date: of the measurement.
        judge, against: their names.
        signature, against_signature: what their replies depend on.
        device, cores: of this machine.
        edits: how many were judged in each round.
        image_size: the side of all images; None where they are as they come.
        rounds: of each row.
        load_before: the machine's load average before the measurement.
    """

    date: str
    judge: str
    against: str
    signature: str
    against_signature: str
    device: str
    cores: int
    edits: int
    image_size: int | None
    rounds: int
    load_before: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two judges, on the same work in one run."""

    workload: ComparedWorkload
    rows: tuple[ComparedRow, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that the file holds."""
        return {"workload": asdict(self.workload), "rows": [row.as_json() for row in self.rows]}
