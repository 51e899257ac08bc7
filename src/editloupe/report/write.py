"""Writes a study's reports; `report.json` comes last, so its presence says that all the others are complete."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from editloupe.report.csv_report import scores_csv
from editloupe.report.gallery import gallery_of, shown_in_gallery
from editloupe.report.json_report import pairs_jsonl, report_json, verdicts_jsonl
from editloupe.report.markdown import report_markdown
from editloupe.report.overview import overview_of
from editloupe.report.pages import CHUNKS, as_script, chunk_name, html_page
from editloupe.report.pair_gallery import pair_chunks
from editloupe.report.tables import Tables
from editloupe.report.thumbnails import make_thumbnails
from editloupe.results import Results
from editloupe.store.blobs import written_durably

__all__ = ["FILES", "write_report"]

FILES = ("report.html", f"{CHUNKS}/", "report.md", "report.json", "scores.csv", "verdicts.jsonl")
"""What a report is made of, for people; a folder ends in a stroke."""


def write_report(results: Results, folder: Path) -> Tables:
    """Write ``verdicts.jsonl``, ``scores.csv``, ``report.md``, the page with its data, and ``report.json``.

    Each file appears whole or not at all, and is left alone where nothing in it changed; nothing outside `folder` is
    read or written.

    Returns:
        The tables that it is made of, for whoever prints some of them.
    """
    tables = Tables.of(results)
    _write(folder / "verdicts.jsonl", verdicts_jsonl(results.verdicts))
    if results.pairs is not None:
        _write(folder / "pairs.jsonl", [pairs_jsonl(results.pairs.verdicts)])
    _write(folder / "scores.csv", scores_csv(results))
    _write(folder / "report.md", [report_markdown(tables)])
    shown, part = shown_in_gallery(results)
    thumbnails = make_thumbnails(folder, shown.pictures)
    names = [standing.editor.name for standing in tables.ranked]
    gallery = gallery_of(shown, thumbnails, names)
    chunks = {"index": as_script("index", gallery.index)}
    for number, samples in enumerate(gallery.chunks):
        chunks[chunk_name(number)] = as_script(chunk_name(number), samples)
    chunks |= {name: as_script(name, data) for name, data in pair_chunks(shown, thumbnails, names).items()}
    for name, data in chunks.items():
        _write(folder / CHUNKS / f"{name}.js", [data])
    for path in (folder / CHUNKS).glob("*.js"):  # of an earlier, larger report
        if path.stem not in chunks:
            path.unlink()
    _write(folder / "report.html", [html_page(tables, overview_of(tables, thumbnails), chunks, part=part)])
    _write(folder / "report.json", [report_json(tables)])
    return tables


def _write(path: Path, data: Iterable[bytes]) -> None:
    """Write what is new: a report of thousands of samples is rebuilt after each run, and mostly unchanged."""
    with written_durably(path, unless_same=True) as file:
        file.writelines(data)
