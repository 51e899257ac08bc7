"""What a study needs and this machine does not have, told before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from editloupe.config import PlacePart, StudyConfig
from editloupe.progress import visible_gpus

__all__ = ["lacks"]


def lacks(config: StudyConfig) -> list[str]:
    """One sentence per thing that is missing here; nothing is loaded or downloaded."""
    found: list[str] = [*_packages(f"benchmark {config.benchmark.name}", config.benchmark)]
    for part in config.editors:
        found += _packages(f"editor {part.name}", part)
        found += _model(f"editor {part.name}", part)
    found += _packages("the judge", config.judge)
    found += _model("the judge", config.judge)
    for stage, place in (("edit", config.workers.edit), ("judge", config.workers.judge)):
        found += _place(stage, place)
    return list(dict.fromkeys(found))


def _packages(who: str, part: Any) -> Iterator[str]:
    for package, extra in getattr(part.plugin, "packages", {}).items():
        if find_spec(package) is None:
            yield f"{who} needs the package {package}; install editloupe[{extra}]"
    variable = getattr(part.options, "key_variable", None)
    if variable is not None and not os.environ.get(variable):
        yield f"{who} needs a key in the environment variable {variable}"


def _model(who: str, part: Any) -> Iterator[str]:
    model = getattr(part.options, "model", None)
    if not isinstance(model, str) or getattr(part.options, "url", None) is not None or Path(model).is_dir():
        return
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        if "/" in model:
            yield f"{who} wants the model folder {model!r}, which is not here"
        return
    from huggingface_hub import try_to_load_from_cache

    revision = getattr(part.options, "revision", None)
    names = ("config.json", "model_index.json")
    if not any(isinstance(try_to_load_from_cache(model, name, revision=revision), str) for name in names):
        yield f"{who} wants {model} from the hub, which is not in this machine's cache; the first run downloads it"


def _place(stage: str, place: PlacePart) -> Iterator[str]:
    if place.engine == "here":
        return
    if find_spec("ray") is None:
        yield f"workers.{stage} needs the package ray; install editloupe[ray]"
    if place.address is None and place.gpus_per_worker:
        wanted = max(place.device_ids or (0,)) + 1 if place.device_ids else (place.device_count or 1)
        here = visible_gpus()
        if here < wanted:
            yield f"workers.{stage} wants {place.device_count or 'one or more'} GPU(s), this machine has {here}"
