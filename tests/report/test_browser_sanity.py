"""What the sanity probes found, as a reader of the page meets it."""

import pytest

from browsing import go
from editloupe.audit.audit import audit_study
from editloupe.report.words import WORDS
from planted import JUDGES, planted_study


@pytest.fixture
def probed(tmp_path):
    config, _ = planted_study(tmp_path, JUDGES["blind"], count=34)
    audit_study(config, sanity=True, stability=False)
    return config.out / "report.html"


def test_a_judge_that_fails_is_warned_of_with_pictures_in_both_languages(probed, visit):
    page = visit(probed)
    assert WORDS["sanity_blank"][0] in page.locator("[role=alert]").inner_text()
    assert WORDS["verdict_fail"][0] in page.locator(".judge-card").inner_text()
    go(page, "#/judge")
    section = page.locator("#sanity")
    row = section.locator("tbody tr", has_text=WORDS["sanity_blank"][0]).inner_text()
    assert WORDS["verdict_fail"][0] in row
    assert WORDS["sanity_drop"][0] in row
    section.locator("summary", has_text=WORDS["sanity_blank"][0]).click()
    example = section.locator("details[open] article").first
    page.wait_for_function(
        "() => [...document.querySelectorAll('#sanity details[open] img')].some((one) => one.naturalWidth)"
    )
    captions = example.locator("figcaption").all_inner_texts()
    assert captions == [WORDS["source"][0], WORDS["source"][0], WORDS["edited"][0], WORDS["sanity_after"][0]]
    assert "{" in example.inner_text()  # what the judge said
    page.evaluate("localStorage.setItem('editloupe:language', '\"zh\"')")
    page.reload()
    assert WORDS["sanity_blank"][1] in page.locator("[role=alert]").inner_text()
    assert WORDS["verdict_fail"][1] in page.locator("#sanity").inner_text()
