"""manage.py watch_mail: have new mail fetched at once, where the server tells of it, until SIGTERM or Ctrl-C."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from customers import time_of_record
from tickets.nudges import nudge_mailbox
from tickets.services.watching import MailWatch


class Command(BaseCommand):
    help = "Waits for new mail by IMAP IDLE and has it fetched at once. Polling goes on beside it."

    def handle(self, *args: Any, **options: Any) -> None:
        watch = MailWatch(nudge_mailbox, read_clock=time_of_record.now)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_words: watch.stop())
        watch.run()
