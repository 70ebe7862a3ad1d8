"""manage.py migrate: Django's own command, by one process at a time."""

from typing import Any

from django.core.management.commands.migrate import Command as OriginalCommand

from supportdesk.processes.setup_lock import only_one_sets_up


class Command(OriginalCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with only_one_sets_up():
            super().handle(*args, **options)
