"""Conclusions about a ledger that hold until it changes, so that a finished study is not worked through once more.

A conclusion (``the questions are planned``, ``the report shows all of this``) is a fact with a mark: a digest of
everything outside of the ledger that it was drawn from. What lies inside needs no digest, because triggers of the file
itself take a conclusion back as soon as a row that it rests on changes, whatever program changes it.
"""

from __future__ import annotations

__all__ = ["EDITS", "LINKS", "QUESTIONS", "REPLIES", "REPORT", "SAMPLES", "TRIGGERS", "fact_of"]

SAMPLES = "samples"
EDITS = "edits"
LINKS = "links"
QUESTIONS = "questions"
REPLIES = "replies"
REPORT = "report"


def fact_of(conclusion: str) -> str:
    """The name of the fact that keeps a conclusion."""
    return f"stands: {conclusion}"


_RESTS_ON = (
    ("samples", "samples", "1", (SAMPLES, EDITS, LINKS, QUESTIONS, REPLIES, REPORT)),
    ("edit_plan", "plan", "{row}.metric = ''", (EDITS, LINKS, QUESTIONS, REPLIES, REPORT)),
    ("reply_plan", "plan", "{row}.metric != ''", (QUESTIONS, REPLIES, REPORT)),
    ("pairs", "pairs", "1", (REPORT,)),
    ("edits", "outcomes", "{row}.stage = 'edit'", (LINKS, QUESTIONS, REPLIES, REPORT)),
    ("replies", "outcomes", "{row}.stage != 'edit'", (REPLIES, REPORT)),
)
"""Name of the trigger, its table, which of the table's rows are meant, and the conclusions that rest on them."""


def _triggers() -> str:
    statements = []
    for name, table, condition, conclusions in _RESTS_ON:
        facts = ", ".join(f"'{fact_of(conclusion)}'" for conclusion in conclusions)
        for event in ("INSERT", "UPDATE", "DELETE"):
            when = condition.format(row="OLD" if event == "DELETE" else "NEW")
            statements += [
                f"CREATE TRIGGER IF NOT EXISTS {name}_{event.lower()} AFTER {event} ON {table} WHEN {when} BEGIN",
                f"DELETE FROM facts WHERE name IN ({facts}); END;",  # noqa: S608 - all words are ours
            ]
    return "\n".join(statements)


TRIGGERS = _triggers()
"""SQL that makes the triggers where they are missing."""
