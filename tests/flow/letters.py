"""The mails of the flow: those of tests/mails, and a few that must be written while it runs."""

import email
import email.policy
import smtplib
from email.message import EmailMessage
from pathlib import Path

from tests.flow.outside import Letter
from tests.flow.world import ADDRESS

MAILS = Path(__file__).parents[1] / "mails"


def samples() -> dict[str, bytes]:
    """Every mail of tests/mails by its name, in a fixed order."""
    return {path.stem: path.read_bytes() for path in sorted(MAILS.glob("*.eml"))}


def new_mail(sender: str, subject: str, text: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ADDRESS, subject
    message["Message-ID"] = f"<{subject.lower().replace(' ', '-')}@{sender.partition('@')[2]}>"
    message.set_content(text)
    return message.as_bytes(policy=email.policy.SMTP)


def answer_to(letter: Letter, text: str) -> bytes:
    """What the customer's mail program makes of "Reply": to the Reply-To, with the thread and the quoted text."""
    theirs = letter.message
    message = EmailMessage()
    message["From"], message["To"] = letter.recipients[0], str(theirs["Reply-To"] or theirs["From"])
    message["Subject"] = "Re: " + theirs["Subject"]
    message["In-Reply-To"] = theirs["Message-ID"]
    message["References"] = f"{theirs['References'] or ''} {theirs['Message-ID']}".strip()
    message["Message-ID"] = "<the-customers-answer@customer.example>"
    quoted = "".join(f"> {line}\n" for line in letter.text.splitlines())
    message.set_content(f"{text}\n\nOn Monday the desk wrote:\n{quoted}")
    return message.as_bytes(policy=email.policy.SMTP)


def hand_over(raw: bytes, port: int, *, sender: str = "someone@customer.example") -> None:
    """Deliver by LMTP, as a mail server beside the desk does."""
    with smtplib.LMTP("127.0.0.1", port, timeout=30) as session:
        session.sendmail(sender, [ADDRESS], raw)
