"""No page reads a large table through: the plans of every query of every page on a filled desk, for each role.

The desk is small enough for a test, so reading a table through is made to cost as much as on one ten times as large.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers import time_of_record
from supportdesk.demo.filling import fill_desk
from tests.deskpages import METRICS_TOKEN, ROLES, Page, pages, the_people

pytestmark = [pytest.mark.races, pytest.mark.django_db]

TICKETS = 12_000
LARGE = 5_000  # rows
DEARER = "SET LOCAL seq_page_cost = 10"
READS = re.compile(r"\s*[(]?(SELECT|WITH)\b")


@dataclass(frozen=True)
class WholeScan:
    """A table that one query reads through."""

    job: str
    table: str
    rows: int
    sql: str


@pytest.fixture(scope="module")
def large_tables(rows_of_the_module: None) -> set[str]:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    fill_desk(tickets=TICKETS, now=time_of_record.now(), say=lambda _line: None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [LARGE])
        return {name for (name,) in cursor.fetchall()}


@pytest.fixture
def dear_scans() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(DEARER)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL seq_page_cost = 1")


def test_the_tables_that_grow_are_watched(large_tables: set[str]) -> None:
    growing = {
        "ticket",
        "message",
        "messagetokens",
        "timelineentry",
        "outboundemail",
        "inboundemail",
        "rawmail",
    }
    assert {f"tickets_{name}" for name in growing} <= large_tables
    assert {"escalation_clock", "escalation_clockevent", "escalation_escalation"} <= large_tables


@pytest.mark.parametrize("role", ROLES)
def test_no_page_reads_a_large_table_through(
    role: str, large_tables: set[str], dear_scans: None, settings: Any
) -> None:
    settings.METRICS_TOKEN = METRICS_TOKEN
    user = the_people()[role]
    client = Client()
    client.force_login(user)
    scans = [
        scan
        for page in pages(user)
        if role in page.roles
        for sql in queries_of(client, page)
        for scan in whole_scans(page.job, sql, large_tables)
    ]
    assert scans == []


def test_a_query_without_an_index_is_noticed(large_tables: set[str], dear_scans: None) -> None:
    found = whole_scans("by hand", "SELECT count(*) FROM tickets_message WHERE body LIKE '%x%'", large_tables)
    assert [scan.table for scan in found] == ["tickets_message"]


def queries_of(client: Client, page: Page) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        client.get(page.urls[0], headers=dict(page.headers))
    return [query["sql"] for query in captured.captured_queries if READS.match(query["sql"])]


def whole_scans(job: str, sql: str, large_tables: set[str]) -> list[WholeScan]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {sql}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return [
        WholeScan(job, node["Relation Name"], rows, sql[:2_000])
        for node in nodes(plan)
        if node.get("Relation Name") in large_tables and is_whole(node)
        if (rows := rows_read(node)) > LARGE // 2  # a scan that ends after some rows does not grow
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def is_whole(node: dict[str, Any]) -> bool:
    return node["Node Type"] == "Seq Scan" or (
        node["Node Type"].startswith("Index") and "Index Cond" not in node
    )


def rows_read(node: dict[str, Any]) -> int:
    return int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
