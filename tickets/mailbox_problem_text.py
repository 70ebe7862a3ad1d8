"""Shows what is wrong with a mailbox in the reader's language.

A problem is stored as the sentence of the desk's language, with the server's words in it; each line is one.
"""

import re
from functools import cache

from django.conf import settings
from django.utils.translation import gettext, gettext_noop, override

SENTENCES = (
    gettext_noop("The connection to %(place)s failed: %(error)s"),
    gettext_noop("%(place)s offers no STARTTLS. Try TLS and its own port."),
    gettext_noop("No secure connection to %(place)s: %(error)s Check port and security."),
    gettext_noop("The certificate of %(place)s is not valid: %(error)s"),
    gettext_noop("%(place)s does not speak TLS on this port. Try STARTTLS, or another port."),
    gettext_noop("There is no host named %(place)s. Check the name."),
    gettext_noop("%(place)s did not respond in time. Check host, port, security and firewall."),
    gettext_noop("Nothing is listening on %(place)s. Check host and port."),
    gettext_noop("The certificate of %(place)s has expired."),
    gettext_noop("The certificate of %(place)s is not valid yet. Check the clocks."),
    gettext_noop("The certificate of %(place)s is for another name: %(error)s"),
    gettext_noop("The certificate of %(place)s comes from nobody whom this machine trusts: %(error)s"),
    gettext_noop(
        "%(host)s is in a network where the desk looks for no email. ALLOW_PRIVATE_MAIL_HOSTS would permit it."
    ),
    gettext_noop("The server %(place)s refused: %(error)s"),
    gettext_noop("The server rejected the user name or password of %(user)s: %(error)s"),
    gettext_noop(
        "%(host)s is another machine, so the password would be sent in plain text. Choose TLS or STARTTLS."
    ),
    gettext_noop("The server rejected the access token of %(user)s: %(error)s"),
    gettext_noop("The folder %(folder)s cannot be opened: %(error)s"),
    gettext_noop("Stored email cannot be deleted on the server: %(error)s"),
    gettext_noop("The token server %(host)s gave no token: %(error)s"),
    gettext_noop("The connection to the token server %(host)s failed."),
    gettext_noop(
        "The token server %(host)s no longer accepts the refresh token: %(error)s Give consent again."
    ),
    gettext_noop("The token server %(host)s rejected the client ID or secret: %(error)s"),
    gettext_noop("The token server %(host)s did not respond in time."),
    gettext_noop("There is no token server named %(host)s. Check the token address."),
    gettext_noop("The token server %(host)s has a private address. ALLOW_PRIVATE_TARGETS would permit it."),
    gettext_noop("The token server %(host)s has no valid certificate."),
    gettext_noop("Nothing is listening at the token server %(host)s. Check the token address."),
    gettext_noop(
        "The stored password or token cannot be read: the desk lacks its key. Enter it again on the mailbox."
    ),
    gettext_noop("User name or password is missing. Enter both on the mailbox."),
    gettext_noop("The folder to move email to is missing. Enter it on the mailbox."),
    gettext_noop("The mailbox was changed meanwhile. The next fetch uses what is entered now."),
    gettext_noop("A new access token is being requested right now. Try again in a moment."),
    gettext_noop("Token address, client ID or refresh token is missing. Enter them on the mailbox."),
    gettext_noop("Token address, client ID or client secret is missing. Enter them on the mailbox."),
    gettext_noop("It is being fetched right now."),
    gettext_noop("The server sent a response that the desk cannot read (%(error)s)."),
    gettext_noop("Email %(uid)s is stored but could not be marked or moved on the server: %(error)s"),
    gettext_noop("No folder is entered on the mailbox."),
)
# Placeholders whose values have no blank; others are words of a server, or a name with blanks in it.
_WITHOUT_BLANKS = ("place", "host", "uid")
_PLACE = re.compile(r"%\((\w+)\)s")


def problem_in_words(problem: str) -> str:
    """One line. The words of a server stay as they are, and so does what the desk does not know."""
    return " ".join(map(_line_in_words, problem.split("\n")))


def _line_in_words(line: str) -> str:
    for sentence in SENTENCES:
        for spelling in _spellings(sentence):
            if match := spelling.fullmatch(line):
                return gettext(sentence) % match.groupdict()
    return line


@cache
def _spellings(sentence: str) -> list[re.Pattern[str]]:
    """The sentence in each language of the desk, with its placeholders as groups."""
    patterns = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            patterns.append(_pattern(gettext(sentence)))
    return patterns


def _pattern(text: str) -> re.Pattern[str]:
    words = _PLACE.split(text)  # text and placeholder names in turn
    parts = (
        f"(?P<{word}>{_value_of(word)})" if place % 2 else re.escape(word) for place, word in enumerate(words)
    )
    return re.compile("".join(parts))


def _value_of(place: str) -> str:
    return r"\S+" if place in _WITHOUT_BLANKS else ".+"
