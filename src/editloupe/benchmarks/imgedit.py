"""ImgEdit-Bench, the Basic suite (Ye et al., arXiv 2505.20275): 737 single-turn edits of nine types.

``basic_edit.json`` maps a key to ``{"id": "animal/000342021.jpg", "prompt": ..., "edit_type": ...}``; `id` is where the
image lies in the unpacked ``Benchmark.tar``. Counts: the published file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from editloupe import plugins
from editloupe.benchmarks.annotations import keyed_items, names, need_object, words
from editloupe.benchmarks.findings import Finding, counted
from editloupe.benchmarks.image_folder import ImageFolder
from editloupe.benchmarks.sample_building import (
    UNCATEGORIZED,
    annotated,
    annotation_file,
    build_sample,
    failed,
    sha256_of,
)
from editloupe.errors import ItemError
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store import blobs

__all__ = ["ImgEdit"]

TYPES = {
    "extract": 117,
    "style": 100,
    "add": 95,
    "adjust": 94,
    "background": 94,
    "replace": 92,
    "remove": 86,
    "action": 36,
    "compose": 23,
}
"""Published samples per type."""

OLDER = "5af5e6e4bfdaf53b34a638e6a780485086f2df3ce79bc93d1361edb9cc5f2ac7"
"""SHA-256 of an older annotation file that other repositories pass on."""

_OLDER_NAME = "alter"
_FILES = ("basic_edit.json", "Basic/basic_edit.json", "singleturn/basic_edit.json", "Benchmark/Basic/basic_edit.json")
_IMAGES = ("", "singleturn", "Benchmark/singleturn")


class ImgEdit(Benchmark):
    """Samples of the Basic suite, from the folder in which its authors' files lie.

    Attributes:
        name: ``imgedit``.
        revision: SHA-256 of the annotation file.
        default_rubric: ``imgedit``.
        categories: the nine types.

    Raises:
        DataError: the folder or its annotation file is not there.
    """

    name = "imgedit"
    default_rubric = "imgedit"
    categories: Mapping[str, str] = {name: name.capitalize() for name in TYPES}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the folder, or ``basic_edit.json`` itself.
            images: where the images' names begin; found beside the annotations where None.
        """

        path: plugins.ConfigPath
        images: plugins.ConfigPath | None = None

    def __init__(self, options: Options) -> None:
        self._path = annotation_file(options.path, _FILES)
        self._images = Path(options.images) if options.images is not None else None
        self._folder = ImageFolder(self._path.parent)

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the annotation file."""
        return sha256_of(self._path)

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the file's order.

        Raises:
            DataError: the file is no JSON, or no object.
        """
        items = keyed_items(self._path)
        self._folder = ImageFolder(self._images or self._root(items))
        for number, (key, item) in enumerate(items):
            yield self._sample(number, key, item, store)

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the counts and the folder."""
        older = self.revision == OLDER or any(sample.category == _OLDER_NAME for sample in samples)
        types = {_OLDER_NAME if older and name == "adjust" else name: count for name, count in TYPES.items()}
        if older:
            known = ": 57 of its 737 instructions are other ones" if self.revision == OLDER else ""
            message = (
                f"this is an older version of {self._path.name!r}, which says 'alter' where the published one says "
                f"'adjust'{known}; its scores are not to be set beside those of the published file"
            )
            yield Finding("older-version", message)
        yield from counted(samples, {(name, ""): count for name, count in types.items()})
        yield from self._folder.findings(lambda _: "")  # one folder holds sources of several types

    def _sample(self, number: int, key: str, item: Any, store: blobs.Store) -> Sample:
        category = UNCATEGORIZED
        try:
            item = need_object(item)
            category = words(item, "edit_type") or UNCATEGORIZED
            draft = Sample(
                key,
                category,
                words(item, "prompt"),
                extra={"outputs": [key]},
                fields=annotated(item, key=key, position=str(number)),
            )
            images = names(item, "id")
        except ItemError as error:
            return failed(key, category, error)
        return build_sample(draft, lambda: [self._folder.take(name, store) for name in images])

    def _root(self, items: Sequence[tuple[str, Any]]) -> Path:
        """Where the images lie: beside the annotations, or in a folder of the unpacked archive."""
        named = [item["id"] for _, item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]
        above = (self._path.parent, self._path.parent.parent, self._path.parent.parent.parent)
        candidates = [folder / name for folder in above for name in _IMAGES]
        folders = {name.split("/")[0] for name in named if "/" in name}
        return next(
            (candidate for candidate in candidates if any((candidate / folder).is_dir() for folder in folders)),
            self._path.parent,
        )
