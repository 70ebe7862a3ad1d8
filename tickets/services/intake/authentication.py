"""What our own mail server found out about a mail's sender (Authentication-Results, RFC 8601).

Only the topmost field counts, and only if it names our server, as a sender can write the others.
"""

from __future__ import annotations

import re

from customers.public_domains import spellings_of
from tickets.mail.authentication_results import AuthenticationResults, read_authentication_results
from tickets.mail.values import ParsedMail
from tickets.models import Mailbox
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.intake.senders import Sender


def is_verified_staff(incoming: IncomingMail, sender: Sender) -> bool:
    """True for a colleague's address if our own mail server confirms that the mail comes from its domain.

    A mail may name several senders, of which the server and we may have read different ones: a result that says whose
    domain it is about counts for that domain alone.
    """
    if sender.staff is None:
        return False
    results = trusted_results(incoming.mail, incoming.mailbox)
    domain = f"(?:{'|'.join(map(re.escape, spellings_of(sender.address.rpartition('@')[2])))})"
    of_domain = re.compile(rf"header\.(?:[di]=@?|from=(?:[^\s@]{{0,64}}@)?){domain}(?![\w.-])")
    return any(
        of_domain.search(check.properties)
        or (check.method == "dmarc" and "header.from=" not in check.properties)
        for check in results.checks
        if check.result == "pass" and check.method in ("dmarc", "dkim")
    )


def has_failed(mail: ParsedMail, own: Mailbox) -> bool:
    """True if the domain in From disowns the mail (DMARC): then nothing in it is trusted with any power."""
    return trusted_results(mail, own).has("dmarc", "fail")


def trusted_results(mail: ParsedMail, own: Mailbox) -> AuthenticationResults:
    """What our server found; nothing if the topmost field is another's or there is none.

    Our server has the name that the mailbox gives it, else any at or below its IMAP host or its own domain.
    """
    results = read_authentication_results(next(iter(mail.authentication_results), ""))
    if own.authentication_server:
        is_ours = results.server == own.authentication_server.strip().lower()
    else:
        names = {own.host.lower(), own.address.rpartition("@")[2].lower()} - {""}
        is_ours = any(f".{results.server}".endswith(f".{name}") for name in names)
    return results if is_ours else AuthenticationResults()
