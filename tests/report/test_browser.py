"""The report in a real browser, opened from disk: pages, filters, keys, ways of comparing, languages, themes, sizes."""

import json
import re
import shutil

import pytest

from browsing import PAGES, go, overflows, wait_count
from editloupe.report.single_file import write_single_file
from editloupe.report.tables import Tables
from editloupe.report.words import WORDS
from editloupe.report.write import write_report
from wide_study import EDITORS, failure_of, score_of, study

SAMPLES = 12
EVERYTHING = [(number, editor) for number in range(SAMPLES) for editor in range(len(EDITORS))]
ADDRESSES = [*(f"#/{name}" for name in PAGES), "#/sample/s003"]


def overall(number, editor):
    if failure_of(editor, number):
        return None
    return (score_of(editor, number, 0) + score_of(editor, number, 1)) / 2


def counted(page):
    """How many edits the gallery says that it shows."""
    return int(page.locator(".count").inner_text().split()[0])


def wait_for_a_card_in_the_middle(page):
    """Wait until what was scrolled to is drawn."""
    page.wait_for_function(
        "() => document.elementFromPoint(innerWidth / 2, innerHeight - 20)?.closest('.card.edit')"
        " || document.elementFromPoint(innerWidth / 4, innerHeight / 2)?.closest('.card.edit')"
    )


def labels(page):
    """The cards in view, in their order: (sample, editor)."""
    return page.evaluate(
        "[...document.querySelectorAll('.card.edit')].sort((a, b) => a.dataset.at - b.dataset.at)"
        ".map(one => one.getAttribute('aria-label').split(', '))"
    )


# Pages


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_opens_from_disk(wide, visit, address):
    page = visit(wide, address)
    page.wait_for_selector("main#main h1")
    assert page.locator("h1").count() == 1
    assert page.title().endswith("wide · editloupe")
    assert "these scores mean nothing" in page.locator("[role=alert]").inner_text()


def test_the_leaderboard_has_the_numbers_of_the_json(wide, visit):
    page = visit(wide)
    rows = page.locator("table.board tbody tr").all_inner_texts()
    report = json.loads((wide.parent / "report.json").read_text("utf-8"))
    assert len(rows) == len(report["editors"])
    for editor in report["editors"]:
        (row,) = [row for row in rows if editor["name"] in row]
        assert f"{editor['overall']['mean']:.2f}" in row


def test_audit_and_probe_are_on_the_judges_page(wide, visit):
    page = visit(wide, "#/judge")
    text = page.locator("main").inner_text()
    assert "0.500" in text
    assert WORDS["probe_page"][0] in text
    assert "rather good" in text  # the reply that could not be read, verbatim
    for heading in ("preferences", "classes", "human"):
        assert WORDS[heading][0] in text
    assert "the score is of another picture" in text
    means = page.locator("#human-means").inner_text()
    assert "6.25" in means
    assert "5.50 – 7.00" in means
    assert "1 of 3 drawn edits are not rated" in means


def test_the_judges_card_stands_beside_every_leaderboard(wide, visit):
    card = visit(wide).locator(".judge-card").inner_text()
    assert WORDS["auroc"][0] in card
    assert "0.75" in card


def test_official_and_corrected_numbers_stand_side_by_side(wide, visit):
    section = visit(wide).locator("#aggregates").inner_text()
    assert "official" in section
    assert "5.00" in section
    assert "4.50" in section
    assert "over 2 of 2 groups" in section


def test_the_failures_page_leads_to_what_failed(wide, visit):
    page = visit(wide, "#/failures")
    page.locator("table a", has_text="1").first.click()
    wait_count(page, 1)
    assert "failure=" in page.url


def test_an_unknown_sample_is_one_sentence(wide, visit):
    page = visit(wide, "#/sample/none-such")
    assert WORDS["no_sample"][0] in page.locator("h1").inner_text()


def test_the_single_file_opens_alone(tmp_path, visit):
    path = write_single_file(Tables.of(study(tmp_path)), tmp_path, 5)
    other = tmp_path / "mailed"
    other.mkdir()
    shutil.move(path, other)
    page = visit(other / path.name)
    for address in [*ADDRESSES[:-1], "#/sample/s001"]:
        go(page, address)
        assert "5 of 12" in page.locator(".single").inner_text()
    page.wait_for_function("() => [...document.images].every(one => one.complete && one.naturalWidth)")
    assert page.locator("img").count() > 0


def test_without_a_script_the_table_is_there(wide, visit):
    page = visit(wide, java_script_enabled=False)
    assert page.locator("main.plain tbody tr").count() == 3
    assert WORDS["needs_script"][0] in page.locator("main").inner_text()


