"""manage.py listen_mail: the mail listener of the tickets app, watched by the desk's monitoring."""

from typing import Any

from supportdesk.processes.cluster.reports import without_failing
from supportdesk.processes.listener_reports import ListenerReport
from tickets.management.commands.listen_mail import Command as PlainCommand


class Command(PlainCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        self.report = ListenerReport()
        without_failing(self.report.forget_others)
        super().handle(*args, **options)
        without_failing(self.report.end)
