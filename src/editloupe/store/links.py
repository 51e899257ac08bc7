"""`images/EDITOR/CATEGORY/SAMPLE.png`: the edits under names for people, as links to the blobs.

They are a convenience: where a file system has no links (exFAT, some network shares) or no room for them, that is said
once and the study goes on. Copies instead would double what a study takes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from editloupe.records import Edit, ImageFile, Sample
from editloupe.store.filenames import safe_name

__all__ = ["link_edits"]

log = logging.getLogger(__name__)


def link_edits(folder: Path, editors: Sequence[str], edits: Iterable[tuple[str, Sample, Edit]]) -> None:
    """Make the links of a study.

    Args:
        folder: the study folder.
        editors: all editors of the study, in its order, so that names stay the same when one of them has no edits.
        edits: (editor, sample, edit).
    """
    taken: set[str] = set()
    of_editor = {name: safe_name(name, taken) for name in editors}
    of_category: dict[str, str] = {}
    categories: set[str] = set()
    names: dict[tuple[str, str], set[str]] = {}
    for editor, sample, edit in edits:
        if sample.category not in of_category:
            of_category[sample.category] = safe_name(sample.category, categories)
        name = safe_name(sample.id, names.setdefault((editor, sample.category), set()))
        if isinstance(edit.image, ImageFile):
            link = folder / "images" / of_editor[editor] / of_category[sample.category] / f"{name}.png"
            try:
                _point(link, edit.image.path)
            except OSError as error:
                log.warning(
                    "%s has not all edits under their names (%s); all of them lie in %s, and the report shows them",
                    folder / "images",
                    error.strerror or error,
                    folder / "blobs",
                )
                return


def _point(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    wanted = os.path.relpath(target, link.parent)
    if link.is_symlink() and str(link.readlink()) == wanted:
        return
    temporary = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    with suppress(FileNotFoundError):
        temporary.unlink()
    try:
        temporary.symlink_to(wanted)
    except OSError:  # a file system without symbolic links may have hard ones
        os.link(target, temporary)
    temporary.replace(link)
