"""Makes tables as desks did before the migrations were squashed: by all the replaced files, or by the first of them.

A program: `replaced.py` migrates all apps, `replaced.py APP=MIGRATION APP ...` migrates those, as `manage.py migrate`
does, with whatever they need. `replaced.py earlier` gives a desk that was made from the squashed files before these.
"""

import os
import sys

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

# Squashed files that are no longer there. Desks that were made from them have recorded them and what they replaced.
EARLIER = {
    "customers": "0001_squashed_0008_contacts_from_mail",
    "tickets": "0001_squashed_0016_reply_addresses",
    "escalation": "0001_squashed_0025_words",
    "supportdesk": "0001_squashed_0012_readers_of_marked_mail",
}


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


def take(*targets: str) -> None:
    for target in targets:
        call_command("migrate", *target.split("=") if target else (), verbosity=0)


def take_earlier_squashed_files() -> None:
    take(*(f"{app}={end_of(name)}" for app, name in EARLIER.items()))
    for app, name in EARLIER.items():
        MigrationRecorder(connection).record_applied(app, name)


def end_of(squashed_file: str) -> str:
    """The number of the last file that it replaces."""
    return squashed_file.split("_")[2]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    django.setup()
    forget_squashed_migrations()
    if sys.argv[1:] == ["earlier"]:
        take_earlier_squashed_files()
    else:
        take(*sys.argv[1:] or [""])
