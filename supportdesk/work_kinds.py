"""What this process works at, and how long its queries and transactions may keep others waiting.

Each process says once what it is; the database is told with each new connection (supportdesk.postgresql). Reasons:
.github/decisions/processes.md.
"""

import socket
from dataclasses import dataclass, replace

LONGEST_NAME = 63  # of a session of PostgreSQL


@dataclass(frozen=True)
class WorkKind:
    """Limits are seconds, 0 for none: for somebody else's lock, for one query, between two queries of a transaction."""

    part: str
    lock: float
    query: float
    idle: float

    @property
    def limits(self) -> dict[str, int]:
        """By PostgreSQL's names, in milliseconds."""
        return {
            "lock_timeout": round(self.lock * 1000),
            "statement_timeout": round(self.query * 1000),
            "idle_in_transaction_session_timeout": round(self.idle * 1000),
        }

    @property
    def session_name(self) -> str:
        """Part and host, as operators see them in `pg_stat_activity`; `session_of` reads them again."""
        return f"desk {self.part} {socket.gethostname()}"[:LONGEST_NAME]


# A person waits, and a thread of the web server with them.
WEB = WorkKind("web", lock=5, query=15, idle=60)
# A mail server waits, and tries again.
LISTENER = WorkKind("mail", lock=10, query=30, idle=60)
# Below the time limit of a task, so that the task says what it waited for.
QUEUE = WorkKind("queue", lock=30, query=200, idle=120)
# The tickets of others wait.
LANE = WorkKind("sweep", lock=2, query=30, idle=30)
COMMAND = WorkKind("command", lock=60, query=0, idle=900)
# Everybody waits behind a migration that waits for a table.
MIGRATION = WorkKind("migrate", lock=20, query=0, idle=900)

COMMANDS = {
    "qcluster": QUEUE,
    "listen_mail": LISTENER,
    "receive_email": LISTENER,
    "runserver": WEB,
    "migrate": MIGRATION,
}
_current = [COMMAND]


def begin_work(kind: WorkKind) -> None:
    """Say what this process works at. Connections that it has open keep what they were told."""
    _current[0] = kind


def current_work() -> WorkKind:
    return _current[0]


def kind_of_command(name: str) -> WorkKind:
    """The kind of `manage.py NAME`."""
    return COMMANDS.get(name) or replace(COMMAND, part=name or COMMAND.part)


def session_of(name: str) -> tuple[str, str]:
    """Part and host of a session of the desk; of a foreign one its name, and no host."""
    desk, _space, rest = name.partition(" ")
    part, _space, host = rest.partition(" ")
    return (part, host) if desk == "desk" and host else (name, "")
