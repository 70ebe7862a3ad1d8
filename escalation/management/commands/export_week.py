"""manage.py export_week: freezes a week's pack, corrects one, or writes a preview into a folder."""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers import time_of_record
from escalation.exports.due_weeks import desk_zone
from escalation.exports.pack import export_week, preview_week
from escalation.lib.weeks import Week, WeekError, last_complete_week, parse_week
from tickets.errors import DeskError


class Command(BaseCommand):
    help = "Freeze the pack of a week (three sheets and a manifest); a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--week", help="such as 2026-W47; without it the last week that is over")
        parser.add_argument(
            "--correct", metavar="REASON", default="", help="make a further revision and say why"
        )
        parser.add_argument(
            "--preview",
            metavar="FOLDER",
            type=Path,
            help="only write the files of the week so far into a folder",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = time_of_record.now()
        try:
            week = parse_week(options["week"]) if options["week"] else last_complete_week(at, desk_zone())
            if options["preview"]:
                self._preview(week, at, options["preview"])
            else:
                self._export(week, at, options["correct"])
        except (WeekError, DeskError) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _export(self, week: Week, at: datetime, correct: str) -> None:
        export = export_week(week=week, at=at, actor=None, correct=correct)
        self.stdout.write(
            f"Week {export.week}, revision {export.revision}, frozen {export.created_at:%Y-%m-%d %H:%M} UTC:"
        )
        for file in export.files.all():
            self.stdout.write(f"  {file.path}  {file.rows} rows  sha256 {file.sha256}")

    def _preview(self, week: Week, at: datetime, folder: Path) -> None:
        pack = preview_week(week=week, at=at, folder=folder)
        self.stdout.write(f"Preview of week {week}, neither kept nor mailed:")
        for name, summary in pack.files.items():
            self.stdout.write(f"  {folder / name}  {summary.rows} rows  sha256 {summary.sha256}")
