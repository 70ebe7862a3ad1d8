"""manage.py receive_email < mail: take one mail from a mail server's pipe, as started from .forward or aliases."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from customers import time_of_record
from tickets.lib.free_space import disk_room
from tickets.models import Mailbox
from tickets.services.intake import receive_raw
from tickets.services.mailboxes import mailbox_for


class Command(BaseCommand):
    help = (
        "Stores a mail from standard input. Exits with 0 once it is stored and with 75 (EX_TEMPFAIL) when it could "
        "not be: the mail server keeps the mail then and tries again. Nothing is ever sent back to the sender."
    )
    # A warning of a system check must not keep mail out.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mailbox", help="address of the mailbox (default: DESK_ADDRESS)")

    def handle(self, *args: Any, mailbox: str | None, **options: Any) -> None:
        try:
            self._store(sys.stdin.buffer.read(), mailbox)
        except CommandError:
            raise
        except Exception as error:  # whatever it was, it is our fault: the mail server must keep the mail
            raise _try_later(error) from error

    def _store(self, raw: bytes, address: str | None) -> None:
        if not raw:
            self.stderr.write(_("No email on standard input; nothing was stored."))
            return
        if (room := disk_room()).is_used_up:
            raise CommandError(
                _("There is no room for email: %(folder)s has only %(free)s MB left. Deliver it again later.")
                % {"folder": room.folder, "free": room.megabytes},
                returncode=os.EX_TEMPFAIL,
            )
        box = _mailbox(address) if address else None
        receive_raw(raw=raw, received_at=time_of_record.now(), via="pipe", mailbox=box)


def _mailbox(address: str) -> Mailbox:
    box = mailbox_for(address)
    if box is None:
        raise CommandError(
            _("There is no active mailbox %(address)s.") % {"address": address}, returncode=os.EX_TEMPFAIL
        )
    return box


def _try_later(error: Exception) -> CommandError:
    words = {"error": f"{type(error).__name__}: {error}"}
    return CommandError(
        _("The email could not be stored (%(error)s). Deliver it again later.") % words,
        returncode=os.EX_TEMPFAIL,
    )
