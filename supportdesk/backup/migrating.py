"""Brings empty tables to the version of a backup, and loaded ones from there to this version."""

from collections.abc import Collection, Iterator

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from tickets.errors import DeskError

Migration = tuple[str, str]


def has_unapplied_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def migrate_fully() -> None:
    call_command("migrate", interactive=False, verbosity=0)


def migrate_to(applied: Collection[Migration]) -> None:
    """Make the tables of an empty desk as they were when exactly these migrations were applied."""
    executor = MigrationExecutor(connection)
    unknown = sorted(set(applied) - set(executor.loader.disk_migrations))
    if unknown:
        raise DeskError(
            _(
                "The backup was written by a later version of the desk (migration %(name)s). Install that version."
            )
            % {"name": ".".join(unknown[0])}
        )
    targets = list(_last_ones(executor.loader, set(applied)))
    if set(targets) == set(executor.loader.graph.leaf_nodes()):
        migrate_fully()
        return
    executor.migrate(targets)


def _last_ones(loader: MigrationLoader, applied: set[Migration]) -> Iterator[Migration]:
    """The migrations that were applied and after which none of the same app was."""
    there = {key for key in loader.graph.nodes if _is_applied(loader, key, applied)}
    for key in sorted(there):
        later = {child.key for child in loader.graph.node_map[key].children}
        if not any(child in there and child[0] == key[0] for child in later):
            yield key


def _is_applied(loader: MigrationLoader, key: Migration, applied: set[Migration]) -> bool:
    replaced = {(app, name) for app, name in loader.disk_migrations[key].replaces}
    return key in applied or bool(replaced and replaced <= applied)
