"""A study in which every text is hostile: nothing of it runs, every page opens and keeps its shape."""

import pytest

from browsing import PAGES, go, overflows
from editloupe.report.write import write_report
from small_study import HOSTILE, study

FLAG = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


@pytest.mark.parametrize(
    "text", [*HOSTILE, FLAG, "constructor", "__proto__", "%zz/..?q#"], ids=lambda one: ascii(one)[:24]
)
def test_nothing_runs_and_every_page_keeps_its_shape(folder, visit, text):
    write_report(study(text=text, warning=text), folder)
    page = visit(folder / "report.html", height=6000)

    def keeps_its_shape(name):
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 6000})
            assert overflows(page) == 0, (name, width)
        assert page.locator("h1").count() == 1

    for name in PAGES:
        go(page, f"#/{name}")
        keeps_its_shape(name)
    go(page, "#/gallery")
    page.locator(".card.edit a.id").nth(7).wait_for()
    addresses = page.evaluate("[...new Set([...document.querySelectorAll('.card.edit a.id')].map(one => one.hash))]")
    assert len(addresses) == 4
    for address in addresses:
        go(page, address)
        assert page.locator("figure.card").count() == 2
    keeps_its_shape("sample")
    assert page.evaluate("window.pwned") is None
    assert page.locator("main script, main iframe, main svg[onload]").count() == 0
