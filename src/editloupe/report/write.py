"""Writes a study's reports; `report.json` comes last, so its presence says that all the others are complete."""

from __future__ import annotations

import re
from pathlib import Path

from editloupe.blobs import write_durably
from editloupe.report.machine import report_json, verdicts_jsonl
from editloupe.report.markdown import report_markdown
from editloupe.report.pages import html_pages
from editloupe.report.spreadsheet import scores_csv
from editloupe.report.standings import count_failures, standings
from editloupe.report.study_results import Results
from editloupe.report.thumbnails import make_thumbnails

__all__ = ["write_report"]

_PAGE = re.compile(r"gallery-\d+\.html|(judge|probe)\.html")


def write_report(results: Results, folder: Path) -> None:
    """Write ``verdicts.jsonl``, ``scores.csv``, ``report.md``, the pages with their thumbnails, and ``report.json``.

    Each file appears whole or not at all; nothing outside `folder` is read or written.
    """
    table, failures = standings(results), count_failures(results)
    write_durably(folder / "verdicts.jsonl", verdicts_jsonl(results.verdicts))
    write_durably(folder / "scores.csv", scores_csv(results))
    write_durably(folder / "report.md", report_markdown(results, table, failures))
    pictures = [picture for one in results.verdicts for picture in (*one.sources, one.image) if picture]
    thumbnails = make_thumbnails(folder, pictures)
    pages = dict(html_pages(results, table, failures, thumbnails))
    for name, data in pages.items():
        write_durably(folder / name, data)
    for path in folder.glob("*.html"):  # of an earlier, larger report
        if path.name not in pages and _PAGE.fullmatch(path.name):
            path.unlink()
    write_durably(folder / "report.json", report_json(results, table, failures))
