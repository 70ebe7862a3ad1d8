"""The name of a cluster, and the name of the queue that only this cluster serves."""

import os
import secrets
import socket

from django.conf import settings
from django.utils.crypto import salted_hmac

VARIABLE = "DESK_CLUSTER"


def new_name() -> str:
    """Host, process and a random mark, at most 90 characters. In containers host and process are often the same."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}-{secrets.token_hex(4)}"


def own_name() -> str:
    """The name of the cluster this process belongs to; empty outside a cluster."""
    return os.environ.get(VARIABLE, "")


def own_host() -> str:
    """The machine of the cluster this process belongs to; empty outside a cluster."""
    return own_name().rpartition(":")[0]


def key_mark() -> str:
    """A mark that is equal on all machines with the same key and does not reveal it.

    The queue refuses tasks signed with another key.
    """
    return salted_hmac("supportdesk.processes.cluster.key_mark", "").hexdigest()[:12]


def queue_of(name: str) -> str:
    """The queue of this cluster alone, beside the queue that all clusters share."""
    return f"{settings.Q_CLUSTER['name']}@{name}"
