"""The result of loading the demo: how to sign in, and a command line that writes to the desk as a customer."""

from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings

PASTED_FROM = "maya.torres@lumora-live.example"


@dataclass(frozen=True)
class Login:
    """An account to look at the desk with; the password is empty when somebody has changed it since."""

    role: str
    username: str
    password: str


@dataclass(frozen=True)
class DemoReport:
    """`fresh` says whether this run wrote the data, or found that of an earlier one."""

    logins: tuple[Login, ...]
    fresh: bool

    def paste_line(self, *, smtp_port: int) -> str:
        """One line for any POSIX shell that sends a mail to the desk's own listener as a customer."""
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
