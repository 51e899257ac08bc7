"""The frozen records that flow between the stages.

    benchmark --Sample--> editor --Edit--> judge --Reply--> rubric --> score

Only plain data lives here: a record can be pickled to another machine or written to the ledger as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

__all__ = [
    "AnswerFormat",
    "Edit",
    "EditRequest",
    "Failure",
    "Finding",
    "ImageBytes",
    "ImageFile",
    "ImagePart",
    "Picture",
    "Question",
    "Reply",
    "Sample",
    "Stage",
]

Stage: TypeAlias = Literal["sample", "edit", "judge", "score"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that did not work, as a value: counted in every table, never a score.

    Attributes:
        stage: where it happened.
        kind: short name for counting, such as ``bad-image`` or ``out-of-memory``.
        message: one sentence for a person.
        traceback: of an unexpected error; empty otherwise.
        attempts: in how many runs the item was tried.
        retryable: whether the next run tries it again by itself.
        reply: the judge's words where they are the reason.
    """

    stage: Stage
    kind: str
    message: str
    traceback: str = ""
    attempts: int = 1
    retryable: bool = False
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An encoded image on disk, named by the SHA-256 of its bytes; decoded by `images.decode` when needed."""

    path: Path
    sha256: str

    def read(self) -> bytes:
        """Return the encoded bytes.

        Raises:
            OSError: the file is gone.
        """
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class ImageBytes:
    """An encoded image in memory, for callers without a study folder and for other machines."""

    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """SHA-256 of the encoded bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def read(self) -> bytes:
        """Return the encoded bytes."""
        return self.data


class Picture(Hashable, Protocol):
    """An encoded image, wherever its bytes are: `ImageFile`, `ImageBytes`, or `images.ResizedImage`."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, or of what they follow from; hexadecimal. It is the image's name in every key."""

    def read(self) -> bytes:
        """Return the encoded bytes.

        Raises:
            OSError: a file is gone.
        """


@dataclass(frozen=True, slots=True)
class Sample:
    """One task of a benchmark: images and an instruction.

    Attributes:
        id: unique within the benchmark.
        category: the English category id.
        instruction: what the editor is told.
        sources: the images to edit, first one first.
        groups: further ways to group (``language``, ``difficulty``, ``task_type``, ...).
        description: what the source shows, where the benchmark says it.
        rationale: what makes the edit hard or what it should lead to, where the benchmark says it.
        reference: images of a correct result, where they exist.
        label: a human score, where it exists.
        candidate: an edited image that comes with the benchmark, where the judge and not an editor is what it tests.
        extra: whatever else the benchmark knows (the scene of a generated picture, say); JSON values.
        failure: set when the benchmark's own data is unusable; such a sample counts as failed for every editor.
        fields: what its annotation calls it, such as ``key`` and ``index``, under the data's own names; file names of
            ready images may be made of them.
    """

    id: str
    category: str
    instruction: str
    sources: tuple[Picture, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    rationale: str = ""
    reference: tuple[Picture, ...] = ()
    label: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    candidate: Picture | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """Names what depends on each other: edits of one source image; a sample without an image stands for itself."""
        return self.sources[0].sha256 if self.sources else self.id


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the data that a person should know.

    Attributes:
        kind: short name for counting; of an unusable sample the kind of its failure.
        message: one sentence: what, and which value.
        category, language: of the group it belongs to; empty where it is about the benchmark as a whole.
        unusable: whether a sample is lost by it.
    """

    kind: str
    message: str
    category: str = ""
    language: str = ""
    unusable: bool = False

    @property
    def group(self) -> str:
        """The group's name for people, empty for the benchmark as a whole."""
        return ", ".join(part for part in (self.category, self.language) if part)


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What an editor is asked: one sample, one draw, and the seed of its noise."""

    sample: Sample
    seed: int
    draw: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """One edited image with its provenance.

    Attributes:
        key: the ledger key, a hash of everything that the image depends on.
        editor: the editor's name in this study.
        signature: the editor's signature.
        sample: the sample's id.
        image: the edited image.
        seed, draw: of its noise.
        width, height: pixels.
        seconds: its share of the batch's wall time.
        truth: the true score of this edit, from an editor whose results are known (procedural ones); else None.
        notes: what a reader must know about it, one sentence each, such as a prompt that the editor read only in part.
    """

    key: str
    editor: str
    signature: str
    sample: str
    image: Picture
    seed: int
    draw: int
    width: int
    height: int
    seconds: float
    truth: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image in a question, with the role it plays there (``source``, ``edited``, ``reference``)."""

    role: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """How a question is to be answered.

    Attributes:
        mode: ``text`` generates a reply; ``choice`` reads the probabilities of `labels` from one forward pass.
        labels: the choices, each one token after `begin`; empty for ``text``.
        begin: how the assistant's turn begins, so that the next token is the label; empty for ``text``.
        schema: of the JSON object that is asked for, as JSON text; empty where none can be told.
    """

    mode: Literal["text", "choice"] = "text"
    labels: tuple[str, ...] = ()
    begin: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one edit: context (`system`, `context`), then what is asked, then the answer format.

    Questions with equal contexts can share their computation, so what differs between metrics goes into `ask`.
    """

    system: str
    context: tuple[str | ImagePart, ...]
    ask: str
    answer: AnswerFormat = AnswerFormat()
    draw: int = 0
    seed: int = 0

    @property
    def images(self) -> tuple[Picture, ...]:
        """The pictures of the context, in order."""
        return tuple(part.picture for part in self.context if isinstance(part, ImagePart))


@dataclass(frozen=True, slots=True)
class Reply:
    """What the judge said.

    Attributes:
        text: the generated reply, verbatim; for ``choice`` the most probable label.
        finish: ``stop``, ``length`` (cut off), ``unknown`` (nobody said: it counts as cut off) or ``choice``.
        prompt_tokens, reply_tokens: counts, image tokens included.
        labels: for ``choice``: probability of each label under the full vocabulary, summing to the label mass.
        score_labels: for ``text``: probability of each number at the token where the score was written, where the
            engine can tell; an expected score after reasoning, without ties.
        seconds: its share of the batch's wall time.
        opened: whether the prompt opened the thoughts, so that the text begins inside them.
        thoughts: where the server keeps them apart from the text; None where they stand in it or there are none.
    """

    text: str
    finish: Literal["stop", "length", "unknown", "choice"] = "stop"
    prompt_tokens: int = 0
    reply_tokens: int = 0
    labels: Mapping[str, float] | None = None
    seconds: float = 0.0
    score_labels: Mapping[str, float] | None = None
    opened: bool = False
    thoughts: str | None = None
