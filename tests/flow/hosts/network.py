"""Hosts with cables of their own on one machine: a network namespace and a host name for each, all on one bridge."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PREFIX = "10.231.77"


@dataclass
class Network:
    """The tests are on the bridge themselves, at ``address``. Needs root, as whoever lays cables does."""

    mark: str = field(default_factory=lambda: f"{os.getpid() % 100_000:05d}")
    hosts: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{PREFIX}.1"

    @contextmanager
    def running(self) -> Iterator["Network"]:
        _ip("link", "add", self._bridge, "type", "bridge")
        try:
            _ip("address", "add", f"{self.address}/24", "dev", self._bridge)
            _ip("link", "set", self._bridge, "up")
            yield self
        finally:
            for name in self.hosts:
                _ip("netns", "delete", self._namespace(name))
            _ip("link", "delete", self._bridge)

    def connect(self, name: str) -> str:
        """A new host on the bridge; gives its address."""
        number = self.hosts[name] = 11 + len(self.hosts)
        space, cable, plug = self._namespace(name), self._cable(name), f"p{number}-{self.mark}"
        _ip("netns", "add", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", plug)
        _ip("link", "set", cable, "master", self._bridge, "up")
        _ip("link", "set", plug, "netns", space)
        within = ("netns", "exec", space, "ip")
        _ip(*within, "link", "set", "lo", "up")
        _ip(*within, "address", "add", f"{PREFIX}.{number}/24", "dev", plug)
        _ip(*within, "link", "set", plug, "up")
        return f"{PREFIX}.{number}"

    def cut(self, name: str) -> None:
        """No packet comes or goes, and nobody is told so."""
        _ip("link", "set", self._cable(name), "down")

    def heal(self, name: str) -> None:
        _ip("link", "set", self._cable(name), "up")

    def command(self, name: str, *words: str) -> list[str]:
        """What runs ``words`` on that host, under its name."""
        shell = f'hostname {name} && exec "$@"'
        return [
            "ip",
            "netns",
            "exec",
            self._namespace(name),
            "unshare",
            "--uts",
            "sh",
            "-c",
            shell,
            "sh",
            *words,
        ]

    @property
    def _bridge(self) -> str:
        return f"desk-{self.mark}"

    def _cable(self, name: str) -> str:
        return f"c{self.hosts[name]}-{self.mark}"

    def _namespace(self, name: str) -> str:
        return f"desk-{self.mark}-{name}"


def _ip(*words: str) -> None:
    done = subprocess.run(("ip", *words), capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
