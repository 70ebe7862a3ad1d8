"""manage.py explain_clock: explains one promise in full, as text or as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from customers import time_of_record
from escalation.explaining.json_document import as_document
from escalation.explaining.loading import explain
from escalation.explaining.plain_text import as_text
from escalation.explaining.report import report_of
from escalation.models import Clock


class Command(BaseCommand):
    help = "Explain a promise: its start, its terms, each stretch of working time, and how it ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "promise", type=int, help="the number of the promise, from the address of its page"
        )
        parser.add_argument("--json", action="store_true", help="as JSON with stable keys")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES])

    def handle(self, *args: Any, promise: int, **options: Any) -> None:
        explanation = explain(Clock.objects.all(), promise, now=time_of_record.now())
        if explanation is None:
            raise CommandError(_("There is no SLA %(number)s.") % {"number": promise})
        if options["json"]:
            self.stdout.write(json.dumps(as_document(explanation), ensure_ascii=False, indent=2))
            return
        with translation.override(options["language"] or settings.LANGUAGE_CODE):
            self.stdout.write(as_text(report_of(explanation, zone=timezone.get_current_timezone_name())))
