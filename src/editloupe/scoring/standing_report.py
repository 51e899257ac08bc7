"""Whether the report that lies in a study's folder says what the study holds now; then its tables are shown again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from editloupe.config.parts import StudyConfig
from editloupe.report.kept_tables import tables_from_json, tables_to_json
from editloupe.report.tables import Tables
from editloupe.report.write import FILES
from editloupe.scoring.facts import cost, rubric_hash
from editloupe.store.keys import code_digest, digest_of
from editloupe.store.ledger import Ledger
from editloupe.store.standing import REPORT

__all__ = ["keep_tables", "standing_tables"]

_TABLES = "tables"
_FACTS = (
    "benchmark",
    "editors",
    "judge",
    "judge_domain",
    "judge_sampling",
    "human_sample",
    "pairs",
    "judge_card",
    "hardware",
    "audit",
    "probe",
    "reading",
    "sanity",
)
"""What the report says besides scores, by its name in the ledger."""


def standing_tables(config: StudyConfig, ledger: Ledger) -> Tables | None:
    """The tables of the report that is there; None where it has to be made.

    Args:
        config: the study.
        ledger: of the study.
    """
    if not ledger.stands(REPORT, _mark(config, ledger)):
        return None
    try:
        return tables_from_json(ledger.fact(_TABLES))
    except ValueError:  # of another version: what is not understood is made anew
        return None


def keep_tables(config: StudyConfig, ledger: Ledger, tables: Tables) -> None:
    """Keep the tables of a report that has just been written, until anything it rests on changes.

    Tables without any score are not kept: what they warn of is read from the verdicts. Those of pairs are not either:
    pairs are few, and asked in rounds that look at one another.
    """
    if config.pairs is None and any(standing.overall.n for standing in tables.standings):
        ledger.save_fact(_TABLES, tables_to_json(tables))
        ledger.conclude(REPORT, _mark(config, ledger))


def _mark(config: StudyConfig, ledger: Ledger) -> str:
    """A digest of everything that a report depends on besides the rows of the ledger, and of its files as they are."""
    settings = [config.source, rubric_hash(config.rubric), config.language, config.title, str(ledger.folder)]
    facts = [ledger.fact(name) for name in _FACTS]
    files = [_file(ledger.folder / name) for name in FILES]
    return digest_of(code_digest(), settings, facts, cost(ledger.folder), files)


def _file(path: Path) -> Any:
    """What changes where somebody changes a file; of a folder, how many files there are."""
    try:
        status = path.stat()
    except OSError:
        return None
    return len(list(path.iterdir())) if path.is_dir() else [status.st_size, str(status.st_mtime_ns)]