def test_a_missing_chunk_is_a_sentence(tmp_path, visit):
    write_report(study(tmp_path), tmp_path)
    (tmp_path / "report-data" / "samples-0000.js").unlink()
    page = visit(tmp_path / "report.html", "#/sample/s001")
    page.wait_for_function("text => document.querySelector('h1')?.textContent === text", arg=WORDS["chunk_missing"][0])
    go(page, "#/gallery")
    assert counted(page) == len(EVERYTHING)
    page.locator(".card .failure").first.wait_for()
    assert all("ERR_FILE_NOT_FOUND" in one for one in visit.problems)
    visit.problems.clear()


def test_text_cannot_become_markup(wide, visit):
    page = visit(wide)
    said = page.evaluate("try { document.body.innerHTML = '<b>x</b>'; 'markup' } catch (error) { error.name }")
    assert said == "TypeError"
    assert visit.problems
    assert all("TrustedHTML" in one for one in visit.problems)
    visit.problems.clear()


# Filters


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("category=1", lambda number, editor: number % 2 == 1),
        ("failure=prose", lambda number, editor: (number, editor) == (2, 2)),
        ("failure=any", lambda number, editor: failure_of(editor, number) is not None),
        ("failure=none", lambda number, editor: failure_of(editor, number) is None),
        ("min=7", lambda number, editor: (overall(number, editor) or 0) >= 7),
        ("min=2&max=4", lambda number, editor: 2 <= (overall(number, editor) or 0) <= 4),
        ("metric=1&min=8", lambda number, editor: not failure_of(editor, number) and score_of(editor, number, 1) >= 8),
        ("g.0=0", lambda number, editor: number // 2 % 2 == 1),  # `cn` comes before `en`
        ("q=picture+11+dusk", lambda number, editor: number == 11),
        ("q=number5ofatlas", lambda number, editor: number == 5),  # in the judge's words
    ],
)
def test_an_address_filters(wide, visit, query, keeps):
    page = visit(wide, f"#/gallery?{query}")
    wait_count(page, sum(keeps(*one) for one in EVERYTHING if not (query.endswith("atlas") and one[1])))


def test_filters_are_set_by_hand_and_stand_in_the_address(wide, visit):
    page = visit(wide, "#/gallery")
    wait_count(page, 36)
    page.get_by_label("Category", exact=True).select_option(label="Causal")
    wait_count(page, 18)
    assert "category=1" in page.url
    best = page.get_by_label("Editor", exact=True).locator("option").nth(1).inner_text()
    page.get_by_label("Editor", exact=True).select_option(label=best)
    wait_count(page, 6)
    assert {editor for _, editor in labels(page)} == {best}
    page.get_by_label("language", exact=True).select_option(label="en")
    wait_count(page, 3)
    page.get_by_role("button", name="Clear").first.click()
    wait_count(page, 36)
    page.get_by_label("Score min").fill("7")
    page.get_by_label("Score min").press("Enter")
    wait_count(page, sum((overall(*one[::1]) or 0) >= 7 for one in EVERYTHING))
    assert "min=7" in page.url


def test_the_table_says_what_could_turn_it(wide, visit):
    page = visit(wide)
    assert "The data support" in page.locator("#leaderboard").inner_text()
    failing = {editor for number, editor in EVERYTHING if failure_of(editor, number)}
    assert page.locator("#leaderboard line.bounds").count() == len(failing)


def test_a_column_of_the_histogram_is_a_range(wide, visit):
    page = visit(wide, "#/gallery")
    wait_count(page, 36)
    column = page.locator(".range-chart rect.column").nth(10)
    page.evaluate("column => column.dispatchEvent(new MouseEvent('click', {bubbles: true}))", column.element_handle())
    wait_count(page, sum(5 <= (overall(*one) or 0) <= 5.5 for one in EVERYTHING))
    assert "min=5&max=5.5" in page.url


def test_a_search_finds_words_in_chunks_that_were_not_loaded(many, visit):
    page = visit(many, "#/gallery")
    wait_count(page, 2000)
    page.keyboard.press("/")
    page.keyboard.type("number499ofbrush")
    wait_count(page, 1)
    page.wait_for_function("() => document.querySelectorAll('.card.edit').length === 1")
    assert labels(page) == [["s499", "brush"]]


