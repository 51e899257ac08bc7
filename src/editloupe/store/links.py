"""`images/EDITOR/CATEGORY/SAMPLE.png`: the edits under names for people, as links to the blobs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from editloupe.records import Edit, ImageFile, Sample
from editloupe.store.filenames import safe_name

__all__ = ["link_edits"]


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
            place = folder / "images" / of_editor[editor] / of_category[sample.category]
            _point(place / f"{name}.png", edit.image.path)


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
    except OSError:  # a file system without links
        os.link(target, temporary)
    temporary.replace(link)
