"""Rating edits in the page: blind or not, kept over a reload, downloaded as the file that `audit --human` reads."""

import json
from pathlib import Path

from browsing import go, wait_count
from wide_study import EDITORS, score_of


def rate(page, sample, at, label):
    go(page, f"#/sample/{sample}")
    figure = page.locator("figure.card").nth(at)
    figure.get_by_role("button", name=label, exact=True).click()
    return figure


def download(page):
    with page.expect_download() as found:
        page.get_by_role("button", name="Download ratings").click()
    return json.loads(Path(found.value.path()).read_text("utf-8"))


def test_the_file_of_ratings_is_the_contract(wide, visit):
    page = visit(wide, "#/sample/s000", accept_downloads=True)
    page.get_by_label("Your name").fill("Ann Ω")
    name = page.locator("figure.card").first.locator(".name bdi").inner_text()
    figure = rate(page, "s000", 0, "7")
    figure.get_by_role("button", name="⚑ Flag").click()
    figure.get_by_label("What is wrong").fill("the sky is missing")
    figure.get_by_label("What is wrong").press("Enter")
    rate(page, "s003", 1, "0")
    found = download(page)
    assert list(found) == ["editloupe", "signature", "rater", "low", "high", "ratings"]
    assert {key: found[key] for key in list(found)[:-1]} == {
        "editloupe": "ratings 1",
        "signature": "editloupe wide",
        "rater": "Ann Ω",
        "low": 0,
        "high": 10,
    }
    first, second = found["ratings"]
    assert list(first) == ["editor", "sample", "image", "score", "flag", "blind", "at"]
    image = f"{EDITORS.index(name):064x}"
    shown = (first["editor"], first["sample"], first["image"], first["score"], first["flag"], first["blind"])
    assert shown == (name, "s000", image, 7, "the sky is missing", False)
    assert (second["sample"], second["score"], second["flag"]) == ("s003", 0, "")


def test_a_rating_taken_back_is_none(wide, visit):
    page = visit(wide, "#/sample/s000", accept_downloads=True)
    rate(page, "s000", 0, "7")
    rate(page, "s004", 0, "5")
    rate(page, "s000", 0, "7")
    assert [one["sample"] for one in download(page)["ratings"]] == ["s004"]


def test_ratings_outlive_a_reload_and_can_be_filtered_by(wide, visit):
    page = visit(wide)
    rate(page, "s005", 2, "3")
    page.reload()
    page.wait_for_selector(".sample h1")
    pressed = page.locator("figure.card").nth(2).locator(".step[aria-pressed=true]")
    assert pressed.all_inner_texts() == ["3"]
    go(page, "#/gallery?rated=yes")
    assert page.locator(".count").inner_text().startswith("1 of 36")


def test_blind_shows_no_score_no_word_and_no_editor(wide, visit):
    page = visit(wide, "#/gallery?sort=high", height=8000)
    page.locator(".card.edit").nth(35).wait_for()
    page.keyboard.press("b")
    page.locator(".card .rating").first.wait_for()
    cards = page.locator(".card.edit")
    assert cards.count() == 36
    for html in cards.evaluate_all("all => all.map(one => one.outerHTML)"):
        assert not [name for name in EDITORS if name in html]
        assert "words about" not in html
        assert 'class="card edit kn"' in html
        assert "meter" not in html
    assert set(page.locator(".card.edit > header .num").all_inner_texts()) == {"?"}
    go(page, "#/sample/s007")
    figures = page.locator("figure.card")
    assert figures.count() == 3
    for html in figures.evaluate_all("all => all.map(one => one.outerHTML)"):
        assert not [name for name in EDITORS if name in html]
        assert "words about" not in html
        assert 'class="card kn"' in html
        assert "meter" not in html


def test_the_blind_order_does_not_follow_the_score(wide, visit):
    page = visit(wide, "#/gallery?sort=high", accept_downloads=True, height=8000)
    page.locator(".card.edit").nth(35).wait_for()
    page.keyboard.press("b")
    page.locator(".card .rating").first.wait_for()
    ids = [
        label.split(", ")[0]
        for label in page.locator(".card.edit").evaluate_all(
            "all => all.sort((a, b) => a.dataset.at - b.dataset.at).map(one => one.getAttribute('aria-label'))"
        )
    ]
    best = {f"s{n:03d}": max(score_of(e, n, 0) + score_of(e, n, 1) for e in range(3)) for n in range(12)}
    scores = [best[one] for one in ids]
    assert scores != sorted(scores)
    assert scores != sorted(scores, reverse=True)
    assert ids != sorted(ids)
    page.locator(".card.edit").first.get_by_role("button", name="4", exact=True).click()
    (rating,) = download(page)["ratings"]
    assert rating["blind"] is True
    assert rating["sample"] == ids[0]


def test_what_was_drawn_is_shown_until_it_is_rated(wide, visit):
    page = visit(wide, "#/gallery?rated=drawn")
    wait_count(page, 3)
    go(page, "#/sample/s004")
    names = page.locator("figure.card .name bdi").all_inner_texts()
    rate(page, "s004", names.index("atlas"), "3")
    go(page, "#/gallery?rated=drawn")
    wait_count(page, 2)
