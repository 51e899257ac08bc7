"""RISEBench (Zhao et al., arXiv 2504.02826): 360 edits that need temporal, causal, spatial or logical reasoning.

A list of ``{"index", "category", "instruction", "image", ...}``, in which each annotation has only the fields that its
kind needs: ``reference`` or ``reference_txt`` (text), ``reference_img`` (an image), ``subtask``, and marks such as
``consistency_free``. Counts: the authors' page for 360; of the earlier 64 only the total is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from editloupe import plugins
from editloupe.benchmarks.annotations import flag, listed_items, names, need_object, words
from editloupe.benchmarks.findings import Finding, counted
from editloupe.benchmarks.image_folder import ImageFolder
from editloupe.benchmarks.sample_building import (
    UNCATEGORIZED,
    annotated,
    annotation_file,
    build_sample,
    failed,
    parse_key,
    sha256_of,
)
from editloupe.errors import ItemError
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store import blobs

__all__ = ["Rise"]

CATEGORIES = {"temporal_reasoning": 85, "causal_reasoning": 90, "spatial_reasoning": 100, "logical_reasoning": 85}
"""Published samples per category, of 360."""

_FILES = {360: "datav2_total_w_subtask.json", 64: "data_total.json"}
_FREE = "consistency_free"
_MARKS = ("reasoning_img", "reasoning_wo_ins")


class Rise(Benchmark):
    """Samples of one of the two published sets.

    Attributes:
        name: ``rise``.
        revision: SHA-256 of the annotation file.
        default_rubric: ``rise``.
        categories: the four kinds of reasoning.

    Raises:
        DataError: the folder or its annotation file is not there.
    """

    name = "rise"
    default_rubric = "rise"
    categories: Mapping[str, str] = {name: name.replace("_", " ").capitalize() for name in CATEGORIES}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the folder with the annotation file and the images, or an annotation file.
            subset: which set: how many samples it has; what the annotation file tells where None.
        """

        path: plugins.ConfigPath
        subset: Literal[360, 64] | None = None

    def __init__(self, options: Options) -> None:
        wanted = [options.subset] if options.subset is not None else list(_FILES)
        candidates = [f"{folder}{_FILES[size]}" for size in wanted for folder in ("", "data/")]
        self._path = annotation_file(options.path, candidates)
        by_name = next((size for size, name in _FILES.items() if name == self._path.name), None)
        self._subset = options.subset or by_name
        below = self._path.parent / "data"
        self._folder = ImageFolder(below if below.is_dir() else self._path.parent)
        self._notes: list[Finding] = []

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the annotation file."""
        return sha256_of(self._path)

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the file's order.

        Raises:
            DataError: the file is no JSON, or no list.
        """
        self._notes = []
        items = listed_items(self._path)
        if self._subset is None:  # a file of another name: the set that it is nearer to
            self._subset = 64 if len(items) < (64 + 360) / 2 else 360
        column = any(isinstance(item, dict) and _FREE in item for item in items)
        for number, item in enumerate(items):
            yield self._sample(number, item, store, has_free=column)

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the counts and the folder."""
        expected = {(name, ""): count for name, count in CATEGORIES.items()} if self._subset == 360 else {}
        yield from counted(samples, expected, total=self._subset or 0)
        yield from self._notes
        yield from self._folder.findings(_category_of)

    def _sample(self, number: int, item: Any, store: blobs.Store, *, has_free: bool) -> Sample:
        category, identifier = UNCATEGORIZED, f"{UNCATEGORIZED}_{number}"
        try:
            item = need_object(item)
            category = words(item, "category") or UNCATEGORIZED
            identifier = parse_key(item.get("index"), f"{category}_{number}", category, self._notes)
            subtask = words(item, "subtask")
            stated = words(item, "reference_txt") or words(item, "reference")
            draft = Sample(
                identifier,
                category,
                words(item, "instruction"),
                groups={
                    **({"subtask": subtask} if subtask else {}),
                    **({_FREE: str(flag(item.get(_FREE))).lower()} if has_free else {}),
                },
                extra={
                    "outputs": [f"images/{category}/{identifier}", f"{category}/{identifier}"],
                    **({"reference_text": stated} if stated else {}),
                    **{name: True for name in _MARKS if flag(item.get(name))},
                },
                fields=annotated(item, index=identifier, position=str(number)),
            )
            images, references = names(item, "image"), names(item, "reference_img")
        except ItemError as error:
            return failed(identifier, category, error)
        take = self._folder.take
        return build_sample(
            draft,
            lambda: [take(name, store) for name in images],
            lambda: [take(name, store) for name in references],
        )


def _category_of(name: str) -> str:
    return name.partition("/")[0].removesuffix("_images") if "/" in name else ""
