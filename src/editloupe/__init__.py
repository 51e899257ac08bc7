"""editloupe measures how well image-editing models follow instructions.

Public are the names here; `editloupe.client` and `editloupe.trainers`, which ask the service of ``docs/serve.md``; and
the modules that ``docs/design/plugins.md`` names for plugins. Everything else may change from one version to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from editloupe.api import Judged, LoadedJudge, load_judge
    from editloupe.config.parts import StudyConfig, load_config
    from editloupe.errors import ConfigError, DataError, EditloupeError, ItemError, UnreadableReply
    from editloupe.plugins import Options
    from editloupe.protocols import Benchmark, Editor, Judge, StreamingJudge
    from editloupe.records import (
        AnswerFormat,
        Edit,
        EditRequest,
        Failure,
        Finding,
        ImagePart,
        Picture,
        Question,
        Reply,
        Sample,
    )
    from editloupe.requirements import Requirement
    from editloupe.results import Results
    from editloupe.study import run_study

__all__ = [
    "AnswerFormat",
    "Benchmark",
    "ConfigError",
    "DataError",
    "Edit",
    "EditRequest",
    "EditloupeError",
    "Editor",
    "Failure",
    "Finding",
    "ImagePart",
    "ItemError",
    "Judge",
    "Judged",
    "LoadedJudge",
    "Options",
    "Picture",
    "Question",
    "Reply",
    "Requirement",
    "Results",
    "Sample",
    "StreamingJudge",
    "StudyConfig",
    "UnreadableReply",
    "load_config",
    "load_judge",
    "run_study",
]

_HOMES = {
    "AnswerFormat": "records",
    "Benchmark": "protocols",
    "ConfigError": "errors",
    "DataError": "errors",
    "Edit": "records",
    "EditRequest": "records",
    "EditloupeError": "errors",
    "Editor": "protocols",
    "Failure": "records",
    "Finding": "records",
    "ImagePart": "records",
    "ItemError": "errors",
    "Judge": "protocols",
    "Judged": "api",
    "LoadedJudge": "api",
    "Options": "plugins",
    "Picture": "records",
    "Question": "records",
    "Reply": "records",
    "Requirement": "requirements",
    "Results": "results",
    "Sample": "records",
    "StreamingJudge": "protocols",
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
