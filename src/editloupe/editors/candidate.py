"""Edits that come with the benchmark: where the judge is what is tested, nothing is edited."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from editloupe import images, plugins
from editloupe.errors import ItemError
from editloupe.protocols import Editor
from editloupe.records import EditRequest, ImageFile, Sample

__all__ = ["Candidate"]


class Candidate(Editor):
    """Hands out the candidate that each sample carries, decoded.

    Attributes:
        signature: constant, because an edit depends on the bytes of its candidate, which `inputs` names.
    """

    signature = "candidate"

    class Options(plugins.Options):
        """There is nothing to choose."""

    def __init__(self, options: Options) -> None:
        del options

    def inputs(self, sample: Sample) -> tuple[Path, ...]:
        """Return the file of a sample's candidate; nothing where it has none."""
        return (sample.candidate.path,) if isinstance(sample.candidate, ImageFile) else ()

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image]:
        """Return the candidates.

        Raises:
            ItemError: a sample has none (kind ``no-candidate``).
            ImageError: one of them cannot be decoded.
        """
        return [self._image(request.sample) for request in requests]

    def _image(self, sample: Sample) -> Image.Image:
        if sample.candidate is None:
            raise ItemError(
                f"sample {sample.id!r} brings no candidate; the editor 'candidate' is for benchmarks of the judge",
                kind="no-candidate",
            )
        return images.decode(sample.candidate)
