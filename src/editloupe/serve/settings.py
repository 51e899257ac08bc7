"""The config of a service: a study's own, or one that names a judge and a rubric and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from editloupe.config.parts import StudyConfig, load_config
from editloupe.errors import ConfigError

__all__ = ["load_served"]

# Parts that a study needs and a service does not: where they are absent, these stand for them and are never made.
_ABSENT = {
    "benchmark": ("benchmark.name=shapes", ("benchmark",)),
    "editors": ("editors=[{type: identity}]", ("editors", "diffusion_model")),
}


def load_served(path: str, changes: Sequence[str] = (), *, out: str | None = None) -> StudyConfig:
    """Read a config for its judge and its rubric.

    Args:
        path: a config file, or a study folder.
        changes: settings that replace what it says.
        out: where the judge keeps logs, instead of the study folder.

    Raises:
        ConfigError: it cannot be used, or names no rubric and no benchmark that brings one.
    """
    return load_config(path, [*_stand_ins(path, changes), *changes], out=out)


def _stand_ins(path: str, changes: Sequence[str]) -> list[str]:
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []  # a folder, or something that `load_config` says a sentence about
    if not isinstance(raw, dict):
        return []
    given = {
        *(key for key, value in raw.items() if value),
        *(change.partition("=")[0].split(".")[0] for change in changes),
    }
    if not given & {"benchmark", "rubric", "data_path"}:
        raise ConfigError(
            f"{path} names neither a `rubric:` nor a `benchmark:` that brings one; a service needs a rubric"
        )
    return [setting for setting, spellings in _ABSENT.values() if not given & set(spellings)]
