"""Models on the hub: found in the cache, else downloaded; the hub's errors become ours here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from editloupe.errors import ConfigError

__all__ = ["cached_snapshot", "commit_of", "hub_file", "hub_snapshot"]


def commit_of(model: str, revision: str | None) -> str:
    """The commit that a hub id means: a stated one, else what the cache holds, else what the hub says.

    Raises:
        ConfigError: it is no hub id, or neither cache nor hub knows it.
    """
    _check(model)
    if revision is not None and re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision
    return hub_file(model, revision, "model_index.json").parent.name


def hub_file(model: str, revision: str | None, name: str) -> Path:
    """A file of a hub model, from the cache where it is there.

    Raises:
        ConfigError: neither cache nor hub has it.
    """
    from huggingface_hub import hf_hub_download

    return _fetched(
        model, lambda local: hf_hub_download(repo_id=model, filename=name, revision=revision, local_files_only=local)
    )


def hub_snapshot(model: str, revision: str | None) -> Path:
    """The folder of a whole hub model, named by its commit, from the cache where it is there.

    Raises:
        ConfigError: it is no hub id, or neither cache nor hub has it.
    """
    from huggingface_hub import snapshot_download

    _check(model)
    return _fetched(model, lambda local: snapshot_download(model, revision=revision, local_files_only=local))


def cached_snapshot(model: str, revision: str | None) -> Path | None:
    """Where the cache holds a whole hub model, or None; asks nobody."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):  # not there, or no name that the hub could have
        return None


def _check(model: str) -> None:
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ConfigError(f"there is no model folder {model!r}; give a folder or a hub id such as 'Qwen/...'")


def _fetched(model: str, fetch: Callable[[bool], str]) -> Path:
    """Call `fetch` for the cache alone, then for the hub."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        return Path(fetch(True))
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(fetch(False))
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError, OSError) as error:
        first = str(error).strip().split("\n")[0]
        raise ConfigError(
            f"the model {model!r} is neither a folder nor in the hub's cache, and cannot be downloaded: {first}"
        ) from error
