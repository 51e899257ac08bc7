"""Models on the hub: a name is pinned to a commit before anything depends on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from editloupe.errors import ConfigError

__all__ = ["commit_of", "hub_file"]


def commit_of(model: str, revision: str | None) -> str:
    """The commit that a hub id means: a stated one, else what the cache holds, else what the hub says.

    Raises:
        ConfigError: it is no hub id, or neither cache nor hub knows it.
    """
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ConfigError(f"there is no model folder {model!r}; give a folder or a hub id such as 'Qwen/...'")
    if revision is not None and re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision
    return hub_file(model, revision, "model_index.json").parent.name


def hub_file(model: str, revision: str | None, name: str) -> Path:
    """A file of a hub model, from the cache where it is there.

    Raises:
        ConfigError: neither cache nor hub has it.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    arguments: dict[str, Any] = {"repo_id": model, "filename": name, "revision": revision}
    try:
        return Path(hf_hub_download(**arguments, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(hf_hub_download(**arguments))
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError, OSError) as error:
        first = str(error).strip().split("\n")[0]
        raise ConfigError(
            f"the model {model!r} is neither a folder nor in the hub's cache, and cannot be downloaded: {first}"
        ) from error
