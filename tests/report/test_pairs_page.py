"""The page about pairs, in a real browser: ranking, matrix, the pairs themselves, in both languages."""

import pytest

from browsing import go, overflows, rendered
from comparing import paired_study
from editloupe.report.single_file import write_single_file
from editloupe.study import tables_of_study

EDITORS = {"best": [200, 190, 180], "mid": [150, 195, None], "low": [100, 90, 185]}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    config = paired_study(tmp_path_factory.mktemp("compared"), EDITORS, samples=30, judge={"bias": 0.3, "noise": 20})
    return tables_of_study(config), config.out


def test_a_study_of_pairs_begins_with_the_ranking_and_has_no_empty_page(compared, visit):
    tables, folder = compared
    page = visit(folder / "report.html")
    rendered(page)
    assert page.locator("nav a").all_inner_texts()[0] == "Pairs"
    assert "Leaderboard" not in page.locator("nav").inner_text()
    rows = page.locator("#ranking tbody tr").all_inner_texts()
    assert [name in row for name, row in zip([one.name for one in tables.ranking.editors], rows, strict=True)] == [
        True
    ] * 3
    assert "position bias" in page.locator("#ranking").inner_text()
    assert overflows(page) <= 0


def test_the_matrix_leads_to_its_pairs_and_they_show_both_edits_with_the_judge_s_words(compared, visit):
    _, folder = compared
    page = visit(folder / "report.html", "#/pairs?a=0&b=1")
    rendered(page)
    cards = page.locator(".compared-pair")
    assert 0 < cards.count() <= 24
    first = cards.first
    assert first.locator("img").count() == 3
    assert "it is so" in first.inner_text()
    assert first.locator(".answer").count() == 2
    go(page, "#/pairs?a=&b=&show=pair_failed")
    assert "content-filter" in page.locator(".compared-pair").first.inner_text()


def test_more_pairs_come_when_they_are_asked_for(compared, visit):
    _, folder = compared
    page = visit(folder / "report.html", "#/pairs")
    rendered(page)
    assert page.locator(".compared-pair").count() == 24
    page.get_by_role("button", name="Show more").click()
    page.wait_for_function("() => document.querySelectorAll('.compared-pair').length === 48")


def test_it_speaks_chinese_and_fits_a_phone(compared, visit):
    _, folder = compared
    page = visit(folder / "report.html", width=390, height=800)
    rendered(page)
    page.keyboard.press("l")
    rendered(page)
    assert "位置偏差" in page.locator("#ranking").inner_text()
    assert overflows(page) <= 0


def test_the_single_file_holds_the_pairs_of_its_samples(compared, visit):
    tables, folder = compared
    path = write_single_file(tables, folder, samples=4)
    page = visit(path, "#/pairs")
    rendered(page)
    assert page.locator(".compared-pair").count() <= 4 * 3
    assert page.locator(".compared-pair img").first.get_attribute("src").startswith("data:")
