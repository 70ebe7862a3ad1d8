"""manage.py retention: removes what was kept for long enough, or says what that would be."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from customers import time_of_record
from supportdesk.personal_data.retention import count_old, remove_old


class Command(BaseCommand):
    help = "Remove data that was kept for as long as the settings KEEP_..._DAYS and SIGN_IN_KEEP_DAYS say."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what would be removed")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now = time_of_record.now()
        removed = count_old(now=now) if dry_run else remove_old(now=now, may_go_on=lambda: True)
        for each in removed:
            words = {
                "title": each.kind.title,
                "setting": each.kind.setting,
                "count": each.count,
                "days": each.kind.days,
            }
            if not each.kind.days:
                text = _("%(title)s: all kept (%(setting)s=0)")
            elif dry_run:
                text = _("%(title)s: %(count)s would be removed (%(setting)s=%(days)s)")
            else:
                text = _("%(title)s: %(count)s removed (%(setting)s=%(days)s)")
            self.stdout.write(text % words)
