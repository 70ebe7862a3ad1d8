"""Records that a mail listener lives on this machine, what it had to refuse, and how much room its disk has."""

import os
import secrets
import socket
import time
from datetime import timedelta

from django.db.models import Q

from customers import time_of_record
from customers.time_of_record import FUTURE
from supportdesk.models import MailListener
from supportdesk.processes.host_clock import WrongClockReport
from tickets.lib.free_space import disk_room
from tickets.listener import Refusals

FORGOTTEN = timedelta(days=1)


class ListenerReport:
    """Called every few seconds by the listener, in a thread of its own."""

    def __init__(self) -> None:
        self.report_wrong_clock = WrongClockReport()
        self.host = socket.gethostname()[:64]
        self.name = f"{self.host}:{os.getpid()}-{secrets.token_hex(4)}"

    def __call__(self, refusals: Refusals) -> None:
        now = time_of_record.now()
        at = refusals.at
        MailListener.objects.update_or_create(
            name=self.name,
            defaults={
                "host": self.host,
                "seen_at": now,
                "free_mb": disk_room().megabytes,
                "refused": refusals.number,
                "refused_at": None if at is None else now - timedelta(seconds=time.monotonic() - at),
                "answer": refusals.answer[:200],
            },
        )

        self.report_wrong_clock()

    def forget_others(self) -> None:
        """Remove earlier listeners of this machine, and of others those that nobody misses any more."""
        others = MailListener.objects.exclude(name=self.name)
        others.filter(host=self.host).delete()
        now = time_of_record.now()
        others.filter(Q(seen_at__lt=now - FORGOTTEN) | Q(seen_at__gt=now + FUTURE)).delete()

    def end(self) -> None:
        """The listener is stopped in order."""
        MailListener.objects.filter(name=self.name).delete()
