"""A real Redis of our own, on a loopback port, with a password and without memory of what it held."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.flow.waiting import free_port, until

PASSWORD = "queue-password"


@dataclass
class RedisServer:
    folder: Path
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@{self.host}:{self.port}/3"

    @property
    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)

    @contextmanager
    def running(self) -> Iterator["RedisServer"]:
        self.start()
        try:
            yield self
        finally:
            self.kill()  # a frozen one too

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "The flow needs redis-server: apt-get install redis-server"
        words = [
            "--port",
            str(self.port),
            "--bind",
            self.host,
            "--requirepass",
            PASSWORD,
            "--dir",
            str(self.folder),
        ]
        self.process = subprocess.Popen(
            [program, *words, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        until(self.answers, "Redis answers", 20)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        """In order, as a restart of the service does."""
        assert self.process
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(20)

    def freeze(self) -> None:
        """It takes connections and says nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def back(self) -> None:
        """After any of these."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            until(self.answers, "Redis answers again", 20)
        else:
            self.start()

    def waiting(self) -> int:
        """Tasks that nobody has taken."""
        length = self.client.llen("django_q:supportdesk:q")
        assert isinstance(length, int)
        return length

    def listeners(self) -> int:
        """Who waits for a task now."""
        info = self.client.info("clients")
        assert isinstance(info, dict)
        return int(info["blocked_clients"])
