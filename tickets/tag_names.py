"""Reads the tags that somebody wrote in one line."""

import re

from django.utils.translation import gettext as _

from tickets.errors import DeskError

LONGEST_TAG = 40
MOST_TAGS = 20  # of one ticket
_PARTING = re.compile(r"[,;，、；\n]")


def tag_names(text: str) -> list[str]:
    """The tags in a short text: parted by commas, each once, in small letters. Raises DeskError with a sentence."""
    names = list(dict.fromkeys(filter(None, map(tag_key, _PARTING.split(text)))))
    too_long = next((name for name in names if len(name) > LONGEST_TAG), None)
    if too_long is not None:
        raise DeskError(
            _("The tag “%(tag)s” is too long: at most %(most)s characters. Separate tags by commas.")
            % {"tag": f"{too_long[:LONGEST_TAG]}…", "most": LONGEST_TAG}
        )
    if len(names) > MOST_TAGS:
        raise DeskError(_("At most %(most)s tags on one ticket.") % {"most": MOST_TAGS})
    return names


def tag_key(written: str) -> str:
    """A tag as it is stored, however somebody writes it: one blank between words, small letters, no sign #."""
    return " ".join(written.replace("\0", "").split()).casefold().lstrip("#")
