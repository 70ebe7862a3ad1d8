"""A desk whose queue is a real Redis of its own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.flow.with_redis.server import RedisServer


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with (
        TemporaryDirectory(prefix="desk-redis-") as folder,
        RedisServer(Path(folder)).running() as redis_server,
    ):
        yield redis_server


@pytest.fixture(scope="module")
def more_environment(server: RedisServer) -> dict[str, str]:
    return {"REDIS_URL": server.url}
