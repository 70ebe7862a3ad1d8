"""What our own mail server found out about a mail's sender (Authentication-Results, RFC 8601).

Only the topmost field counts, and only if it names our server, as a sender can write the others.
"""

from __future__ import annotations

import re

from tickets.mail.values import ParsedMail
from tickets.models import Mailbox
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.intake.senders import Sender

MOST_RESULTS = 5_000  # characters


def is_verified_staff(incoming: IncomingMail, sender: Sender) -> bool:
    """True for a colleague's address if our own mail server confirms that the mail comes from its domain."""
    if sender.staff is None:
        return False
    domain = re.escape(sender.address.rpartition("@")[2].lower())
    results = _results(incoming.mail, incoming.mailbox)
    signed = re.search(rf"dkim=pass\b[^;]*header\.[di]=@?{domain}(?![\w.-])", results)
    return bool(signed or re.search(r"dmarc=pass\b", results))


def has_failed(mail: ParsedMail, own: Mailbox) -> bool:
    """True if the domain in From disowns the mail (DMARC): then nothing in it is trusted with any power."""
    return bool(re.search(r"dmarc=fail\b", _results(mail, own)))


def _results(mail: ParsedMail, own: Mailbox) -> str:
    """Our server's results in lower case; empty if there are none."""
    first = next(iter(mail.authentication_results), "").lower()[:MOST_RESULTS]
    server, _semicolon, results = first.partition(";")
    names = {own.host.lower(), own.address.rpartition("@")[2].lower()} - {""}
    is_ours = any(f".{server.strip().partition(' ')[0]}".endswith(f".{name}") for name in names)
    return results if is_ours else ""
