"""Which database rights the desk's own user has over the ledger, and the rights that it needs (PostgreSQL)."""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from escalation.clocks.ledger_guard import KEYS

OWNS = """
    SELECT bool_or(pg_has_role(current_user, relowner, 'MEMBER')) FROM pg_class
    WHERE oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)
"""
MAY = """
    SELECT bool_or(has_table_privilege(current_user, to_regclass(name), 'UPDATE, DELETE, TRUNCATE, TRIGGER'))
    FROM unnest(%s::text[]) AS name
"""


def can_rewrite_ledger(connection: BaseDatabaseWrapper) -> bool:
    """True if the desk's database user could switch the triggers off or needs none of them: always so on SQLite."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        for question in (OWNS, MAY):
            cursor.execute(question, [list(KEYS)])
            if cursor.fetchone()[0]:
                return True
    return False


def grants(connection: BaseDatabaseWrapper, role: str) -> Iterator[str]:
    """The statements by which the owner of the tables lets a role run the desk: lines and seals it may only add.

    They hold for the tables that there are; they are to be run again after each `migrate`.
    """
    name = connection.ops.quote_name(role)
    yield f"GRANT USAGE ON SCHEMA public TO {name}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}"
    for table in KEYS:
        yield f"REVOKE UPDATE, DELETE ON {table} FROM {name}"
