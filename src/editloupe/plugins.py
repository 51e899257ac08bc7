"""Editors, judges, benchmarks and rubrics are found through entry points, the built-in ones by the same door.

A plugin is one class in one file with a nested `Options` model (its part of the config) and a constructor that takes
it; its package names it in ``pyproject.toml``::

    [project.entry-points."editloupe.editors"]
    sepia = "my_package.sepia:Sepia"
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, model_validator

from editloupe.errors import ConfigError

__all__ = ["ConfigPath", "Kind", "Options", "find", "names", "nearest"]

Kind = Literal["benchmarks", "editors", "judges", "rubrics"]


class Options(BaseModel):
    """Base of a plugin's options: frozen, and an unknown key is an error.

    Attributes:
        spellings: further spellings of its keys that are read as well, each with the key that it stands for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spellings: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def keys(cls) -> list[str]:
        """Every key that a config may use, further spellings last."""
        return [*cls.model_fields, *cls.spellings]

    @classmethod
    def respelled(cls, name: str, value: Any) -> tuple[str, Any]:
        """A setting under the key that it stands for."""
        return cls.spellings.get(name, name), value

    @classmethod
    def in_one_spelling(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """The same settings with every key in its first spelling.

        Raises:
            ConfigError: one key is given in two spellings.
        """
        canonical: dict[str, Any] = {}
        spelled: dict[str, str] = {}
        for name, value in data.items():
            key, translated = cls.respelled(name, value)
            if key in canonical:
                raise ConfigError(f"`{spelled[key]}:` and `{name}:` are two spellings of the same key; keep one")
            canonical[key], spelled[key] = translated, name
        return canonical

    @model_validator(mode="before")
    @classmethod
    def _spelled_once(cls, data: Any) -> Any:
        return cls.in_one_spelling(data) if isinstance(data, dict) and cls.spellings else data


def _beside_config(value: str, info: ValidationInfo) -> str:
    base = (info.context or {}).get("base")
    path = Path(value).expanduser()
    return os.path.normpath(path if path.is_absolute() or base is None else Path(base) / path)


ConfigPath = Annotated[str, AfterValidator(_beside_config)]
"""A path (or a pattern for one) in a config; a relative one starts at the config's folder."""


def names(kind: Kind) -> dict[str, EntryPoint]:
    """Return the entry points of a kind by name, sorted; nothing is imported."""
    points = {point.name: point for point in entry_points(group=f"editloupe.{kind}")}
    return dict(sorted(points.items()))


def find(kind: Kind, name: str) -> Any:
    """Import the plugin of that name.

    Raises:
        ConfigError: there is none, or an optional dependency of it is missing.
    """
    known = names(kind)
    if name not in known:
        raise ConfigError(f"no {kind[:-1]} is called {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
    try:
        return known[name].load()
    except ImportError as error:
        raise ConfigError(f"the {kind[:-1]} {name!r} needs a package that is missing: {error}") from error


def nearest(word: str, words: Any) -> str:
    """Return ``, did you mean 'x'?`` for the closest of `words`, or an empty string."""
    close = difflib.get_close_matches(str(word), [str(word) for word in words], n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""
