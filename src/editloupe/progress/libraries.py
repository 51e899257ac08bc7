"""What the libraries say while a study runs: it belongs into the study's log, not between the lines of the progress."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["libraries_to"]

LIBRARIES = ("transformers", "diffusers", "huggingface_hub", "datasets", "ray", "py.warnings")
"""Loggers that would write to the terminal; the last one is that of Python's warnings."""


@contextmanager
def libraries_to(handler: logging.Handler) -> Iterator[None]:
    """Send what the libraries log, and Python's warnings, to a handler instead of the terminal.

    Several of them bring a handler for the terminal when they are imported, which may be in the middle of a study: such
    a handler waits until the end.
    """
    # Where nobody has decided, tokenizers writes to the terminal, past all logging, whenever a process is forked.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    before = [(logger, logger.handlers[:], logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:] = [handler]
        logger.propagate = False
    waiting = [_Waiting(logger) for logger in loggers]
    logging.captureWarnings(capture=True)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        for (logger, handlers, propagate), late in zip(before, waiting, strict=True):
            late.stop()
            logger.handlers[:] = [*handlers, *late.handlers]
            logger.propagate = propagate and not late.handlers


class _Waiting:
    """Keeps the handlers that somebody adds to a logger from now on."""

    def __init__(self, logger: logging.Logger) -> None:
        self.handlers: list[logging.Handler] = []
        self._logger = logger
        logger.addHandler = self.handlers.append  # type: ignore[method-assign, assignment]

    def stop(self) -> None:
        """Let the logger take handlers again."""
        vars(self._logger).pop("addHandler", None)
