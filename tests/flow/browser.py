"""A headless Chromium, driven by Playwright, that belongs to the system and not to Playwright."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def page(language: str = "en", overlooking: str = "(?!)") -> Iterator[Page]:
    """A page of a fresh profile. Whatever it logs as an error, or fails to load, fails the test, but for a pattern."""
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    assert binary, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        opened = browser.new_page(locale=language, viewport={"width": 1400, "height": 900})
        opened.set_default_timeout(15_000)
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield opened
        browser.close()
    complaints = [words for words in complaints if not re.search(overlooking, words)]
    assert not complaints, complaints
