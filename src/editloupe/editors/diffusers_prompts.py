"""What the text encoders of a pipeline read of a prompt: where one of them ends before the prompt does, that is noted.

The classes cut in different places and tell it, if at all, in the log. So their tokenizers are watched for the time of
a call: whoever asks for truncation is compared with what it would have got without. What a class cuts by its own
arithmetic is taken from its log lines.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["PromptReading", "reading_watched"]

log = logging.getLogger(__name__)

ENDLESS = 1_000_000
"""A limit above it is a tokenizer's way to say that it has none."""

SHOWN = 300
"""Characters of what was cut off that a note holds."""


class PromptReading:
    """How much of the prompts of one call was read.

    Args:
        prompts: of the call, one per sample.
    """

    def __init__(self, prompts: Sequence[str]) -> None:
        self._prompts = prompts
        self._cut: list[dict[str, str]] = [{} for _ in prompts]
        self._whole: list[set[str]] = [set() for _ in prompts]
        self.told: dict[str, None] = {}

    def notes(self, index: int) -> tuple[str, ...]:
        """What is to be known about the prompt of one sample; nothing where all of it was read."""
        whole = sorted(self._whole[index] - set(self._cut[index]))
        rest = f"; {' and '.join(whole)} read all of it" if whole else ""
        sentences = tuple(f"{sentence}{rest}" for sentence in self._cut[index].values())
        # A log line does not say which sample it is about: it counts where watching explains nothing.
        return sentences if any(self._cut) else tuple(self.told)

    def look(self, name: str, tokenizer: Any, text: str, limit: int | None, *, special: bool) -> None:
        """Compare a text that a tokenizer was given with the limit that it was given; None where there was none."""
        for index in self._about(text):
            prompt = self._prompts[index]
            begin = text.find(prompt)
            end = _end_of_reading(tokenizer, text, limit, special=special)
            if end is None or end >= begin + len(prompt):
                self._whole[index].add(name)
                continue
            lost = prompt[max(0, end - begin) :].strip()
            shown = lost if len(lost) <= SHOWN else f"{lost[:SHOWN]}…"
            self._cut[index][name] = f"{name} reads {limit} tokens; of the prompt this was cut off: {shown!r}"

    def _about(self, text: str) -> list[int]:
        """The samples whose prompt a text holds; of prompts that are parts of each other the longest."""
        held = [index for index, prompt in enumerate(self._prompts) if prompt and prompt in text]
        longest = max((len(self._prompts[index]) for index in held), default=0)
        return [index for index in held if len(self._prompts[index]) == longest]


@contextmanager
def reading_watched(pipeline: Any, prompts: Sequence[str]) -> Iterator[PromptReading]:
    """Watch the tokenizers and the log of a pipeline while it is called."""
    reading = PromptReading(prompts)
    changed = []
    try:
        for name, tokenizer in _tokenizers(pipeline).items():
            changed.append((tokenizer, type(tokenizer)))
            tokenizer.__class__ = _watched(type(tokenizer), name, reading)
        with _log_heard(reading):
            yield reading
    finally:
        for tokenizer, kind in changed:
            tokenizer.__class__ = kind


def _tokenizers(pipeline: Any) -> dict[str, Any]:
    """By the name of the component that holds them, each once."""
    from transformers import PreTrainedTokenizerBase

    tokenizers: dict[str, Any] = {}
    for name, component in pipeline.components.items():
        tokenizer = (
            component if isinstance(component, PreTrainedTokenizerBase) else getattr(component, "tokenizer", None)
        )
        if isinstance(tokenizer, PreTrainedTokenizerBase) and not any(
            tokenizer is other for other in tokenizers.values()
        ):
            tokenizers[name] = tokenizer
    return tokenizers


def _watched(kind: type, name: str, reading: PromptReading) -> type:
    """The tokenizer's class, looking at what it is called with; special methods are looked up on classes alone."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        encoded = kind.__call__(self, *args, **kwargs)
        _look(reading, kind, name, self, args, kwargs)
        return encoded

    return type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})


def _look(
    reading: PromptReading, kind: type, name: str, tokenizer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    given = args[0] if args else kwargs.get("text")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        return
    limit = None
    if kwargs.get("truncation") not in (None, False, "do_not_truncate"):
        stated = kwargs.get("max_length")
        limit = tokenizer.model_max_length if stated is None else stated
    if limit is not None and limit > ENDLESS:
        limit = None
    special = kwargs.get("add_special_tokens", True)
    tokenizer.__class__ = kind  # what is asked here is not to be looked at
    try:
        for text in texts:
            reading.look(name, tokenizer, text, limit, special=special)
    except Exception as error:  # noqa: BLE001 - an edit is not lost because nobody can tell how much was read
        log.warning("%s: it cannot be told whether it read the whole prompt (%s)", name, error)
    finally:
        tokenizer.__class__ = _watched(kind, name, reading)


def _end_of_reading(tokenizer: Any, text: str, limit: int | None, *, special: bool) -> int | None:
    """Where in a text a tokenizer stops, in characters; None where it reads all of it."""
    if limit is None:
        return None
    room = limit - (tokenizer.num_special_tokens_to_add() if special else 0)
    options = {"add_special_tokens": False, "truncation": False, "verbose": False}
    if tokenizer.is_fast:
        encoded = tokenizer(text, return_offsets_mapping=True, **options)
        offsets = encoded["offset_mapping"]
        return None if len(offsets) <= room else int(offsets[max(0, room)][0])
    tokens = tokenizer(text, **options)["input_ids"]
    if len(tokens) <= room:
        return None
    # Without offsets: as many characters as the kept tokens spell.
    return len(tokenizer.decode(tokens[:room], clean_up_tokenization_spaces=False))


@contextmanager
def _log_heard(reading: PromptReading) -> Iterator[None]:
    """Take what diffusers logs about cut prompts, and leave out its word about sizes, which are chosen here."""
    library = logging.getLogger("diffusers")
    handlers, level = list(library.handlers), library.getEffectiveLevel()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = " ".join(record.getMessage().split())
            if "truncated" in message:
                reading.told[message if len(message) <= SHOWN else f"{message[:SHOWN]}…"] = None
            elif "have been adjusted to" not in message and record.levelno >= level:
                for handler in handlers:
                    handler.handle(record)

    before = library.level
    library.handlers = [Ear()]
    library.setLevel(min(level, logging.WARNING))
    try:
        yield
    finally:
        library.handlers = handlers
        library.setLevel(before)
