"""A real browser for the tests of the page: it looks at a study's folder, and hears of everything that goes wrong."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync")
PAGES = ("leaderboard", "gallery", "compare", "judge", "failures", "about")


def executable():
    """Where Chromium lies; the one place that says so where it is missing, before any test has run."""
    path = shutil.which("chromium")
    if path is None:
        raise pytest.UsageError(
            "the tests of the report need Chromium, called `chromium` on the PATH: `make browser` installs it where it "
            "can; or leave them out with -m 'not browser'"
        )
    return path


@contextmanager
def chromium():
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        yield browser
        browser.close()


class Visit:
    """Opens pages of one folder; `problems` holds what a reader should never meet."""

    def __init__(self, browser):
        self.browser, self.contexts, self.problems = browser, [], []

    def __call__(self, path: Path, address: str = "", *, width=1280, height=900, **options):
        context = self.browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(8_000)
        self.contexts.append(context)
        page = context.new_page()
        folder = path.parent.resolve()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._asked(request.url, folder))
        page.goto(path.as_uri() + address)
        return page

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, url, folder):
        parts = urlsplit(url)
        inside = parts.scheme == "file" and Path(unquote(parts.path)).resolve().is_relative_to(folder)
        if not inside and parts.scheme not in ("data", "blob"):
            self.problems.append(f"request: {url}")

    def close(self):
        for context in self.contexts:
            context.close()


def go(page, address):
    """Follow an address inside the page, and wait until it is shown."""
    page.evaluate("address => { location.hash = address }", address)
    rendered(page)


def rendered(page):
    """Wait until all of the address is shown: the page says so itself."""
    page.wait_for_function("() => document.documentElement.dataset.rendered === location.hash")


def overflows(page):
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def wait_count(page, expected):
    """Wait until the gallery says that it shows so many edits."""
    page.wait_for_function("n => document.querySelector('.count')?.textContent.startsWith(`${n} `)", arg=expected)
