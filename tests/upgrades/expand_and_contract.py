"""The rule that migrations keep so that the last release's code works on the new schema: expand first, contract later.

1. A release may add: tables, columns that are nullable or have a `db_default`, indexes.
2. It may take away or rename only what the code of an earlier release had stopped to use. The migration names that
   release: `unused_since = "0.2.0"`.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

CONTRACTING = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.DeleteModel,
    migrations.AlterModelTable,
)
CONTRACTING_SQL = re.compile(
    r"\b(?:DROP\s+(?:TABLE|COLUMN)|RENAME\s+(?:TO|COLUMN)|SET\s+NOT\s+NULL)\b", re.IGNORECASE
)


def faults_of(migration: migrations.Migration, state: ProjectState, releases: set[str]) -> Iterator[str]:
    """A sentence for each operation that breaks the rule. ``state`` is that before the migration, and is moved on."""
    is_named = getattr(migration, "unused_since", None) in releases
    for operation in migration.operations:
        for each in in_the_database(operation):
            yield from _faults(each, migration.app_label, state, may_contract=is_named)
        operation.state_forwards(migration.app_label, state)


def in_the_database(operation: Operation) -> Iterator[Operation]:
    """The operations that change tables; what changes Django's picture of them only is left out."""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from in_the_database(each)
    else:
        yield operation


def _faults(operation: Operation, app: str, state: ProjectState, *, may_contract: bool) -> Iterator[str]:
    what = operation.describe()
    if isinstance(operation, CONTRACTING) and not may_contract:
        yield f"{what}: the last release uses it. Name the release that does not: unused_since."
    if (
        isinstance(operation, migrations.RunSQL)
        and CONTRACTING_SQL.search(str(operation.sql))
        and not may_contract
    ):
        yield f"{what}: takes away what the last release uses. Name the release that does not: unused_since."
    if isinstance(operation, migrations.AddField) and refuses_old_rows(operation.field):
        yield f"{what}: the last release inserts without it. Give it a db_default, or null=True."
    if isinstance(operation, migrations.AlterField) and refuses_old_rows(operation.field):
        before = state.models[app, operation.model_name_lower].fields[operation.name]
        if not refuses_old_rows(before):
            yield f"{what}: the last release inserts without it. Leave it a db_default, or null=True."


def refuses_old_rows(field: "models.Field[Any, Any]") -> bool:
    """True if a row cannot be inserted by code that does not know the column."""
    is_column = not field.many_to_many
    return is_column and not field.null and field.db_default is NOT_PROVIDED