def test_edits_are_sorted(wide, visit):
    page = visit(wide, "#/gallery?sort=high", height=8000)
    wait_count(page, 36)
    place = {name: at for at, name in enumerate(EDITORS)}
    scores = [overall(int(sample[1:]), place[editor]) for sample, editor in labels(page)]
    known = [one for one in scores if one is not None]
    assert known == sorted(known, reverse=True)
    assert scores[len(known) :] == [None, None]
    go(page, "#/gallery?sort=spread")
    spreads = []
    for sample, _ in labels(page):
        found = [one for editor in range(3) if (one := overall(int(sample[1:]), editor)) is not None]
        spreads.append(max(found) - min(found))
    assert spreads == sorted(spreads, reverse=True)
    go(page, "#/gallery?sort=split")
    splits = [
        -1 if failure_of(at, n) else abs(score_of(at, n, 0) - score_of(at, n, 1))
        for n, at in ((int(sample[1:]), place[editor]) for sample, editor in labels(page))
    ]
    assert splits == sorted(splits, reverse=True)


def test_back_and_forward_keep_the_view(wide, visit):
    page = visit(wide, "#/gallery?category=1&sort=low")
    wait_count(page, 18)
    go(page, "#/about")
    page.go_back()
    wait_count(page, 18)
    assert page.get_by_label("Sort", exact=True).input_value() == "low"
    page.go_forward()
    page.wait_for_selector("dl.about")


def test_many_samples_stay_few_elements(many, visit):
    page = visit(many, "#/gallery")
    wait_count(page, 2000)
    for share in (0.1, 0.5, 0.9, 1):
        page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", share)
        wait_for_a_card_in_the_middle(page)
        assert page.locator(".card.edit").count() < 150
    page.locator(".card.edit", has_text="s499").first.wait_for()


# Looking


def mode(page, name):
    page.get_by_role("radio", name=WORDS[f"mode_{name}"][0], exact=True).click()


def test_the_slider_moves_by_mouse_and_by_key(wide, visit):
    page = visit(wide, "#/sample/s000")
    mode(page, "slider")
    slide = page.locator("input.slide").first
    at = "document.querySelector('.slider').style.getPropertyValue('--at')"
    slide.focus()
    slide.press("ArrowRight")
    assert page.evaluate(at) == "51%"
    box = slide.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    assert float(page.evaluate(at).rstrip("%")) > 80
    assert "#/sample/s000" in page.url  # neither the key nor the mouse left the page


def test_flicker_shows_one_after_the_other(wide, visit):
    page = visit(wide, "#/sample/s000")
    mode(page, "flicker")
    page.locator(".flicker.before").first.wait_for()
    page.locator(".flicker:not(.before)").first.wait_for()


def test_flicker_stands_still_where_motion_is_unwanted(wide, visit):
    page = visit(wide, "#/sample/s000", reduced_motion="reduce")
    page.clock.install()
    mode(page, "flicker")
    page.clock.run_for(5_000)
    assert page.locator(".flicker.before").count() == 0
    page.locator(".flicker").first.dispatch_event("pointerdown")
    assert page.locator(".flicker.before").count() == 1


def test_difference_blends_the_two(wide, visit):
    page = visit(wide, "#/sample/s000")
    mode(page, "difference")
    blends = page.locator(".difference img").evaluate_all("all => all.map(one => getComputedStyle(one).mixBlendMode)")
    assert "difference" in blends


def test_the_loupe_shows_the_same_place_of_both(wide, visit):
    page = visit(wide, "#/sample/s000")
    mode(page, "loupe")
    page.locator(".looking .frame").first.hover()
    lenses = page.locator(".looking").first.locator(".lens")
    assert lenses.evaluate_all("all => all.map(one => one.hidden)") == [False, False]
    assert len(set(lenses.evaluate_all("all => all.map(one => one.style.transform)"))) == 1
    page.mouse.move(1, 1)
    assert lenses.evaluate_all("all => all.map(one => one.hidden)") == [True, True]


# Keys


def test_digits_are_pages(wide, visit):
    page = visit(wide)
    for digit, name in enumerate(PAGES, 1):
        page.keyboard.press(str(digit))
        page.wait_for_function("name => document.querySelector('nav [aria-current]')?.hash.includes(name)", arg=name)
        assert f"#/{name}" in page.url


def test_cards_are_walked_and_opened_by_keys_and_left_where_they_were(many, visit):
    page = visit(many, "#/gallery")
    wait_count(page, 2000)
    page.evaluate("scrollTo(0, 5000)")
    wait_for_a_card_in_the_middle(page)
    page.locator(".card.edit").nth(8).focus()
    before = page.evaluate("Number(document.activeElement.dataset.at)")
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("k")
    assert page.evaluate("Number(document.activeElement.dataset.at)") == before + 1
    y = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sample h1")
    page.keyboard.press("j")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.wait_for_selector(".gallery h1")
    page.wait_for_function("y => Math.abs(scrollY - y) < 3", arg=y)


