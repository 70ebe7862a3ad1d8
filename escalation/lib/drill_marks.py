"""Marks fire drills wherever they are shown, in both languages at once, so that nobody mistakes one for real."""

from django.utils.translation import gettext as _

MARK = "[DRILL]【演练】"


def with_drill_mark(text: str) -> str:
    """The text with the mark in front, once."""
    return f"{MARK} {without_drill_mark(text)}"


def without_drill_mark(text: str) -> str:
    return text.replace(f"{MARK} ", "").replace(MARK, "").strip()


def drill_sentence() -> str:
    """The first sentence of every notification about a drill, in the active language."""
    text = _("This is a fire drill. Act as if it were real and acknowledge it; nothing reaches a customer.")
    return f"{MARK} {text}"
