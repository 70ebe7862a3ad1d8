"""What a page of the desk is on paper: printed by Chromium, read back as text.

Digits and marks of its font do not come back; `is_on_paper` asks for those.
"""

from io import BytesIO

from playwright.sync_api import Page
from pypdf import PdfReader


def printed(window: Page) -> str:
    """The words of the page as Chromium prints it on A4, each run of blanks as one."""
    pages = PdfReader(BytesIO(window.pdf(format="A4"))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def is_on_paper(window: Page, selector: str) -> bool:
    """Whether the print layout shows any element of the selector."""
    window.emulate_media(media="print")
    elements = window.locator(selector)
    shown = any(elements.nth(number).is_visible() for number in range(elements.count()))
    window.emulate_media(media="screen")
    return shown
