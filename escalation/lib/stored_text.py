"""Columns as the text that the hashes of the ledger use, made by the database: reading millions costs a tenth then."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func, TextField


class IsoTime(Func):
    """A time in UTC as Python's isoformat() writes it: `2026-11-18T12:00:00.250000+00:00`, without a zero fraction."""

    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **_more: Any) -> Any:
        text = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
        return self.as_sql(compiler, connection, template=f"replace({text}, '.000000', '') || '+00:00'")

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **_more: Any) -> Any:
        return self.as_sql(compiler, connection, template="replace(%(expressions)s, ' ', 'T') || '+00:00'")


class JsonText(Func):
    """A JSON column as text, to be read by a faster parser than Django's field has."""

    output_field = TextField()
    template = "CAST(%(expressions)s AS text)"
