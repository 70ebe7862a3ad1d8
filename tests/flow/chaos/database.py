"""A PostgreSQL server of our own, which may be restarted under load: everything in one folder."""

import os
import pwd
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.flow.waiting import free_port

# What is committed must outlive a server that is stopped at once; a machine that loses its power is not tried here.
SETTINGS = {
    "max_connections": "100",
    "fsync": "off",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
}


class OwnServer:
    """`settings` are what Django needs to read the database; `url` is for DATABASE_URL."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.host = host
        self.port = free_port()
        self.password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        return f"postgres://desk:{self.password}@{self.host}:{self.port}/desk"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "HOST": self.host, "PORT": self.port, "USER": "desk", "PASSWORD": self.password, "NAME": "desk",
        }  # fmt: skip

    @contextmanager
    def running(self) -> Iterator["OwnServer"]:
        self._create()
        try:
            self._control("start")
            self._command("createdb", "-h", self.host, "-p", str(self.port), "-U", "desk", "desk")
            yield self
        finally:
            self._control("stop", "-m", "immediate")

    def restart(self, mode: str, *, away: float) -> None:
        """After so many seconds. ``fast`` ends every session, ``immediate`` is a crash that it recovers from."""
        self._control("stop", "-m", mode)
        time.sleep(away)
        self._control("start")

    def _create(self) -> None:
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
        file = self.folder / "password"
        file.write_text(self.password, encoding="utf-8")
        file.chmod(0o644)
        self._command(
            "initdb", "-D", str(self._data), "-U", "desk", f"--pwfile={file}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C.UTF-8",
        )  # fmt: skip
        lines = {
            **SETTINGS,
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        with (self._data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write(f"host all all {self.host}/24 scram-sha-256\n")
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in lines.items())

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _control(self, *words: str) -> None:
        self._command(
            "pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-w", "-t", "60", *words
        )

    def _command(self, name: str, *words: str) -> None:
        user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        subprocess.run(
            [_binary(name), *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PGPASSWORD": self.password},
            user=user if os.geteuid() == 0 else None,
            group=user if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )


def _binary(name: str) -> str:
    paths = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(paths[-1]) if paths else shutil.which(name)
    assert path, f"PostgreSQL's {name} is missing"
    return path
