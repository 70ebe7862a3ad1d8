"""Tells the server who is connected and for how long they may wait, and notices when the other side has vanished.

Directly connected, the limits are parameters of the connection. Behind a pooler in transaction mode
(DATABASE_PREPARE=no) a session belongs to nobody, so they are set for each transaction.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from supportdesk.work_kinds import current_work

# Both sides notice within half a minute that the other has vanished without a word; by themselves after two hours.
KEEPALIVES = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
UNANSWERED_MS = 25_000
SERVERS_KEEPALIVES = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": UNANSWERED_MS,
}


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        """What the operator's DATABASE_URL says goes before what we say."""
        asked: dict[str, Any] = super().get_connection_params()
        kind = current_work()
        ours = {**KEEPALIVES, "tcp_user_timeout": UNANSWERED_MS, "application_name": kind.session_name}
        if not settings.DATABASE_POOLED:
            limits = {**SERVERS_KEEPALIVES, **kind.limits}
            said = [f"-c {name}={value}" for name, value in limits.items()]
            asked["options"] = " ".join([*said, asked.get("options", "")]).strip()
        return {**ours, **asked}

    def set_autocommit(
        self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False
    ) -> None:
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)
        if settings.DATABASE_POOLED and not autocommit:
            self._limit_transaction()

    def _limit_transaction(self) -> None:
        """As long as the transaction, so that a pooler carries nothing to whoever has the connection next.

        Not by SELECT, after which the transaction could no longer choose its isolation.
        """
        words = "; ".join(f"SET LOCAL {name} = {value}" for name, value in current_work().limits.items())
        with self.wrap_database_errors:
            self.connection.execute(words)
