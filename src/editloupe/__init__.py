"""editloupe measures how well image-editing models follow instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from editloupe.api import LoadedJudge, load_judge
    from editloupe.config.parts import StudyConfig, load_config
    from editloupe.errors import EditloupeError, UnreadableReply
    from editloupe.study import run_study

__all__ = [
    "EditloupeError",
    "LoadedJudge",
    "StudyConfig",
    "UnreadableReply",
    "load_config",
    "load_judge",
    "run_study",
]

_HOMES = {
    "EditloupeError": "errors",
    "LoadedJudge": "api",
    "StudyConfig": "config.parts",
    "UnreadableReply": "errors",
    "load_config": "config.parts",
    "load_judge": "api",
    "run_study": "study",
}


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that `editloupe --help` stays quick.
    if name not in _HOMES:
        raise AttributeError(f"module 'editloupe' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"editloupe.{_HOMES[name]}"), name)
