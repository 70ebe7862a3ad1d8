"""The parts of a one-machine desk: web server, django-q2 cluster, mail listener and mail watcher."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from supportdesk.processes.cluster.cluster_name import VARIABLE, new_name
from supportdesk.processes.cluster.probe import ClusterProbe
from supportdesk.processes.runner import probes
from supportdesk.processes.runner.parts import DeskPart
from supportdesk.processes.runner.ports import Binding

MAIL_HOST = "127.0.0.1"
THREADS = 4
# gunicorn's workers touch a file as a sign of life; on a disk under load that may block.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # no file of ours has a fixed name there
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # what the operator may ask for


@dataclass(frozen=True)
class DeskPlan:
    """The operator's options. A mail port of 0 leaves that protocol out."""

    host: str = "127.0.0.1"
    port: int = 8000
    lmtp_port: int = 8024
    smtp_port: int = 8025
    workers: int = 2

    @property
    def near_host(self) -> str:
        """The address by which this machine itself reaches the web server."""
        return ANY_ADDRESS.get(self.host, self.host)

    @property
    def url(self) -> str:
        return f"http://{bracketed(self.near_host)}:{self.port}/"

    @property
    def site_url(self) -> str:
        """The base URL in mails: the operator's setting, else the address where this desk listens."""
        return settings.SITE_URL if os.environ.get("SITE_URL") else self.url.rstrip("/")

    def bindings(self) -> list[Binding]:
        bindings = [Binding(self.host, self.port, "--port")]
        if self.lmtp_port:
            bindings.append(Binding(MAIL_HOST, self.lmtp_port, "--lmtp-port"))
        if self.smtp_port:
            bindings.append(Binding(MAIL_HOST, self.smtp_port, "--smtp-port"))
        return bindings


def desk_parts(plan: DeskPlan, *, ready: str) -> list[DeskPart]:
    """All parts. `ready` is printed when the web server answers for the first time."""
    return [web_part(plan, ready), cluster_part(plan), *mail_part(plan), watch_part(plan)]


def web_part(plan: DeskPlan, ready: str) -> DeskPart:
    return DeskPart(
        name="web",
        argv=(
            sys.executable, "-m", "gunicorn", "supportdesk.wsgi:application",
            "--chdir", str(settings.BASE_DIR),
            "--bind", f"{bracketed(plan.host)}:{plan.port}",
            "--worker-class", "gthread",
            "--workers", str(plan.workers),
            "--threads", str(THREADS),
            "--graceful-timeout", "8",
            "--no-control-socket",
            *shared_memory(),
        ),
        env={"SITE_URL": plan.site_url},
        probe=probes.web_probe(plan.near_host, plan.port, "/healthz/live"),
        ready=ready,
    )  # fmt: skip


def cluster_part(plan: DeskPlan) -> DeskPart:
    name = new_name()
    return DeskPart(
        name="cluster",
        argv=manage_command("qcluster"),
        env={"SITE_URL": plan.site_url, VARIABLE: name},
        probe=ClusterProbe(name),
        probe_every=10,
        patience=settings.CLUSTER_SILENCE_SECONDS,
        # It waits for its running tasks, which are short; one that is cut off is run again.
        grace=15,
    )


def mail_part(plan: DeskPlan) -> Iterator[DeskPart]:
    """The mail listener; None if both protocols are left out."""
    port = plan.lmtp_port or plan.smtp_port
    if not port:
        return
    ports = ("--lmtp-port", str(plan.lmtp_port), "--smtp-port", str(plan.smtp_port))
    yield DeskPart(
        name="mail",
        argv=manage_command("listen_mail", "--host", MAIL_HOST, *ports),
        env={"SITE_URL": plan.site_url},
        probe=probes.greeting_probe(MAIL_HOST, port),
    )


def watch_part(plan: DeskPlan) -> DeskPart:
    """It ends at once, and has no sign of life besides its process: without it mail is fetched every minute."""
    return DeskPart(name="watch", argv=manage_command("watch_mail"), env={"SITE_URL": plan.site_url}, grace=5)


def manage_command(*words: str) -> tuple[str, ...]:
    return (sys.executable, str(settings.BASE_DIR / "manage.py"), *words)


def shared_memory() -> tuple[str, ...]:
    if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK):
        return ("--worker-tmp-dir", str(SHARED_MEMORY))
    return ()


def bracketed(host: str) -> str:
    """The host as written before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
