"""manage.py rotate_keys: encrypts every stored secret with the first of ENCRYPTION_KEYS."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from customers.encryption_keys import id_of_key, keyring
from supportdesk.encrypted_values import (
    RotationReport,
    encrypt_factors_with_current_key,
    encrypt_with_current_key,
    encrypted_columns,
    key_ids_in_use,
)
from supportdesk.secrets import HOW_TO_MAKE_ONE, replace_kept_encryption_keys


class Command(BaseCommand):
    help = "Encrypt every stored secret with the current key, while the desk runs, and report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-key",
            action="store_true",
            help="only make a new key, where the desk keeps its own keys; restart the desk before the next step",
        )

    def handle(self, *args: Any, new_key: bool, **options: Any) -> None:
        if new_key:
            self._make_key()
            return
        ring = keyring()
        self.stdout.write(_("The key %(id)s encrypts.") % {"id": ring.current.id})
        reports = [encrypt_with_current_key(column) for column in encrypted_columns()]
        reports.append(encrypt_factors_with_current_key())
        for report in reports:
            self._tell(report)
        idle = [key.id for key in ring.keys[1:] if key.id not in key_ids_in_use()]
        unreadable = sum(len(report.unreadable) for report in reports)
        if unreadable:
            raise CommandError(
                _(
                    "%(count)s values cannot be read and were left as they are. Put their key back among "
                    "ENCRYPTION_KEYS or SECRET_KEY_FALLBACKS and begin again, or enter the values anew."
                )
                % {"count": unreadable}
            )
        if idle:
            self.stdout.write(
                _("Keys that encrypt nothing here any more, but that earlier backups may need: %(ids)s")
                % {"ids": ", ".join(idle)}
            )

    def _make_key(self) -> None:
        if not settings.KEEPS_OWN_KEYS:
            raise CommandError(
                _("The environment names the keys. Put a new one first in ENCRYPTION_KEYS: %(how)s")
                % {"how": HOW_TO_MAKE_ONE}
            )
        key = secrets.token_urlsafe(50)
        replace_kept_encryption_keys(settings.VAR_DIR / "encryption_keys", [key, *settings.ENCRYPTION_KEYS])
        self.stdout.write(
            _("The key %(id)s was made. Restart the desk, then run manage.py rotate_keys.")
            % {"id": id_of_key(key)}
        )

    def _tell(self, report: RotationReport) -> None:
        words = {"column": report.column, "count": report.encrypted}
        self.stdout.write(_("%(column)s: %(count)s encrypted anew") % words)
        for value in report.unreadable:
            words = {"row": value.row, "field": value.field, "id": value.key_id or "-"}
            self.stdout.write(_("%(row)s, %(field)s: cannot be read (key %(id)s)") % words)