def test_m_is_the_next_way_of_comparing_and_question_mark_tells_the_keys(wide, visit):
    page = visit(wide, "#/gallery")
    wait_count(page, 36)
    page.keyboard.press("m")
    assert page.locator("[role=radio][aria-checked=true]").inner_text() == WORDS["mode_slider"][0]
    page.keyboard.press("?")
    assert page.locator("dialog[open] h2").inner_text() == WORDS["keyboard"][0]
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


# Languages, themes, sizes


def english_left(page):
    """Our English words that still stand alone in an element of the page, or in a label of one."""
    texts = page.evaluate(
        """() => {
          const found = [];
          const walk = document.createTreeWalker(document.querySelector('#app'), NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) found.push(walk.currentNode.textContent.trim());
          for (const one of document.querySelectorAll('[aria-label], [title], [placeholder]'))
            found.push(one.ariaLabel ?? '', one.title ?? '', one.placeholder ?? '');
          return found;
        }"""
    )
    ours = {english for english, chinese in WORDS.values() if english != chinese and "{" not in english}
    return (set(texts) & ours) - {"language", "reasoning", "English"}  # a group, a metric, and the switch itself


@pytest.mark.parametrize("address", ADDRESSES)
def test_everything_is_said_in_chinese(wide, visit, address):
    page = visit(wide, address)
    page.wait_for_selector("main#main h1")
    page.get_by_role("button", name="中文").click()
    page.wait_for_selector("html[lang=zh-CN][data-rendered] button[lang=en]")
    assert english_left(page) == set()
    page.keyboard.press("l")
    page.wait_for_selector("html[lang=en]")


def test_a_chinese_study_begins_in_chinese(tmp_path, visit):
    write_report(study(tmp_path, 2, language="zh"), tmp_path)
    page = visit(tmp_path / "report.html")
    page.wait_for_selector("html[lang=zh-CN] main#main h1")
    assert WORDS["leaderboard"][1] in page.locator("h2").first.inner_text()


def test_the_theme_is_switched_and_kept(wide, visit):
    page = visit(wide, color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.keyboard.press("t")
    assert page.evaluate(background) == light
    page.keyboard.press("t")
    assert page.evaluate(background) == "rgb(19, 18, 17)"
    page.reload()
    page.wait_for_selector("main#main h1")
    assert page.evaluate(background) == "rgb(19, 18, 17)" != light


def test_a_phone_scrolls_only_downwards(wide, visit):
    page = visit(wide, width=390, height=800, has_touch=True)
    for address in ADDRESSES:
        go(page, address)
        assert overflows(page) == 0, address


def test_a_print_has_the_numbers_and_no_switches(wide, visit):
    page = visit(wide)
    page.wait_for_selector("main#main h1")
    page.emulate_media(media="print")
    assert page.locator("table.board").is_visible()
    assert not page.locator(".switches").is_visible()
    assert not page.get_by_role("button", name=WORDS["copy_markdown"][0]).is_visible()


def test_the_table_is_copied_as_markdown(wide, visit):
    page = visit(wide, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=WORDS["copy_markdown"][0]).click()
    page.get_by_role("button", name=WORDS["copied"][0]).wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert lines[0].startswith("| Rank | Editor | Mean |")
    assert len(lines) == 5
    assert all(line.count("|") == lines[0].count("|") for line in lines)


# For everyone


@pytest.mark.parametrize("address", ADDRESSES)
def test_everything_that_can_be_used_has_a_name(wide, visit, address):
    page = visit(wide, address)
    page.wait_for_selector("html[data-rendered]")
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, select, input, a[href], img')].filter((one) => !(
          one.ariaLabel || one.alt || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)"""
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "brand"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def luminance(color):
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(wide, visit, scheme):
    """WCAG 2.2, 1.4.3: 4.5 to 1, for each color that the style sheet uses for text."""
    page = visit(wide, color_scheme=scheme)
    colors = page.evaluate(
        """names => Object.fromEntries(names.map((name) => {
          const one = document.createElement('i');
          one.style.color = `var(--${name})`;
          document.body.append(one);
          const color = getComputedStyle(one).color;
          one.remove();
          return [name, color];
        }))""",
        ["ink", "soft", "accent", "bad", "warn", "paper", "card", "bad-bg", "warn-bg"],
    )
    pairs = [(text, ground) for text in ("ink", "soft", "accent", "bad") for ground in ("paper", "card")]
    for text, ground in [*pairs, ("bad", "bad-bg"), ("warn", "warn-bg")]:
        bright, dim = sorted((luminance(colors[text]), luminance(colors[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)
