"""Mails people who were put on duty or taken off duty, in the transaction of the change."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.names import desk_name, name_of
from customers.times import as_read_by, moment, reader_of
from escalation.models import DutyOverride
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.services.outgoing.outbox import queue_mail


def tell_put_on_duty(override: DutyOverride, *, actor: User | None, at: datetime) -> None:
    """Mail the person put on duty, unless they did it themselves."""
    _tell(override, _assigned_sentences, actor, at)


def tell_withdrawn(override: DutyOverride, *, actor: User | None, at: datetime) -> None:
    _tell(override, _withdrawn_sentences, actor, at)


def _assigned_sentences() -> tuple[str, str]:
    return (
        _("You are on duty: %(rota)s, %(from)s"),
        _("%(actor)s put you on duty for %(rota)s from %(from)s to %(to)s."),
    )


def _withdrawn_sentences() -> tuple[str, str]:
    return (
        _("No longer on duty: %(rota)s, %(from)s"),
        _("%(actor)s removed you from %(rota)s from %(from)s to %(to)s."),
    )


def _tell(
    override: DutyOverride, sentences: Callable[[], tuple[str, str]], actor: User | None, at: datetime
) -> None:
    reader = override.user
    if reader == actor or not reader.email:
        return
    with as_read_by(*reader_of(reader)):
        subject, text = sentences()
        words = _words(override, actor)
        with suppress(DeskError):  # mistyped, or the desk's own address: the change stands anyway
            queue_mail(
                purpose=MailPurpose.NOTIFICATION,
                recipients=[reader.email],
                subject=subject % words,
                text="\n".join([text % words, _("Reason: %(reason)s") % words, "", _page(override)]),
                at=at,
            )


def _words(override: DutyOverride, actor: User | None) -> dict[str, str]:
    return {
        "actor": name_of(actor) if actor is not None else desk_name(),
        "rota": override.rota.name,
        "from": moment(override.starts_at),
        "to": moment(override.ends_at),
        "reason": override.reason,
    }


def _page(override: DutyOverride) -> str:
    return settings.SITE_URL + reverse("admin:escalation_dutyrota_calendar", args=[override.rota_id])
