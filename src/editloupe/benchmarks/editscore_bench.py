"""EditReward-Bench in the layout of EditScore: which of two edits do people prefer, in three dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

from editloupe import plugins
from editloupe.benchmarks.candidates import OVERALL, Group, Preference, group_of, kept
from editloupe.benchmarks.dataset_rows import data_files, files_digest, image_bytes, local_rows
from editloupe.benchmarks.sample_building import UNCATEGORIZED, text
from editloupe.errors import ItemError, failure_from
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store.blobs import Store

__all__ = ["EditScoreBench"]

_COLUMNS = ("instruction", "input_image", "output_images", "task_type", "dimension")
_IMAGES = ("input_image", "output_images")


class EditScoreBench(Benchmark):
    """The data set ``EditScore/EditReward-Bench``, from a local copy.

    Columns: ``instruction``, ``input_image``, ``output_images`` (two, the preferred one first), ``task_type``,
    ``dimension`` (``prompt_following``, ``consistency`` or ``overall``). The same two edits stand in several rows, one
    per dimension, so rows of one source and instruction form a group, and each of its edits is judged once.

    Attributes:
        name: ``editscore-bench``.
        packages: what reading it needs.
        revision: SHA-256 over the names and bytes of the data files.
        default_rubric: ``preference``.
        categories: none are labelled; the task types are the categories.

    Raises:
        DataError: the folder holds no data set.
    """

    name = "editscore-bench"
    packages: ClassVar[Mapping[str, str]] = {"datasets": "hub"}
    default_rubric = "preference"
    categories: Mapping[str, str] = {}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the local copy: parquet files, or what `save_to_disk` wrote.
        """

        path: plugins.ConfigPath

    def __init__(self, options: Options) -> None:
        self._path = options.path
        data_files(options.path)

    @cached_property
    def revision(self) -> str:
        """SHA-256 over the names and bytes of the data files."""
        return files_digest(self._path)

    def samples(self, store: Store) -> Iterator[Sample]:
        """Yield one sample per edit, group by group.

        Raises:
            ConfigError: the extra ``hub`` is not installed.
            DataError: the data set cannot be read.
        """
        groups: dict[str, Group] = {}
        for number, row in enumerate(local_rows(self._path, _COLUMNS, _IMAGES), 1):
            _add(groups, number, row, store)
        for group in groups.values():
            yield from group.samples()


def _add(groups: dict[str, Group], number: int, row: Mapping[str, Any], store: Store) -> None:
    category, instruction = text(row["task_type"]) or UNCATEGORIZED, text(row["instruction"])
    group = group_of(groups, number, category, instruction, partial(image_bytes, row["input_image"]), store)
    outputs = row["output_images"] or []
    if len(outputs) != 2:
        error = ItemError(f"row {number} has {len(outputs)} output images, not 2", kind="bad-sample")
        group.candidates[f"row {number}"] = failure_from(error, "sample")
        return
    digests = []
    for output in outputs:
        digest, picture = kept(store, partial(image_bytes, output))
        group.candidates.setdefault(digest, picture)
        digests.append(digest)
    if digests[0] != digests[1]:  # equal edits cannot be told apart, whatever the row says
        group.preferences.append(Preference(digests[0], digests[1], text(row["dimension"]) or OVERALL))
