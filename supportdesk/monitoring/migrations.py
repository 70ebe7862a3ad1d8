"""Checks that the database has every migration of this code. Without one, pages fail that need it."""

from collections.abc import Iterator

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from customers.phrases import listed
from supportdesk.monitoring.check_results import Check, CheckResult

MOST_NAMED = 6


class _CodeOfThisProcess:
    """What the code of this process needs. It does not change while the process lives, so it is read once."""

    newest: frozenset[tuple[str, str]] | None = None
    is_served = False


def unapplied_migrations() -> list[str]:
    """The names of those that the database lacks, in order. No query once it had them all, otherwise a few."""
    code = _CodeOfThisProcess
    if code.is_served:
        return []
    if code.newest is None:
        code.newest = frozenset(MigrationLoader(None).graph.leaf_nodes())
    code.is_served = code.newest <= MigrationRecorder(connection).applied_migrations().keys()
    return [] if code.is_served else _plan()


def _plan() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def missing_migrations() -> Iterator[CheckResult]:
    names = unapplied_migrations()
    if names:
        text = _("The database lacks migrations of this version: %(names)s. Run manage.py migrate.")
        named = [*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])]
        yield CheckResult(Check.MIGRATIONS, text % {"names": listed(named)})
