"""Mails to people about their own account, as rows of the outbox, in their language and zone.

Links are made from SITE_URL, never from the host that somebody asked for.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from customers.names import desk_name, name_of
from customers.times import as_read_by, moment, reader_of
from supportdesk.accounts.agents import agent_in_words
from supportdesk.accounts.sign_ins import Visitor
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.services.outgoing.outbox import queue_mail


@dataclass(frozen=True)
class Letter:
    """Subject and text, with the names of `Facts.words` in them. A warning says what to do if it was somebody else."""

    subject: object
    text: object
    is_warning: bool = True


@dataclass(frozen=True)
class Facts:
    """What letters tell: when, from where, and what they ask to open."""

    at: datetime
    visitor: Visitor | None = None
    link: str = ""
    reason: str = ""
    by: str = ""
    email: str = ""

    def words(self) -> dict[str, str]:
        device = agent_in_words(self.visitor.agent) if self.visitor is not None else ""
        address = self.visitor.address if self.visitor is not None else ""
        return {
            "time": moment(self.at),
            "device": device or _("an unknown device"),
            "address": address or _("an unknown address"),
            "link": self.link,
            "reason": self.reason,
            "by": self.by,
            "email": self.email,
            "desk": desk_name(),
        }


NEW_DEVICE = Letter(
    gettext_lazy("New sign-in to %(desk)s"),
    gettext_lazy("Your account was used to sign in on %(time)s with %(device)s, from %(address)s."),
)
RESET = Letter(
    gettext_lazy("Set a new password for %(desk)s"),
    gettext_lazy(
        "Somebody asked to set a new password for your account. If it was you, open this link within an hour:"
        "\n\n%(link)s\n\nIf it was not you, do nothing: your password stays as it is."
    ),
    is_warning=False,
)
CONFIRM_ADDRESS = Letter(
    gettext_lazy("Confirm your email address for %(desk)s"),
    gettext_lazy(
        "Open this link to confirm that %(email)s is your address:\n\n%(link)s\n\n"
        "If you do not know what this is about, do nothing."
    ),
    is_warning=False,
)
PASSWORD_CHANGED = Letter(
    gettext_lazy("Your password was changed"),
    gettext_lazy("The password of your account was changed on %(time)s with %(device)s, from %(address)s."),
)
ADDRESS_CHANGED = Letter(
    gettext_lazy("Your email address was changed"),
    gettext_lazy(
        "The email address of your account was changed on %(time)s with %(device)s, from %(address)s."
    ),
)
FACTOR_ADDED = Letter(
    gettext_lazy("A second factor was added to your account"),
    gettext_lazy(
        "An authenticator app, security key or passkey was added to your account on %(time)s with %(device)s, "
        "from %(address)s."
    ),
)
FACTOR_REMOVED = Letter(
    gettext_lazy("A second factor was removed from your account"),
    gettext_lazy(
        "An authenticator app, security key or passkey was removed from your account on %(time)s with "
        "%(device)s, from %(address)s."
    ),
)
NEW_CODES = Letter(
    gettext_lazy("You have new recovery codes"),
    gettext_lazy(
        "New recovery codes were made for your account on %(time)s with %(device)s, from %(address)s. The old "
        "ones no longer work."
    ),
)
HELPED = Letter(
    gettext_lazy("An administrator removed your second factor"),
    gettext_lazy(
        "%(by)s removed the second factors of your account on %(time)s, so that you can sign in with your "
        "password. Reason: %(reason)s\n\nSet up a new one when you have signed in."
    ),
)


# By the names under which allauth sends mails.
LETTERS = {
    "account/email/password_reset_key": RESET,
    "account/email/email_confirmation": CONFIRM_ADDRESS,
    "account/email/password_reset": PASSWORD_CHANGED,
    "account/email/password_changed": PASSWORD_CHANGED,
    "account/email/email_changed": ADDRESS_CHANGED,
    "mfa/email/totp_activated": FACTOR_ADDED,
    "mfa/email/totp_deactivated": FACTOR_REMOVED,
    "mfa/email/webauthn_added": FACTOR_ADDED,
    "mfa/email/webauthn_removed": FACTOR_REMOVED,
    "mfa/email/recovery_codes_generated": NEW_CODES,
}


def send_letter(letter: Letter, reader: User, facts: Facts, *, to: str = "") -> bool:
    """Queue the mail; False if the person has no address that mail can go to."""
    address = to or reader.email
    if not address or not reader.is_active:
        return False
    with as_read_by(*reader_of(reader)), suppress(DeskError), transaction.atomic():
        words = facts.words()
        queue_mail(
            purpose=MailPurpose.NOTIFICATION,
            recipients=[address],
            subject=str(letter.subject) % words,
            text=_text(letter, reader, words),
            at=facts.at,
        )
        return True
    return False


def _text(letter: Letter, reader: User, words: dict[str, str]) -> str:
    parts = [
        pgettext("to a colleague", "Hello %(name)s,") % {"name": name_of(reader)},
        str(letter.text) % words,
    ]
    if letter.is_warning:
        parts.append(_warning())
    return "\n\n".join([*parts, words["desk"]])


def _warning() -> str:
    words = {
        "account": settings.SITE_URL + reverse("my_account"),
        "reset": settings.SITE_URL + reverse("account_reset_password"),
    }
    return (
        _("If it was not you, set a new password at once, and end the sessions that you do not know:")
        + f"\n{words['reset']}\n{words['account']}"
    )
