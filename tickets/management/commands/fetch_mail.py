"""manage.py fetch_mail: fetch the mailboxes now and print how each went."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from customers import time_of_record
from tickets.models import Mailbox
from tickets.services.fetching import fetch_mailbox
from tickets.services.leases import FetchReport
from tickets.services.mailboxes import mailbox_for


class Command(BaseCommand):
    help = "Fetches mail by IMAP, from every mailbox that has a host or from one. Exits with 1 if one failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mailbox", help="address of one mailbox (default: all)")

    def handle(self, *args: Any, mailbox: str | None, **options: Any) -> None:
        boxes = [_polled(mailbox)] if mailbox else _all_polled()
        if not boxes:
            self.stdout.write(_("No mailbox has an IMAP host, so there is nothing to fetch."))
        failed = [report for report in map(self._fetch, boxes) if report.problem]
        if failed:
            raise CommandError("\n".join(f"{report.address}: {report.problem}" for report in failed))

    def _fetch(self, box: Mailbox) -> FetchReport:
        report = fetch_mailbox(box.pk, read_clock=time_of_record.now)
        self.stdout.write(str(report))
        return report


def _all_polled() -> list[Mailbox]:
    return [box for box in Mailbox.objects.order_by("pk") if box.is_polled]


def _polled(address: str) -> Mailbox:
    box = mailbox_for(address)
    if box is None or not box.is_polled:
        raise CommandError(
            _("There is no active mailbox %(address)s with an IMAP host. Check it in the admin.")
            % {"address": address}
        )
    return box
