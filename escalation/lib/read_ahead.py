"""Reads rows ahead in a thread, so that the database works while Python works on the rows before."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Row = TypeVar("Row")


def read_ahead(rows: Iterable[Row], size: int) -> Iterator[Row]:
    """The same rows in their order; holds two batches of the given size at most.

    The first batch is read by the caller's thread, as Django opens a cursor only in the thread of its connection. A
    query's own chunks should have the same size. Errors of the thread are raised where the rows are used.
    """
    source = iter(rows)
    batch = list(islice(source, size))
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        while batch:
            ahead = thread.submit(lambda: list(islice(source, size)))
            yield from batch
            batch = ahead.result()
