"""manage.py sweep: enforces the promises once; a second starter beside the queue, for cron or systemd."""

from typing import Any

from django.core.management.base import BaseCommand

from escalation.tasks import run_sweep


class Command(BaseCommand):
    help = "Record breaches and fire every escalation step that is due. Safe to run at any time, any number of times."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Sweep done: {run_sweep()}")
