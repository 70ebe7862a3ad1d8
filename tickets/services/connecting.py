"""Opens a folder of a mailbox with the mailbox's own login: by password, or by an access token that is renewed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from customers.encrypted_field import is_unreadable
from tickets.models import Mailbox, MailboxFolder
from tickets.models.mailbox import LOGIN_SECRETS, AfterFetch, MailLogin
from tickets.protocols.imap import Account, OpenFolder, open_folder
from tickets.protocols.problems import LoginRefused, MailboxProblem
from tickets.services.access_tokens import client_of, kept_token, renew_token


@contextmanager
def open_mailbox_folder(folder: MailboxFolder, *, now: datetime) -> Iterator[OpenFolder]:
    """Log in and select the folder; a kept token that the server refuses is renewed once. Raises MailboxProblem."""
    refuse_gaps(folder.mailbox)
    with ExitStack() as stack:
        yield _opened(folder, stack, now=now)


def _opened(folder: MailboxFolder, stack: ExitStack, *, now: datetime) -> OpenFolder:
    mailbox = folder.mailbox
    kept = _kept_secret(mailbox, now=now)
    secret = kept or renew_token(mailbox, now=now)
    try:
        return _open(folder, stack, secret)
    except LoginRefused:
        if not mailbox.has_token_login or not kept:
            raise
    return _open(folder, stack, renew_token(mailbox, now=now))


def _kept_secret(mailbox: Mailbox, *, now: datetime) -> str:
    return kept_token(mailbox, now=now) if mailbox.has_token_login else mailbox.password or ""


def _open(folder: MailboxFolder, stack: ExitStack, secret: str) -> OpenFolder:
    account = account_of(folder.mailbox, secret, folder.name)
    return stack.enter_context(open_folder(account, timeout=settings.MAIL_TIMEOUT_SECONDS))


def account_of(mailbox: Mailbox, secret: str, folder: str = "") -> Account:
    return Account(
        mailbox.host,
        mailbox.port,
        mailbox.security,
        "xoauth2" if mailbox.has_token_login else "password",
        mailbox.username,
        secret,
        folder,
    )


def refuse_gaps(mailbox: Mailbox) -> None:
    """Raises MailboxProblem if the mailbox lacks something without which nobody need ask the server."""
    if any(is_unreadable(getattr(mailbox, name)) for name in LOGIN_SECRETS[MailLogin(mailbox.login)]):
        raise MailboxProblem(
            _(
                "The stored password or token cannot be read: the desk lacks its key. Enter it again on the mailbox."
            )
        )
    if mailbox.has_token_login:
        client_of(mailbox)
    if not mailbox.username or (not mailbox.has_token_login and not mailbox.password):
        raise MailboxProblem(_("User name or password is missing. Enter both on the mailbox."))
    if mailbox.after_fetch == AfterFetch.MOVE and not mailbox.move_to:
        raise MailboxProblem(_("The folder to move email to is missing. Enter it on the mailbox."))
