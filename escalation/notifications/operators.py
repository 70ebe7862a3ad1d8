"""Tells the operators about the desk itself: that mail stopped, and that it comes again."""

from datetime import datetime

from django.contrib.auth.models import User

from escalation.choices import Medium, NoticeKind
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell

BACKEND = "django.contrib.auth.backends.ModelBackend"
CHANNELS = (Medium.CHAT, Medium.MAIL)  # the mail server may be what stopped


def tell_operators(kind: NoticeKind, detail: str, *, at: datetime) -> None:
    """``detail`` is the part of the text that is no sentence of ours."""
    for user in operators():
        tell(user, Notice(kind, None, detail=detail), at=at, channels=CHANNELS)


def operators() -> list[User]:
    """Whoever may change mailboxes: those who are given it by a group, else the administrators."""
    able = (
        User.objects.with_perm("tickets.change_mailbox", backend=BACKEND).filter(is_staff=True).order_by("pk")
    )
    users = list(dict.fromkeys(able))  # a permission may come by several groups
    return [user for user in users if not user.is_superuser] or users
