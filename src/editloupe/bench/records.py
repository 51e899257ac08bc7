"""What a measurement of speed holds, and the object that its file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Bench", "Row", "Way", "Workload"]


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
