"""EditReward-Bench in the layout of TIGER-Lab: people's rankings of two, three or four edits, pair by pair."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, ClassVar

from editloupe import plugins
from editloupe.benchmarks.candidates import OVERALL, Group, Preference, group_of, kept
from editloupe.benchmarks.dataset_rows import data_files, files_digest, image_bytes, local_rows
from editloupe.benchmarks.sample_building import text
from editloupe.errors import ItemError, failure_from
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store.blobs import Store

__all__ = ["EditRewardBench"]

_COLUMNS = ("instruction", "source_image", "candidate_1", "candidate_2", "ranking")
_IMAGES = ("source_image", "candidate_1", "candidate_2")
_OPTIONAL = ("comparison_type", "dataset", "score_1", "score_2")
_RANKING = re.compile(r"\s*([A-Z])\s*([<>=])\s*([A-Z])\s*", re.IGNORECASE)
_COMPARED = re.compile(r"\s*([A-Z])\s*vs\.?\s*([A-Z])\s*", re.IGNORECASE)


class EditRewardBench(Benchmark):
    """The data set ``TIGER-Lab/EditReward-Bench``, from a local copy.

    Columns: ``instruction``, ``source_image``, ``candidate_1``, ``candidate_2``, ``ranking`` (``A>B``, ``B>A``,
    ``A=B``, ``A>C`` ...); where there, ``comparison_type`` (``AvsC``: which letters the two candidates have),
    ``dataset`` (``2pair``, ``3pair``, ``4pair``) and ``score_1``, ``score_2``. Rows of one source and instruction form
    a group; its three or six pairs are the three or four candidates of a ranking.

    Attributes:
        name: ``editreward-bench``.
        packages: what reading it needs.
        revision: SHA-256 over the names and bytes of the data files.
        default_rubric: ``preference``.
        categories: none are labelled; ``2pair``, ``3pair`` and ``4pair`` are the categories.

    Raises:
        DataError: the folder holds no data set.
    """

    name = "editreward-bench"
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
        """Yield one sample per candidate, group by group.

        Raises:
            ConfigError: the extra ``hub`` is not installed.
            DataError: the data set cannot be read.
        """
        groups: dict[str, Group] = {}
        for number, row in enumerate(local_rows(self._path, _COLUMNS, _IMAGES, optional=_OPTIONAL), 1):
            _add(groups, number, row, store)
        for group in groups.values():
            group.draft = replace(group.draft, groups={"candidates": str(len(group.candidates))})
            yield from group.samples()


def _add(groups: dict[str, Group], number: int, row: Mapping[str, Any], store: Store) -> None:
    category, instruction = text(row.get("dataset")) or "pairs", text(row["instruction"])
    group = group_of(groups, number, category, instruction, partial(image_bytes, row["source_image"]), store)
    order = _order(row)
    if order is None:
        stated = {name: row.get(name) for name in ("comparison_type", "ranking")}
        error = ItemError(f"row {number} has no ranking of its two candidates: {stated}", kind="bad-sample")
        group.candidates[f"row {number}"] = failure_from(error, "sample")
        return
    digests = []
    for side in ("1", "2"):
        digest, picture = kept(store, partial(image_bytes, row[f"candidate_{side}"]))
        group.candidates.setdefault(digest, picture)
        score = row.get(f"score_{side}")
        if isinstance(score, int | float) and math.isfinite(score):
            group.labels.setdefault(digest, float(score))
        digests.append(digest)
    if digests[0] != digests[1]:
        better, worse = (digests[1], digests[0]) if order == "<" else digests
        group.preferences.append(Preference(better, worse, OVERALL, equal=order == "="))


def _order(row: Mapping[str, Any]) -> str | None:
    """How the first candidate stands to the second: ``>``, ``<`` or ``=``; None where the row does not tell."""
    ranking = _RANKING.fullmatch(text(row["ranking"]))
    if ranking is None:
        return None
    compared = _COMPARED.fullmatch(text(row.get("comparison_type")) or "AvsB")
    if compared is None:
        return None
    first, order, second = ranking[1].upper(), ranking[2], ranking[3].upper()
    letters = (compared[1].upper(), compared[2].upper())
    if (first, second) == letters:
        return order
    if (second, first) == letters:
        return {">": "<", "<": ">", "=": "="}[order]
    return None
