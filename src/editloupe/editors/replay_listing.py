"""A list of ready images that another tool has written: JSON lines of an id and a path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from editloupe.errors import ConfigError
from editloupe.records import Sample

__all__ = ["Listing"]

_IDS = ("id", "key", "sample_id")
_PATHS = ("image_path", "edited_image_path", "output_image_path", "output_image", "edited_image", "image", "path")
_LANGUAGES = {"zh": "cn"}


class Listing:
    """Ready images by the ids that a file states; where an id is stated twice, the last line counts.

    Args:
        path: the file; relative paths in it begin at its folder.

    Raises:
        ConfigError: it cannot be read, or holds no line of an id and a path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._images: dict[tuple[str, str], str] = {}
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the list of ready images {str(path)!r} cannot be read: {error}") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._add(number, line)
        if not self._images:
            raise ConfigError(
                f"the list of ready images {str(path)!r} holds no line of an id ({', '.join(_IDS)}) and a path "
                f"({', '.join(_PATHS)})"
            )

    def file_of(self, sample: Sample) -> Path | None:
        """The ready image of a sample, by its id or what its annotation calls it; None where the list has none."""
        language = sample.groups.get("language", "")
        for name in (sample.id, *(sample.fields[key] for key in ("id", "key", "index") if key in sample.fields)):
            image = self._images.get((name, _LANGUAGES.get(language, language))) or self._images.get((name, ""))
            if image is not None:
                return self.path.parent / image
        return None

    def _add(self, number: int, line: str) -> None:
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"line {number} of {str(self.path)!r} is no JSON: {error}") from error
        if not isinstance(row, dict):
            return
        stated: Mapping[str, Any] = {**row, **(row["metadata"] if isinstance(row.get("metadata"), dict) else {})}
        name = next((stated[key] for key in _IDS if isinstance(stated.get(key), str | int)), None)
        path = next((stated[key] for key in _PATHS if isinstance(stated.get(key), str) and stated[key]), None)
        if name is not None and path is not None:
            language = str(stated.get("instruction_language") or stated.get("language") or "")
            self._images[str(name), _LANGUAGES.get(language, language)] = path.replace("\\", "/")
