"""A table of samples, JSONL or CSV, beside a folder of images."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from editloupe import plugins
from editloupe.benchmarks import table_rows
from editloupe.benchmarks.findings import Finding
from editloupe.benchmarks.image_folder import ImageFolder
from editloupe.benchmarks.sample_building import UNCATEGORIZED, build_sample, data_file, sha256_of, text
from editloupe.benchmarks.table_rows import IMAGE_COLUMNS
from editloupe.categories import LABELS, LABELS_ZH, category_id
from editloupe.errors import ItemError, failure_from
from editloupe.protocols import Benchmark
from editloupe.records import Picture, Sample
from editloupe.store import blobs

__all__ = ["Table"]

_NOT_GROUPS = frozenset(
    {*IMAGE_COLUMNS, "id", "instruction", "category", "description", "rationale", "reference", "label"}
)


class Table(Benchmark):
    """Samples of a JSONL, CSV or TSV file, UTF-8, in the file's order.

    Columns: ``image`` (or ``images``, ``source``, ``sources``: one path or a JSON list of paths), ``instruction``,
    ``category``; where known ``id``, ``description``, ``rationale``, ``reference`` (images of a correct result),
    ``label`` (a human score). Any other column is a group, such as ``language`` or ``difficulty``.

    Attributes:
        name: the file's name without extension.
        revision: SHA-256 of the table (the images' own hashes stand in the keys of what is made from them).
        default_rubric: ``reasoning``.
        categories: labels of the five well-known ids; any other category is welcome.

    Raises:
        DataError: there is no such file, or its extension is none of these.
    """

    name: str
    default_rubric = "reasoning"
    categories: Mapping[str, str]

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the table.
            images: the folder where relative image paths begin; the table's own folder where None.
            language: the language of rows that do not say theirs; a tag, it selects nothing.
        """

        path: plugins.ConfigPath
        images: plugins.ConfigPath | None = None
        language: str | None = None

    def __init__(self, options: Options) -> None:
        self._path = data_file(options.path)
        table_rows.check_extension(self._path)
        self._images = Path(options.images) if options.images is not None else self._path.parent
        self._folder = ImageFolder(self._images)
        self._language = options.language
        self.name = self._path.stem
        self.categories = LABELS_ZH if options.language == "zh" else LABELS

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the table."""
        return sha256_of(self._path)

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the file's order.

        Raises:
            DataError: a line that cannot be read (with its number and byte offset), or a needed column is missing.
        """
        for index, row in enumerate(table_rows.rows(self._path)):
            yield self._sample(index, row, store)

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the folders in which the images lie."""
        del samples  # a table has no published counts
        yield from self._folder.findings(lambda _: "")

    def _sample(self, index: int, row: Mapping[str, Any] | str, store: blobs.Store) -> Sample:
        if isinstance(row, str):
            error = ItemError(f"row {index + 1} {row}", kind="bad-sample")
            return Sample(f"{UNCATEGORIZED}_{index}", UNCATEGORIZED, "", failure=failure_from(error, "sample"))
        category = category_id(text(row.get("category"))) or UNCATEGORIZED
        groups, extra = self._groups(row)
        draft = Sample(
            id=text(row.get("id")) or f"{category}_{index}",
            category=category,
            instruction=text(row.get("instruction")),
            groups=groups,
            description=text(row.get("description")),
            rationale=text(row.get("rationale")),
            extra=extra,
        )
        try:
            draft = replace(draft, label=_label(row.get("label")))
        except ItemError as error:
            return replace(draft, failure=failure_from(error, "sample"))
        images = next((row[name] for name in IMAGE_COLUMNS if row.get(name)), None)
        return build_sample(draft, partial(self._take, images, store), partial(self._take, row.get("reference"), store))

    def _groups(self, row: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the row's other columns: plain values are groups, lists and objects are kept aside."""
        groups = {"language": self._language} if self._language else {}
        extra = {}
        for name, value in row.items():
            if name in _NOT_GROUPS or value in (None, ""):
                continue
            if isinstance(value, list | dict):
                extra[name] = value
            else:
                groups[name] = str(value).strip()
        return groups, extra

    def _take(self, value: Any, store: blobs.Store) -> tuple[Picture, ...]:
        paths = _paths(value)
        for path in paths:
            self._folder.note(path)
        return tuple(store.take(self._images / path) for path in paths)


def _paths(value: Any) -> tuple[str, ...]:
    """Read one path or several: a list, or (in a CSV cell) the JSON of a list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return (value.strip(),)  # a file's name may begin with a bracket
    paths = value if isinstance(value, list) else [] if value in (None, "") else [value]
    if not all(isinstance(path, str) and path.strip() for path in paths):
        raise ItemError(f"{value!r:.80} is neither a path nor a list of paths", kind="bad-sample")
    return tuple(path.strip() for path in paths)


def _label(value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        label = float(value)
    except (TypeError, ValueError):
        label = math.nan
    if not math.isfinite(label):
        raise ItemError(f"the label {value!r:.80} is not a number", kind="bad-sample")
    return label
