"""`report-single.html`: the report as one file that can be mailed, its pictures inside."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

from editloupe.report.gallery import gallery_of, samples_of, spread_samples
from editloupe.report.overview import overview_of
from editloupe.report.pages import chunk_name, html_page
from editloupe.report.pair_gallery import pair_chunks
from editloupe.report.tables import Tables
from editloupe.report.thumbnails import make_thumbnails
from editloupe.store.blobs import write_durably

__all__ = ["SAMPLES", "write_single_file"]

SAMPLES = 100
"""Samples whose pictures and words are inside where nothing else is asked: with four editors at most some 15 MB."""


def write_single_file(tables: Tables, folder: Path, samples: int = SAMPLES) -> Path:
    """Write the report as one file.

    All numbers are of the whole study. Pictures (as thumbnails) and words are those of at most `samples` samples, taken
    from the categories in turn; the page says of how many.

    Args:
        tables: of the study.
        folder: the study folder.
        samples: at most so many.

    Returns:
        The file's path.
    """
    results = tables.results
    chosen = spread_samples(results, samples)
    shown = replace(
        results,
        verdicts=tuple(verdict for verdict in results.verdicts if verdict.sample in chosen),
        pairs=None if results.pairs is None else results.pairs.among(chosen),
    )
    thumbnails = {picture: _as_data(folder / path) for picture, path in make_thumbnails(folder, shown.pictures).items()}
    names = [standing.editor.name for standing in tables.ranked]
    gallery = gallery_of(shown, thumbnails, names)
    inside: dict[str, Any] = {"index": gallery.index}
    inside |= {chunk_name(number): chunk for number, chunk in enumerate(gallery.chunks)}
    inside |= pair_chunks(shown, thumbnails, names)
    total = len(samples_of(results))
    html = html_page(
        tables, overview_of(tables, thumbnails), {}, inside=inside, single={"shown": len(chosen), "all": total}
    )
    path = folder / "report-single.html"
    write_durably(path, html)
    return path


def _as_data(path: Path) -> str:
    return "data:image/webp;base64," + base64.b64encode(path.read_bytes()).decode()
