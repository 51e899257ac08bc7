"""What a plugin needs and this machine lacks, as `editloupe check` tells it; nothing is loaded."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

__all__ = [
    "Requirement",
    "lacking_key",
    "lacking_model",
    "lacking_packages",
    "lacking_path",
    "lacking_program",
    "lacking_server",
]

RequirementKind = Literal["package", "key", "model", "path", "program", "server", "gpu"]

_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that is lacking.

    Attributes:
        kind: what sort of thing.
        name: of the package, the environment variable, the model, the path, the program, or the address.
        sentence: what is to be said, as it follows the plugin's name ("needs the package ...; install ...").
    """

    kind: RequirementKind
    name: str
    sentence: str

    @property
    def stops(self) -> bool:
        """Whether a run stops without it; a model it would download, and a server may be there by then."""
        return self.kind not in ("model", "server")


def lacking_packages(packages: Mapping[str, str]) -> Iterator[Requirement]:
    """Yield the packages that cannot be imported.

    Args:
        packages: import name -> the extra of editloupe that brings it.
    """
    for package, extra in packages.items():
        if find_spec(package) is None:
            yield Requirement("package", package, f"needs the package {package}; install editloupe[{extra}]")


def lacking_key(variable: str | None) -> Iterator[Requirement]:
    """Yield the environment variable that should hold a key and does not; nothing where no key is asked for."""
    if variable is not None and not os.environ.get(variable, "").strip():
        yield Requirement("key", variable, f"needs a key in the environment variable {variable}")


def lacking_model(model: str, revision: str | None = None) -> Iterator[Requirement]:
    """Yield a checkpoint, a folder or a hub id, that is not on this machine; the hub is not asked."""
    if Path(model).is_dir():
        return
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        if "/" in model:
            yield Requirement("path", model, f"wants the model folder {model!r}, which is not here")
        return
    from huggingface_hub import try_to_load_from_cache

    names = ("config.json", "model_index.json")
    if not any(isinstance(try_to_load_from_cache(model, name, revision=revision), str) for name in names):
        sentence = f"wants {model} from the hub, which is not in this machine's cache; the first run downloads it"
        yield Requirement("model", model, sentence)


def lacking_path(what: str, path: str) -> Iterator[Requirement]:
    """Yield a file or folder that is not there.

    Args:
        what: it is, with its article ("the adapter").
        path: where it should be.
    """
    if not Path(path).exists():
        yield Requirement("path", path, f"wants {what} {path!r}, which is not here")


def lacking_program(program: str) -> Iterator[Requirement]:
    """Yield a program that is to be started and is not installed."""
    if shutil.which(program) is None:
        yield Requirement("program", program, f"starts the program {program!r}, which is not installed here")


def lacking_server(url: str) -> Iterator[Requirement]:
    """Yield an address of this machine at which nothing listens; an address elsewhere is not asked."""
    parts = urlsplit(url)
    if parts.hostname not in _LOCAL:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)), 2).close()
    except OSError:
        yield Requirement("server", url, f"wants a server at {url}, where none listens; start it first")
