"""The control that every benchmark needs: nothing is edited."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from editloupe import images, plugins
from editloupe.protocols import Editor
from editloupe.records import EditRequest

__all__ = ["Identity"]


class Identity(Editor):
    """Hands back the first source image, decoded."""

    signature = "identity"

    class Options(plugins.Options):
        """There is nothing to choose."""

    def __init__(self, options: Options) -> None:
        del options

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image]:
        """Return the sources.

        Raises:
            ImageError: one of them cannot be decoded.
        """
        unedited = []
        for request in requests:
            image = images.decode(request.sample.sources[0])
            if "truth_unedited" in request.sample.extra:  # a benchmark that knows the truth also knows this one
                image.info["truth"] = request.sample.extra["truth_unedited"]
            unedited.append(image)
        return unedited
