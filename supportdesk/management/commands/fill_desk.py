"""manage.py fill_desk --tickets N: fills an empty desk with tickets by the hundred thousand, for measurements."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers import time_of_record
from supportdesk.demo.filling import fill_desk
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Fills an empty desk with any number of tickets, to measure how fast it is. Nothing is sent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=100_000, help="how many (default: %(default)s)")

    def handle(self, *args: Any, tickets: int, **options: Any) -> None:
        if tickets < 1:
            raise CommandError("--tickets must be at least 1.")
        try:
            fill_desk(tickets=tickets, now=time_of_record.now(), say=self._say)
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
