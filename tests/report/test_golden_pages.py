"""Each page of the wide study as a person with a screen reader gets it, equal to the files in `golden/`.

`EDITLOUPE_RENEW_GOLDEN=1 pytest tests/report/test_golden_pages.py` writes the files anew.
"""

import os
from pathlib import Path

import pytest

from browsing import PAGES, rendered

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", [*PAGES, "sample"])
def test_the_page_is_the_golden_one(wide, visit, name):
    page = visit(wide, "#/sample/s002" if name == "sample" else f"#/{name}")
    rendered(page)
    found = page.locator("main").aria_snapshot() + "\n"
    path = GOLDEN / f"{name}.yaml"
    if os.environ.get("EDITLOUPE_RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")
