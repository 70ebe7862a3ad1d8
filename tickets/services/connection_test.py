"""Tries a mailbox as a form describes it: server, login, folders, sending. Stores, fetches and sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.phrases import listed, sentences
from tickets.models import Mailbox
from tickets.models.mailbox import AfterFetch, MailProtocol
from tickets.protocols.imap import Account, ImapSession, open_session
from tickets.protocols.pop3 import open_maildrop
from tickets.protocols.problems import FolderRefused, LoginRefused, MailboxProblem, TokenRefused
from tickets.protocols.secret_masking import without_secrets
from tickets.protocols.smtp import ServerUnreachable, try_sender
from tickets.services.access_tokens import token_for_test
from tickets.services.connecting import account_of, refuse_gaps
from tickets.services.fetching import problem_of

SECONDS = 5.0  # for each answer of a server, as somebody waits for the result
MOST_NAMED = 30
MOST_BYTES = 10_000_000  # of the lists of a maildrop


@dataclass(frozen=True)
class TriedStep:
    """One thing that was tried. ``text`` is a sentence without secrets."""

    title: str
    is_ok: bool
    text: str


def try_mailbox(
    mailbox: Mailbox, *, folders: Sequence[str], has_new_refresh_token: bool, now: datetime
) -> list[TriedStep]:
    """Try everything that the desk does with this mailbox, in the order in which it does it.

    The mailbox need not be saved. ``has_new_refresh_token``: it was typed now and is not the stored one.
    """
    steps: list[TriedStep] = []
    if mailbox.host:
        steps += _try_receiving(mailbox, folders, has_new_refresh_token=has_new_refresh_token, now=now)
    return [*steps, _try_sending(mailbox.address)]


def _try_receiving(
    mailbox: Mailbox, folders: Sequence[str], *, has_new_refresh_token: bool, now: datetime
) -> Iterator[TriedStep]:
    place = f"{mailbox.host}:{mailbox.port}"
    with ExitStack() as stack:
        try:
            secret = mailbox.password or ""
            refuse_gaps(mailbox)
            if mailbox.has_token_login:
                token = token_for_test(mailbox, is_typed=has_new_refresh_token, now=now)
                secret = token.value
                yield _token_step(is_replaced=bool(token.refresh_token) and has_new_refresh_token)
            if mailbox.protocol == MailProtocol.POP3:
                yield from _try_maildrop(account_of(mailbox, secret))
                return
            session = stack.enter_context(open_session(account_of(mailbox, secret), timeout=SECONDS))
        except TokenRefused as problem:
            yield TriedStep(_("Access token"), False, str(problem))
        except LoginRefused as problem:
            yield TriedStep(_("Server"), True, _("%(place)s responds.") % {"place": place})
            yield TriedStep(_("Login"), False, str(problem))
        except MailboxProblem as problem:
            yield TriedStep(_("Server"), False, str(problem))
        except Exception as error:  # whatever the server answers, somebody waits for a sentence
            yield TriedStep(_("Server"), False, problem_of(mailbox, error))
        else:
            yield TriedStep(_("Server"), True, _("%(place)s responds.") % {"place": place})
            yield TriedStep(_("Login"), True, _("%(user)s is logged in.") % {"user": mailbox.username})
            yield from _try_folders(mailbox, session, folders)


def _try_maildrop(account: Account) -> Iterator[TriedStep]:
    with open_maildrop(account, timeout=SECONDS, most_bytes=MOST_BYTES) as drop:
        count = len(drop.uidls)
    yield TriedStep(_("Server"), True, _("%(place)s responds.") % {"place": account.place})
    text = ngettext("%(count)s email is there.", "%(count)s emails are there.", count)
    yield TriedStep(_("Login"), True, text % {"count": count})


def _token_step(*, is_replaced: bool) -> TriedStep:
    if not is_replaced:
        return TriedStep(_("Access token"), True, _("The token server gave an access token."))
    return TriedStep(
        _("Access token"),
        True,
        _(
            "The token server gave an access token and replaced the refresh token. If it accepts each only once, "
            "enter a new one before you save."
        ),
    )


def _try_folders(mailbox: Mailbox, session: ImapSession, folders: Sequence[str]) -> Iterator[TriedStep]:
    wanted = [(_("Folder %(name)s"), name) for name in folders]
    if mailbox.after_fetch == AfterFetch.MOVE:
        wanted.append((_("Folder %(name)s for stored email"), mailbox.move_to))
    for title, name in wanted:
        yield _try_folder(session, title % {"name": name}, name)


def _try_folder(session: ImapSession, title: str, name: str) -> TriedStep:
    try:
        session.select(name)
    except FolderRefused as problem:
        return TriedStep(title, False, sentences([_ended(str(problem)), _folders_there(session)]))
    except Exception as problem:  # whatever the server answers, the next step can be tried
        said = without_secrets(str(problem), [session.account.secret])
        return TriedStep(title, False, said or type(problem).__name__)
    return TriedStep(title, True, _("It can be opened."))


def _ended(text: str) -> str:
    """The text with a full stop: the words of a server at its end may have none."""
    return text if text.endswith((".", "。")) else f"{text}."


def _folders_there(session: ImapSession) -> str:
    try:
        names = session.folder_names()
    except Exception:  # the names are a help only
        return ""
    shown = listed(names[:MOST_NAMED]) + ("..." if len(names) > MOST_NAMED else "")
    return _("The server has: %(names)s.") % {"names": shown}


def _try_sending(address: str) -> TriedStep:
    try:
        return TriedStep(_("Sending"), True, try_sender(address, timeout=SECONDS))
    except ServerUnreachable as problem:
        return TriedStep(_("Sending"), False, str(problem))
