"""Lists, labels and notes in brackets, with the punctuation of the active language: ``A, B`` and ``A、B``."""

from collections.abc import Iterable
from functools import reduce

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def listed(parts: Iterable[object]) -> str:
    """``Ann, Ben`` or ``林悦、王芳``; empty parts are left out."""
    words = (str(part) for part in parts)
    return pgettext("between the parts of a list", ", ").join(word for word in words if word)


def labelled(label: object, text: object) -> str:
    """``Reason: noise`` or ``原因：误报``"""
    return _("%(label)s: %(text)s") % {"label": label, "text": text}


def noted(text: object, note: object) -> str:
    """``Ann (told)`` or ``林悦（已通知）``; without a note, only the text."""
    return _("%(text)s (%(note)s)") % {"text": text, "note": note} if note else str(text)


def clauses(parts: Iterable[object]) -> str:
    """``Monday 09:00, 1 h left`` or ``周一 09:00，剩余 1 小时``"""
    words = (str(part) for part in parts)
    return pgettext("between clauses", ", ").join(word for word in words if word)


def grouped(parts: Iterable[object]) -> str:
    """``Mon 09:00-12:00, 13:00-18:00; Tue 09:00-12:00``: parts that may be lists themselves; ``；`` in Chinese."""
    words = (str(part) for part in parts)
    return pgettext("between lists", "; ").join(word for word in words if word)


def sentences(parts: Iterable[object]) -> str:
    """Whole sentences in a row: separated by a space in English, by nothing in Chinese."""
    words = [str(part) for part in parts if str(part)]
    both = _("%(first)s %(second)s")
    return reduce(lambda first, second: both % {"first": first, "second": second}, words) if words else ""
