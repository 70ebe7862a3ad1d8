"""manage.py sync_schedules: makes the queue's schedule rows equal to the timetable in the code."""

from typing import Any

from django.core.management.base import BaseCommand

from customers import time_of_record
from supportdesk.schedules import sync_schedules


class Command(BaseCommand):
    help = "Create, repair and remove schedule rows so that they equal the timetable in the code."

    def handle(self, *args: Any, **options: Any) -> None:
        report = sync_schedules(now=time_of_record.now())
        for verb, names in (
            ("created", report.created),
            ("repaired", report.repaired),
            ("removed", report.removed),
        ):
            for name in names:
                self.stdout.write(f"{verb} {name}")
        if not report.changed:
            self.stdout.write("The schedules are as they should be.")
