"""The desk on several hosts: what is started and how, what each web host says of its health, and its load."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.flow.chaos.database import OwnServer
from tests.flow.hosts.host import WEB, Host
from tests.flow.hosts.network import Network
from tests.flow.outside import Outside
from tests.flow.waiting import until
from tests.flow.with_redis.server import RedisServer
from tests.objectstores import ObjectStore

TOKEN = "token-of-the-monitor"


@dataclass
class ManyHosts:
    """``url`` is that of the balancer before the web hosts."""

    hosts: Mapping[str, Host]
    network: Network
    server: OwnServer
    redis: RedisServer
    store: ObjectStore
    outside: Outside
    url: str
    later: Sequence[str] = ()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    @property
    def webs(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.work == WEB]

    def open(self) -> None:
        """As the operator's guide says: the tables once, the files of the pages on each web host, then everything."""
        first = self.webs[0]
        first.manage("migrate", "-v", "0")
        first.manage("sync_schedules")
        first.manage("shell", "-c", "from tests.flow.chaos.people import build; build()")
        administrator = "User.objects.create_superuser('ada', 'ada@staff.example')"
        first.manage("shell", "-c", f"from django.contrib.auth.models import User; {administrator}")
        for web in self.webs:
            web.manage("collectstatic", "--noinput", "-v", "0")
        for host in self.hosts.values():
            if host.name not in self.later:
                host.start()
        self.wait_until_well(180)

    def wait_until_well(self, seconds: float) -> None:
        try:
            until(
                lambda: all(ask_health(web)[0] == 200 for web in self.webs), "all are well", seconds, every=1
            )
        except AssertionError as error:
            raise AssertionError([ask_health(web) for web in self.webs]) from error


def ask_health(host: Host) -> tuple[int, str]:
    """The status, 0 where nothing comes within its three seconds, and what is wrong, in its sentences."""
    asked = urllib.request.Request(f"{host.url}healthz", headers={"Authorization": f"Bearer {TOKEN}"})
    try:
        with urllib.request.urlopen(asked, timeout=4) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _problems(error.read())
    except OSError:
        return 0, ""


def _problems(body: bytes) -> str:
    try:
        problems = json.loads(body).get("problems", [])
    except ValueError:
        return ""
    return "; ".join(sorted(str(problem) for problem in problems))


@dataclass
class HealthDiary:
    """What each web host said of itself, every two seconds; only changes are written down."""

    hosts: Sequence[Host]
    lines: list[tuple[float, str, int, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    begun: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        before: dict[str, tuple[int, str]] = {}
        while not self.stopped.wait(2):
            for host in self.hosts:
                said = ask_health(host)
                if before.get(host.name) != said:
                    before[host.name] = said
                    self.lines.append((time.monotonic() - self.begun, host.name, *said))

    def __str__(self) -> str:
        return "\n".join(f"{at:6.0f} s {name}: {status} {unwell}" for at, name, status, unwell in self.lines)
