"""Twelve editors with long names, at the sizes of a phone, a tablet and a desk: nothing is lost, nothing sticks out."""

import dataclasses

import pytest

from browsing import PAGES, go, overflows, rendered
from editloupe.report.write import write_report
from wide_study import study

SIZES = ("small", "medium", "large", "huge", "tiny", "distilled", "turbo", "lightning", "base")
EDITORS = (
    *(f"our-lab/instruct-editor-{size}-with-lora-step-{at}000" for at, size in enumerate(SIZES, 1)),
    "identity",
    "classic",
    "someone-else/a-model-of-another-house-2509",
)
LONG = "make it dusk and keep every other thing exactly as it was in the picture, the light included; " * 14


@pytest.fixture(scope="module")
def dozen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dozen")
    results = study(folder, 12, EDITORS)
    verdicts = [
        dataclasses.replace(one, instruction=LONG if one.sample == "s003" else "dusk") for one in results.verdicts
    ]
    write_report(dataclasses.replace(results, verdicts=tuple(verdicts)), folder)
    return folder / "report.html"


@pytest.mark.parametrize("width", [390, 800, 1600])
def test_every_page_keeps_its_shape_and_shows_its_tab(dozen, visit, width):
    page = visit(dozen, width=width)
    for name in PAGES:
        go(page, f"#/{name}")
        assert overflows(page) == 0, name
        tab = page.locator(".top nav [aria-current]").bounding_box()
        assert 0 <= tab["x"] <= tab["x"] + tab["width"] <= width, name
    go(page, "#/leaderboard")
    assert page.locator(".board .axis").is_visible()


def test_every_name_is_short_and_whole_in_its_title(dozen, visit):
    page = visit(dozen)
    rendered(page)
    names = page.locator(".board th.editor .name").evaluate_all("all => all.map(one => [one.title, one.textContent])")
    assert {title for title, _ in names} == set(EDITORS)
    assert len({short for _, short in names}) == 12
    assert not [short for _, short in names if short.startswith("our-lab") or len(short) > 28]


def test_sixteen_editors_have_sixteen_marks_and_colours(tmp_path, visit):
    write_report(study(tmp_path, 2, tuple(f"editor {letter}" for letter in "abcdefghijklmnop")), tmp_path)
    page = visit(tmp_path / "report.html")
    rendered(page)
    looks = page.locator(".board th.editor .name").evaluate_all(
        """all => all.map(one => {
          const path = one.querySelector('path');
          return [getComputedStyle(one).getPropertyValue('--k'), path.getAttribute('d') + path.getAttribute('class')];
        })"""
    )
    assert len(looks) == len({color for color, _ in looks}) == len({shape for _, shape in looks}) == 16


def test_heads_stay_where_a_table_scrolls(dozen, visit):
    page = visit(dozen, "#/compare", width=390)
    rendered(page)
    moved = page.locator("#pairs .scroll").evaluate(
        """frame => {
          const place = (name) => frame.querySelector(name).getBoundingClientRect();
          const places = () => [place('thead').top, place('tbody th').left];
          const before = places();
          frame.scrollTo(200, 150);
          return [frame.scrollLeft, frame.scrollTop, before, places()];
        }"""
    )
    assert moved[:2] == [200, 150]
    assert moved[2] == moved[3]


def test_a_long_instruction_unfolds_by_a_handle(dozen, visit):
    page = visit(dozen, "#/sample/s003", width=390)
    rendered(page)
    text, handle = page.locator("h1.instruction"), page.locator(".unfold")
    folded = text.bounding_box()["height"]
    assert handle.get_attribute("aria-expanded") == "false"
    handle.click()
    assert text.bounding_box()["height"] > folded * 2
    assert handle.get_attribute("aria-expanded") == "true"
    go(page, "#/sample/s004")
    assert not page.locator(".unfold").is_visible()


def test_the_leaderboard_and_a_print_show_every_row(dozen, visit):
    page = visit(dozen, height=700)
    rendered(page)
    hidden = "all => all.filter(frame => frame.scrollHeight > frame.clientHeight + 1).length"
    assert page.locator("#leaderboard .scroll").evaluate_all(hidden) == 0
    page.emulate_media(media="print")
    assert set(page.locator(".scroll").evaluate_all("all => all.map(frame => getComputedStyle(frame).overflowY)")) == {
        "visible"
    }
