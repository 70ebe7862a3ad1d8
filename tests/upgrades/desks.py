"""Desks for upgrades: a database without a table, and programs that work on it, of this code or of a release."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
GIVEN = os.environ.get("DATABASE_URL", "")


@dataclass(frozen=True)
class Desk:
    """A database of its own, and the programs that work on it."""

    url: str
    folder: Path

    def run(self, program: str, *arguments: str, code: Path = ROOT) -> str:
        """What a program prints. ``code`` is the folder whose apps it works with."""
        environment = {"DATABASE_URL": self.url, "DESK_VAR_DIR": str(self.folder), "PYTHONPATH": str(code)}
        done = subprocess.run(
            [sys.executable, program, *arguments],
            env={**os.environ, **environment},
            cwd=code,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def take_replaced_files(self, *targets: str) -> None:
        self.run("tests/upgrades/replaced.py", *targets)

    def migrate(self) -> None:
        self.run("manage.py", "migrate", "--verbosity=0")

    def described(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads(self.run("tests/upgrades/describe.py"))
        return described


def sqlite_desk(folder: Path) -> Desk:
    return Desk(f"sqlite:///{folder / 'desk.sqlite3'}", folder)


def on_server(statement: str) -> None:
    with psycopg.connect(GIVEN, autocommit=True) as server:
        server.execute(statement)
