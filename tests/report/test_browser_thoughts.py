"""What a judge thought stands on the sample's page apart from what it answered: folded, and out of every search."""

from dataclasses import replace

import pytest

from browsing import go
from editloupe.report.single_file import write_single_file
from editloupe.report.tables import Tables
from editloupe.report.words import WORDS
from editloupe.report.write import write_report
from wide_study import study

DRAFT = "At first sight an eight; underwater-word"
ANSWER = '{"reasoning": "the shadow is missing", "score": 2}'
REPLIES = {
    "s000": {"reply": f"<think>\n{DRAFT}\n</think>\n\n{ANSWER}", "thoughts": DRAFT},
    "s001": {"reply": ANSWER, "thoughts": DRAFT},  # the server kept them apart
    "s003": {"reply": f"{DRAFT}\n</think>\n{ANSWER}", "thoughts": DRAFT},  # the prompt opened them
    "s004": {"reply": f"<think></think>{ANSWER}", "thoughts": None},
}


def thinking(folder, language="en"):
    found = study(folder, 6, language=language)
    verdicts = [
        replace(one, **REPLIES[one.sample]) if one.editor == "atlas" and one.sample in REPLIES else one
        for one in found.verdicts
    ]
    return replace(found, verdicts=tuple(verdicts))


def metric_of_atlas(page):
    return page.locator("figure.card", has_text="atlas").locator(".metric").first


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("single", [False, True], ids=["folder", "single"])
def test_thoughts_are_folded_beside_the_answer(tmp_path, visit, language, single):
    results = thinking(tmp_path, language)
    if single:
        path = write_single_file(Tables.of(results), tmp_path, 6)
    else:
        write_report(results, tmp_path)
        path = tmp_path / "report.html"
    page = visit(path, "#/sample/s000")
    for sample in ("s000", "s001", "s003"):
        go(page, f"#/sample/{sample}")
        metric = metric_of_atlas(page)
        assert metric.locator("blockquote").inner_text() == "the shadow is missing"
        thoughts = metric.locator("details.thoughts")
        assert thoughts.locator("summary").inner_text() == WORDS["thoughts"][language == "zh"]
        assert not thoughts.locator("pre").is_visible()
        thoughts.locator("summary").click()
        assert thoughts.locator("pre").inner_text() == DRAFT
        assert "</think>" not in metric.inner_text()
    go(page, "#/sample/s004")
    assert metric_of_atlas(page).locator("blockquote").inner_text() == "the shadow is missing"
    assert page.locator("details.thoughts").count() == 0


def test_a_search_finds_answers_and_no_thoughts(tmp_path, visit):
    write_report(thinking(tmp_path), tmp_path)
    page = visit(tmp_path / "report.html", "#/gallery?q=underwater-word")
    page.wait_for_function("() => document.querySelector('.count')?.textContent.startsWith('0 ')")
    go(page, "#/gallery?q=shadow+is+missing")
    page.wait_for_function("() => document.querySelector('.count')?.textContent.startsWith('4 ')")
