"""Real photographs at no download: those that scikit-image ships inside its wheel, with edits of five kinds.

scikit-image itself is never imported (which would take a second): its files are read where they lie.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal

import yaml

from editloupe import plugins
from editloupe.benchmarks.sample_building import build_sample, sha256_of
from editloupe.categories import LABELS, LABELS_ZH
from editloupe.errors import ConfigError, ImageError
from editloupe.protocols import Benchmark
from editloupe.records import Picture, Sample
from editloupe.store import blobs

__all__ = ["Photos"]


class Photos(Benchmark):
    """Twelve photographs with five edits each; the instructions are editloupe's own (``photos.yaml``).

    Attributes:
        name: ``photos``.
        revision: SHA-256 of the table of edits, which names the SHA-256 of each photograph.
        default_rubric: ``reasoning``.
        categories: the five ids with their labels.

    Raises:
        ConfigError: scikit-image is not installed.
    """

    name = "photos"
    revision: str
    default_rubric = "reasoning"
    categories: Mapping[str, str]
    packages: ClassVar[Mapping[str, str]] = {"skimage": "photos"}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            language: of the instructions.
        """

        language: Literal["en", "zh"] = "en"

    def __init__(self, options: Options) -> None:
        self._folder = _photographs()
        self._language: Literal["en", "zh"] = options.language
        table = resources.files("editloupe.benchmarks").joinpath("photos.yaml").read_bytes()
        self._photos: list[dict[str, Any]] = yaml.safe_load(table)
        self.revision = hashlib.sha256(table).hexdigest()
        self.categories = LABELS_ZH if options.language == "zh" else LABELS

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples, photograph by photograph; one that is missing or not the pinned one is a `Failure`."""
        for photo in self._photos:
            for category, edit in photo["edits"].items():
                wording = edit[self._language]
                draft = Sample(
                    id=f"{Path(photo['file']).stem}_{category}",
                    category=category,
                    instruction=wording["do"],
                    groups={"language": self._language},
                    description=photo[self._language],
                    rationale=wording["hard"],
                )
                yield build_sample(draft, partial(self._take, photo, store))

    def _take(self, photo: Mapping[str, Any], store: blobs.Store) -> tuple[Picture]:
        path = self._folder / photo["file"]
        picture = store.take(path)
        digest = picture.sha256 or sha256_of(path)
        if digest != photo["sha256"]:
            raise ImageError(
                f"{str(path)!r} is not the pinned photograph: its SHA-256 is {digest}, expected {photo['sha256']}; "
                "install another version of scikit-image",
                kind="other-content",
            )
        return (picture,)


def _photographs() -> Path:
    package = importlib.util.find_spec("skimage")  # finds the folder, imports nothing
    if package is None or not package.submodule_search_locations:
        raise ConfigError("the benchmark 'photos' needs scikit-image: pip install editloupe[photos]")
    return Path(package.submodule_search_locations[0], "data")
