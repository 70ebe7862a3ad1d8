"""manage.py load_demo: fills an empty desk with the demo, and prints how to sign in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers import time_of_record
from supportdesk.demo import load_demo
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Loads a believable desk into an empty database; a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--smtp-port", type=int, default=8025, help="where the desk takes email (default: %(default)s)"
        )

    def handle(self, *args: Any, smtp_port: int, **options: Any) -> None:
        try:
            report = load_demo(now=time_of_record.now(), say=self._say)
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal
        for login in report.logins:
            self._say(f"{login.role}: {login.username} {login.password}")
        self._say(report.paste_line(smtp_port=smtp_port))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
