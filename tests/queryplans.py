"""What PostgreSQL does for the queries of a page: which large tables it reads through."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

READS = re.compile(r"\s*[(]?(SELECT|WITH)\b")
SHARE = 0.5  # a scan that ends after a smaller part of the table does not grow with it


@dataclass(frozen=True)
class WholeScan:
    """A table that one query reads through, and the rows that it reads."""

    job: str
    table: str
    rows: int
    sql: str


def large_tables_of(rows: int) -> dict[str, int]:
    """The rows of the tables that have more than so many, as the planner believes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND reltuples > %s "
            "AND relnamespace = current_schema()::regnamespace",
            [rows],
        )
        return {name: int(number) for name, number in cursor.fetchall()}


def queries_of(client: Client, url: str, headers: Iterable[tuple[str, str]] = ()) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        client.get(url, headers=dict(headers))
    return [query["sql"] for query in captured.captured_queries if READS.match(query["sql"])]


def whole_scans(job: str, sql: str, large_tables: dict[str, int]) -> list[WholeScan]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {sql}")
        plan = cursor.fetchone()[0][0]["Plan"]
    scans = [node for node in _nodes(plan) if node.get("Relation Name") in large_tables and _is_whole(node)]
    found = (WholeScan(job, node["Relation Name"], _rows_read(node), sql[:2_000]) for node in scans)
    return [scan for scan in found if scan.rows > SHARE * large_tables[scan.table]]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _is_whole(node: dict[str, Any]) -> bool:
    is_index = node["Node Type"].startswith("Index")
    return node["Node Type"] == "Seq Scan" or (is_index and "Index Cond" not in node)


def _rows_read(node: dict[str, Any]) -> int:
    return int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
