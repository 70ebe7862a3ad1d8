"""Makes tables as desks did before the migrations were squashed: by all the replaced files, or by the first of them.

A program: `replaced.py` migrates all apps, `replaced.py APP=MIGRATION APP ...` migrates those, as `manage.py migrate`
does, with whatever they need.
"""

import os
import sys

import django
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader


def forget_squashed_migrations() -> None:
    """From here on Django sees only the files that they replace."""
    load = MigrationLoader.load_disk

    def load_the_others(loader: MigrationLoader) -> None:
        load(loader)
        last = {key: each.replaces[-1] for key, each in loader.disk_migrations.items() if each.replaces}
        for key in last:
            del loader.disk_migrations[key]
        for each in loader.disk_migrations.values():
            each.dependencies = [last.get(needed, needed) for needed in each.dependencies]

    MigrationLoader.load_disk = load_the_others


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    django.setup()
    forget_squashed_migrations()
    for target in sys.argv[1:] or [""]:
        call_command("migrate", *target.split("=") if target else (), verbosity=0)
