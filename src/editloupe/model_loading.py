"""The border that every model crosses once: whatever loading its weights raises becomes one `ModelLoadError`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from editloupe.errors import EditloupeError, ModelLoadError, is_out_of_memory

__all__ = ["loading_model"]


@contextmanager
def loading_model(model: str, *, device: str, mend: str) -> Iterator[None]:
    """Translate what the loading of a model raises.

    Args:
        model: as the config calls it.
        device: where it is to go: ``auto``, ``cpu``, ``cuda:1``, ``balanced``, ...
        mend: the settings that make a model need less memory, as the message names them.

    Raises:
        ModelLoadError: it could not be loaded; one sentence with the cause and what to do.
        EditloupeError: raised on purpose inside; passed on as it is.
    """
    _check_device(model, device)
    try:
        yield
    except EditloupeError:
        raise
    except Exception as error:
        cause = _first_line(error)
        if isinstance(error, ImportError):
            message = (
                f"the model {model!r} cannot be loaded: a package that it needs cannot be imported "
                f"({_first_line(_root(error))}); torch, torchvision and transformers have to be of one build"
            )
        elif is_out_of_memory(error):
            message = f"memory ran out while the model {model!r} was loaded ({cause}); free some, or use {mend}"
        elif _is_torn(error):
            message = (
                f"the model {model!r} cannot be loaded: one of its files is incomplete or damaged ({cause}); "
                "fetch it anew"
            )
        else:
            message = f"the model {model!r} cannot be loaded on {device!r}: {cause}"
        raise ModelLoadError(message) from error


def _check_device(model: str, device: str) -> None:
    """Refuse a GPU that is not there, before gigabytes are read for it."""
    kind, _, number = device.partition(":")
    if kind not in ("cuda", "balanced"):
        return
    import torch

    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if seen == 0 or (number.isdecimal() and int(number) >= seen):
        raise ModelLoadError(
            f"the model {model!r} cannot be loaded on {device!r}: this process sees "
            + ("no CUDA device" if seen == 0 else f"{seen} CUDA device(s), numbered from 0")
            + "; set `device: auto` or `device: cpu`, or install a PyTorch that fits the machine's driver"
        )


def _is_torn(error: BaseException) -> bool:
    """Whether a file was cut off or overwritten: what safetensors, zip archives and pickles say then."""
    words = ("incomplete metadata", "headertoo", "header too", "invalidheader", "central directory", "ran out of input")
    cause: BaseException | None = error
    while cause is not None:  # diffusers says only that a file could not be loaded, and why in what came before
        message = f"{type(cause).__name__} {cause}".lower()
        if "safetensorerror" in message or any(word in message for word in words):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _root(error: BaseException) -> BaseException:
    """What an error began with."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().split("\n")
    name = type(error).__name__
    return f"{name}: {lines[0][:300]}" if lines[0] else name
