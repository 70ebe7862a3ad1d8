"""Two web hosts, two queue hosts, a mail host; beside them PostgreSQL, Redis, an object store and the world's mail."""

import logging
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.flow.chaos.database import OwnServer
from tests.flow.desk import ARTEFACTS
from tests.flow.hosts.balancer import balancer
from tests.flow.hosts.host import LISTENER, QUEUE, WEB, WEB_PORT, Host
from tests.flow.hosts.network import Network
from tests.flow.hosts.site import TOKEN, ManyHosts
from tests.flow.outside import Outside
from tests.flow.with_redis.server import RedisServer
from tests.flow.world import ADDRESS
from tests.objectstores import KEYS, object_store

PARTS = {"web1": WEB, "web2": WEB, "queue1": QUEUE, "queue2": QUEUE, "queue3": QUEUE, "mail1": LISTENER}
LATER = ("queue3",)


@pytest.fixture
def network() -> Iterator[Network]:
    with Network().running() as network:
        yield network


@pytest.fixture
def server(network: Network) -> Iterator[OwnServer]:
    """Not in pytest's own folders: those are closed to the user that PostgreSQL runs as."""
    with (
        TemporaryDirectory(prefix="desk-hosts-") as folder,
        OwnServer(Path(folder), host=network.address).running() as server,
    ):
        yield server


@pytest.fixture
def site(
    network: Network, server: OwnServer, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[ManyHosts]:
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="desk-redis-")))
        redis = stack.enter_context(RedisServer(folder, host=network.address).running())
        outside = stack.enter_context(Outside(host=network.address).running())
        store = stack.enter_context(object_store(network.address))
        words = {
            "DESK_ENVIRONMENT": "production", "DEBUG": "no", "ALLOW_PLAIN_HTTP": "yes",
            "SECRET_KEY": secrets.token_urlsafe(50), "ENCRYPTION_KEYS": secrets.token_urlsafe(50),
            "DATABASE_URL": server.url, "REDIS_URL": redis.url, "FILES_URL": store.url,
            "S3_ACCESS_KEY": KEYS["access_key"], "S3_SECRET_KEY": KEYS["secret_key"],
            "SMTP_URL": f"smtp://{outside.host}:{outside.port}", "DESK_ADDRESS": ADDRESS,
            "EXPECTED_HOSTS": "queue1,queue2,mail1", "METRICS_TOKEN": TOKEN,
        }  # fmt: skip
        hosts = {name: Host(name, work, network, tmp_path / name, words) for name, work in PARTS.items()}
        webs = [host for host in hosts.values() if host.work == WEB]
        nginx = Path(stack.enter_context(TemporaryDirectory(prefix="desk-nginx-")))
        places = [f"{web.address}:{WEB_PORT}" for web in webs]
        url = stack.enter_context(balancer(nginx, network.address, places))
        names = [network.address, *(web.address for web in webs)]
        words |= {"SITE_URL": url.rstrip("/"), "ALLOWED_HOSTS": ",".join(names)}
        before = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict.update(server.settings)
        try:
            with django_db_blocker.unblock():
                yield ManyHosts(hosts, network, server, redis, store, outside, url, later=LATER)
                connection.close()
        finally:
            connection.settings_dict.update(before)
            for host in hosts.values():
                host.kill()
                ARTEFACTS.mkdir(parents=True, exist_ok=True)
                if host.log.exists():
                    shutil.copy(host.log, ARTEFACTS / f"{host.name}.log")
