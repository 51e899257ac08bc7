"""From a name or a YAML file to a rubric that fits together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from editloupe.categories import category_id
from editloupe.errors import ConfigError
from editloupe.plugins import names, nearest
from editloupe.rubrics.rubric import Rubric
from editloupe.rubrics.texts import Prompt
from editloupe.rubrics.validation import problems

__all__ = ["load_rubric"]


def load_rubric(
    name: str,
    *,
    metrics: Sequence[str] | None = None,
    prompts: Mapping[str, Prompt] | None = None,
) -> Rubric:
    """Load a rubric by name (entry point) or from a YAML file.

    Args:
        name: a registered name, or a path that ends in ``.yaml`` or ``.yml``.
        metrics: which of its metrics to ask; the default ones where None.
        prompts: a user's own prompts by category, in any spelling of the category.

    Raises:
        ConfigError: unknown name, unreadable file, or a rubric that does not fit together.
    """
    try:
        rubric = Rubric.model_validate(yaml.safe_load(_text(name)))
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"the rubric {name!r} cannot be used: {error}") from error
    for metric in metrics or ():
        if metric not in rubric.metrics:
            raise ConfigError(
                f"the rubric {name!r} has no metric {metric!r}{nearest(metric, rubric.metrics)}; "
                f"it has: {', '.join(rubric.metrics)}"
            )
    wanted = tuple(metrics) if metrics else tuple(name for name, metric in rubric.metrics.items() if metric.default)
    for problem in problems(rubric, wanted):
        raise ConfigError(f"the rubric {name!r} {problem}")
    own = {category_id(category): prompt for category, prompt in (prompts or {}).items()}
    if own and len(wanted) > 1:
        raise ConfigError("own prompts ask for one score; name a single metric in `rubric: {metrics: [...]}` with them")
    return rubric.model_copy(update={"enabled": wanted, "prompts": own})


def _text(name: str) -> str:
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise ConfigError(f"there is no rubric file {name!r}")
        return path.read_text(encoding="utf-8")
    known = names("rubrics")
    if name not in known:
        raise ConfigError(f"no rubric is called {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
    package, _, file = known[name].value.partition(":")
    return files(package).joinpath(file).read_text(encoding="utf-8")
