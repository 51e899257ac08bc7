import pytest
from PIL import Image

from browsing import Visit, chromium
from editloupe.report.write import write_report
from wide_study import EDITORS, study


@pytest.fixture
def folder(tmp_path):
    """A study folder with the two pictures of `small_study`."""
    (tmp_path / "images").mkdir()
    for name, color in (("source", "white"), ("edit", "navy")):
        Image.new("RGB", (64, 64), color).save(tmp_path / "images" / f"{name}.png")
    return tmp_path


@pytest.fixture(scope="module")
def browser():
    """One browser a module: Playwright's loop ends with it, so that other tests find none running."""
    with chromium() as found:
        yield found


@pytest.fixture
def visit(browser):
    """Opens pages, each in a fresh context; anything that goes wrong in them fails the test."""
    opened = Visit(browser)
    yield opened
    opened.close()
    assert opened.problems == []


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The page of the study that has everything."""
    folder = tmp_path_factory.mktemp("wide")
    write_report(study(folder), folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """The page of 500 samples x 4 editors."""
    folder = tmp_path_factory.mktemp("many")
    write_report(study(folder, 500, (*EDITORS, "delta")), folder)
    return folder / "report.html"
