"""Access tokens of mailboxes: kept until they expire, renewed before that and after a refusal."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from customers.time_of_record import FUTURE
from tickets.models import Mailbox
from tickets.models.mailbox import SECRETS, MailLogin
from tickets.protocols.oauth import AccessToken, TokenClient, request_token
from tickets.protocols.problems import TokenRefused

MARGIN = timedelta(minutes=2)  # a token that expires sooner might do so before the server has seen it
# What makes an account another one, besides its secrets.
ACCOUNT = ("host", "port", "security", "login", "username", "token_url", "client_id", "scope")
CLAIM = timedelta(minutes=1)  # longer than a token server may take to answer


def kept_token(mailbox: Mailbox, *, now: datetime) -> str:
    """The stored access token; empty if there is none that is still valid for a while."""
    until = mailbox.access_token_until
    return mailbox.access_token or "" if until is not None and now < until - MARGIN else ""


def renew_token(mailbox: Mailbox, *, now: datetime) -> str:
    """Get a new access token and store it, with the refresh token if the server replaced it. Raises TokenRefused.

    One process renews at a time, since a server may accept a refresh token only once.
    """
    refused = mailbox.access_token
    client_of(mailbox)
    if not _claim(mailbox, now=now):
        raise TokenRefused(_("A new access token is being requested right now. Try again in a moment."))
    try:
        _follow(mailbox)
        if mailbox.access_token != refused and (token := kept_token(mailbox, now=now)):
            return token
        return _renew(mailbox, now=now)
    finally:
        Mailbox.objects.filter(pk=mailbox.pk).update(token_claimed_until=None)


def token_for_test(mailbox: Mailbox, *, is_typed: bool, now: datetime) -> AccessToken:
    """A token for the values of a form. Raises TokenRefused.

    Nothing is stored, unless the server replaced the stored refresh token; with ``is_typed`` it is not the stored one.
    """
    if is_typed or mailbox.pk is None:
        return request_token(client_of(mailbox))
    if not _claim(mailbox, now=now):
        raise TokenRefused(_("A new access token is being requested right now. Try again in a moment."))
    try:
        token = request_token(client_of(mailbox))
        if token.refresh_token:
            Mailbox.objects.filter(pk=mailbox.pk, token_url=mailbox.token_url).update(
                refresh_token=token.refresh_token
            )
            mailbox.refresh_token = token.refresh_token
        return token
    finally:
        Mailbox.objects.filter(pk=mailbox.pk).update(token_claimed_until=None)


def _follow(mailbox: Mailbox) -> None:
    """Read the secrets anew, unless they are for another account by now. Raises TokenRefused."""
    before = _account(mailbox)
    mailbox.refresh_from_db(fields=[*ACCOUNT, *SECRETS, "access_token_until"])
    if _account(mailbox) != before:
        raise TokenRefused(_changed_meanwhile())


def _account(mailbox: Mailbox) -> dict[str, object]:
    return {name: getattr(mailbox, name) for name in ACCOUNT}


def _changed_meanwhile() -> str:
    return _("The mailbox was changed meanwhile. The next fetch uses what is entered now.")


def _renew(mailbox: Mailbox, *, now: datetime) -> str:
    token = request_token(client_of(mailbox))
    new = {"access_token": token.value, "access_token_until": now + token.lives}
    if token.refresh_token:
        new["refresh_token"] = token.refresh_token
    _store(mailbox, **new)
    return token.value


def _store(mailbox: Mailbox, **values: object) -> None:
    """Keep what was got for this account. Raises TokenRefused if the mailbox has another one by now."""
    for name, value in values.items():
        setattr(mailbox, name, value)
    if not Mailbox.objects.filter(pk=mailbox.pk, **_account(mailbox)).update(**values):
        raise TokenRefused(_changed_meanwhile())


def _claim(mailbox: Mailbox, *, now: datetime) -> bool:
    is_free = Q(token_claimed_until=None) | Q(token_claimed_until__lt=now)
    is_wrong = Q(token_claimed_until__gt=now + CLAIM + FUTURE)  # made while a clock was wrong
    free = Mailbox.objects.filter(is_free | is_wrong, pk=mailbox.pk)
    return free.update(token_claimed_until=now + CLAIM) == 1


def client_of(mailbox: Mailbox) -> TokenClient:
    """Raises TokenRefused if a field is missing."""
    by_refresh_token = mailbox.login == MailLogin.REFRESH_TOKEN
    needed = mailbox.refresh_token if by_refresh_token else mailbox.client_secret
    if not (mailbox.token_url and mailbox.client_id and needed):
        raise TokenRefused(
            _("Token address, client ID or refresh token is missing. Enter them on the mailbox.")
            if by_refresh_token
            else _("Token address, client ID or client secret is missing. Enter them on the mailbox.")
        )
    return TokenClient(
        mailbox.token_url,
        mailbox.client_id,
        mailbox.client_secret or "",
        (by_refresh_token and mailbox.refresh_token) or "",
        mailbox.scope,
    )
