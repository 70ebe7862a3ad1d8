"""No page reads a large table through: the plans of every query of every page on a filled desk, for each role.

The desk is as large as a test can bear: its tickets and promises are too few for their plans to mean something, but the
tables with several rows for each ticket are not. `tests/benchmarks/bench_desk.py --plans` looks at those of any size.
"""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from customers import time_of_record
from supportdesk.demo.filling import fill_desk
from tests.deskpages import METRICS_TOKEN, ROLES, pages, the_people
from tests.queryplans import WholeScan, large_tables_of, queries_of, whole_scans

pytestmark = [pytest.mark.races, pytest.mark.django_db]

TICKETS = 12_000
LARGE = 20_000  # rows; smaller tables are read through because that is quickest


@pytest.fixture(scope="module")
def large_tables(rows_of_the_module: None) -> dict[str, int]:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    fill_desk(tickets=TICKETS, now=time_of_record.now(), say=lambda _line: None)
    return large_tables_of(LARGE)


def test_the_tables_that_grow_are_watched(large_tables: dict[str, int]) -> None:
    growing = {"message", "messagetokens", "timelineentry", "outboundemail"}
    assert {f"tickets_{name}" for name in growing} <= large_tables.keys()
    assert {"escalation_clockevent", "escalation_sealedline"} <= large_tables.keys()


@pytest.mark.parametrize("role", ROLES)
def test_no_page_reads_a_large_table_through(role: str, large_tables: dict[str, int], settings: Any) -> None:
    settings.METRICS_TOKEN = METRICS_TOKEN
    user = the_people()[role]
    client = Client()
    client.force_login(user)
    scans: list[WholeScan] = [
        scan
        for page in pages(user)
        if role in page.roles
        for sql in queries_of(client, page.urls[0], page.headers)
        for scan in whole_scans(page.job, sql, large_tables)
    ]
    assert scans == []


def test_a_query_without_an_index_is_noticed(large_tables: dict[str, int]) -> None:
    found = whole_scans("by hand", "SELECT count(*) FROM tickets_message WHERE body LIKE '%x%'", large_tables)
    assert [scan.table for scan in found] == ["tickets_message"]
