"""manage.py parse_email FILE ...: print what the desk reads in mails, one JSON object per line, without a database."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from tickets.mail.values import UnreadableMail
from tickets.management.mail_as_json import JsonObject, mail_as_json


class Command(BaseCommand):
    help = (
        "Reads mails from files and writes one JSON object a line: headers, text, files, what wrote the mail, whether "
        "a machine may answer it, whether its words count as a known contact's, and why. A file that cannot be read "
        "gives an object with an error. No database is used, nothing is stored."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a mail as it was received (.eml)")
        parser.add_argument("--json", action="store_true", help="write JSON, which is the only form there is")

    def handle(self, *args: Any, files: list[str], **options: Any) -> None:
        for name in files:
            self.stdout.write(json.dumps({"file": name, **_read(Path(name))}))


def _read(path: Path) -> JsonObject:
    try:
        return mail_as_json(path.read_bytes())
    except (OSError, UnreadableMail) as error:
        return {"error": str(error) or type(error).__name__}
    except Exception as error:  # a mail that breaks the parser must not keep us from reading the others
        return {"error": f"{type(error).__name__}: {error}"}
