"""The result of loading the demo: how to sign in, and a command line that writes to the desk as a customer."""

from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings

PASTED_FROM = "maya.torres@lumora-live.example"


@dataclass(frozen=True)
class Login:
    """An account for looking at the desk; the password is empty if it was changed since."""

    role: str
    username: str
    password: str


@dataclass(frozen=True)
class DemoReport:
    """The result of a run; `fresh` is false if it found the data of an earlier run."""

    logins: tuple[Login, ...]
    fresh: bool

    def paste_line(self, *, smtp_port: int) -> str:
        """A line for any POSIX shell that sends a mail to the desk's own listener as a customer."""
        to = parseaddr(settings.DESK_ADDRESS)[1]
        mail = (
            f"From: Maya Torres <{PASTED_FROM}>\\r\\nTo: {to}\\r\\n"
            "Subject: Guests cannot join our rooms\\r\\n\\r\\n"
            "Since five minutes ago new viewers get error 1020 when they join. Please help.\\r\\n"
        )
        send = (
            f"import smtplib, sys; smtplib.SMTP('127.0.0.1', {smtp_port})"
            f".sendmail('{PASTED_FROM}', ['{to}'], sys.stdin.buffer.read())"
        )
        return f"printf '{mail}' | python3 -c \"{send}\""
