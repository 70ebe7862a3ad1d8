"""Counts the rows of several queries with one statement."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def count_together(queries: Mapping[str, QuerySet[Any]], *, most: int) -> dict[str, int]:
    """How many rows each query has, by its name and no further than ``most``. One query, none if all are empty."""
    counts, parts = dict.fromkeys(queries, 0), {}
    values: list[Any] = []
    for name, rows in queries.items():
        try:
            sql, params = rows.order_by().values("pk")[:most].query.sql_with_params()
        except EmptyResultSet:
            continue
        parts[name] = f"(SELECT COUNT(*) FROM ({sql}) AS counted)"  # noqa: S608 - written by Django
        values += params
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts.values())}", values)
            counts.update(zip(parts, cursor.fetchone(), strict=True))
    return counts
