"""All errors that editloupe raises on purpose.

    EditloupeError            base; the message says what happened, which value, and what to do
    ├── ConfigError           a config, option or command that cannot be used          exit code 2
    ├── DataError             a data file that cannot be read at all                   exit code 2
    ├── StudyLocked           another process holds this study                         exit code 2
    ├── StudyStopped          a limit of the config is reached; the next run goes on   exit code 3
    ├── StorageError          a place that refuses to be written: a full disk, a quota,
    │                         read-only; the same command goes on once it does not    exit code 2
    ├── ModelLoadError        a model that cannot be loaded here and now; nothing is   exit code 2
    │                         recorded, and the same command goes on once it can
    ├── UnreadableReply       a judge's reply from which no score can be read          a Failure
    └── ItemError             one item cannot be processed; carries `kind`, `retryable` a Failure
        ├── ImageError        an image that cannot be decoded or is refused
        ├── InstructionError  an editor does not understand an instruction
        └── OutOfMemory       a batch did not fit; smaller ones may

Errors of other libraries are translated once, where they enter (PIL in `images`, CUDA in `batching`, whatever loading
weights raises in `model_loading`). Those that concern one item become a `Failure`; all others end the run, because the
next item would meet them too (`ends_the_run`).
"""

from __future__ import annotations

import traceback

from editloupe.records import Failure, Stage

__all__ = [
    "ConfigError",
    "DataError",
    "EditloupeError",
    "ImageError",
    "InstructionError",
    "ItemError",
    "ModelLoadError",
    "OutOfMemory",
    "StorageError",
    "StudyLocked",
    "StudyStopped",
    "UnreadableReply",
    "ends_the_run",
    "failure_from",
    "is_out_of_memory",
]


class EditloupeError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(EditloupeError):
    """A config, option or command that cannot be used."""


class DataError(EditloupeError):
    """A data file that cannot be read at all; a single bad sample in it is a `Failure` instead."""


class StudyLocked(EditloupeError):  # noqa: N818 - a state, told in one word
    """Another process works on the same study folder."""


class StudyStopped(EditloupeError):  # noqa: N818 - a state, told in one word
    """A limit of the config is reached, such as `max_cost`; what is done is recorded, and a later run goes on.

    Args:
        message: what was reached.
        setting: what leads on, as `--set` takes it; the study keeps its config, so the same command would stop again.
    """

    def __init__(self, message: str, *, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


class StorageError(EditloupeError):
    """A file or folder that cannot be written: a full disk, a quota, a folder that may only be read."""


class ModelLoadError(EditloupeError):
    """A model whose weights cannot be loaded: no memory, no such device, a torn file. No item is to blame for it."""


class UnreadableReply(EditloupeError):  # noqa: N818 - the name belongs to the public calls
    """No score can be read from a reply.

    Args:
        message: what is wrong with the reply.
        kind: short name for counting, such as ``prose``, ``out-of-range``, ``two-scores``, ``truncated``.
        reply: the reply, verbatim.
    """

    def __init__(self, message: str, *, kind: str, reply: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.reply = reply


class ItemError(EditloupeError):
    """One item cannot be processed.

    Args:
        message: what happened.
        kind: short name for counting in tables.
        retryable: whether it could pass another time (outage, timeout, missing file).
    """

    kind = "error"
    retryable = False

    def __init__(self, message: str, *, kind: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        if kind is not None:
            self.kind = kind
        if retryable is not None:
            self.retryable = retryable


class ImageError(ItemError):
    """An image that is missing, broken, or refused for its size or shape."""

    kind = "bad-image"


class InstructionError(ItemError):
    """An editor does not understand an instruction."""

    kind = "not-understood"


class OutOfMemory(ItemError):  # noqa: N818 - named after the event
    """A batch did not fit into memory."""

    kind = "out-of-memory"


def ends_the_run(error: BaseException) -> bool:
    """Tell whether an error is raised on purpose and about more than one item, so that trying others is no use."""
    return isinstance(error, EditloupeError) and not isinstance(error, ItemError | UnreadableReply)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out, on any device, without importing torch."""
    if isinstance(error, MemoryError) or type(error).__name__ in ("OutOfMemoryError", "OutOfMemory"):
        return True
    # cuBLAS, cuDNN and the CPU's allocator report it as plain RuntimeError with these words.
    words = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def failure_from(error: BaseException, stage: Stage) -> Failure:
    """Turn an exception into the `Failure` that the ledger keeps.

    Errors raised on purpose carry their own kind and need no traceback; anything else is named after its class
    and keeps its traceback, because nobody expected it.
    """
    if isinstance(error, ItemError | UnreadableReply):
        retryable = isinstance(error, ItemError) and error.retryable
        return Failure(stage, error.kind, str(error), retryable=retryable)
    text = "".join(traceback.format_exception(error))
    message = str(error) or repr(error)
    return Failure(stage, type(error).__name__, message, traceback=text)
