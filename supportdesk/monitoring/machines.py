"""Checks the machines: room on their disks, mail listeners that refuse mail, and hosts that were announced."""

import socket
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from customers.phrases import listed
from customers.times import rough_duration
from supportdesk.models import Cluster, MailListener
from supportdesk.monitoring.check_results import Check, CheckResult, is_stuck
from supportdesk.monitoring.liveness import LivenessEvidence
from supportdesk.storage_trial import FILES, FILES_FAILED
from tickets.lib.free_space import MEGABYTE, DiskRoom, database_file, disk_room, may_write


def free_by_host(signs: LivenessEvidence) -> Mapping[str, DiskRoom]:
    """The room of each machine that runs a part of the desk, as it reported last; of this one as it is now."""
    reports: list[Cluster | MailListener] = [*signs.clusters, *signs.listeners]
    known = [report for report in reports if report.free_mb is not None and report.is_alive(signs.now)]
    rooms = {report.host: DiskRoom("", (report.free_mb or 0) * MEGABYTE) for report in known}
    return {**rooms, socket.gethostname()[:64]: disk_room()}


def used_up_disks(signs: LivenessEvidence) -> Iterator[CheckResult]:
    for host, room in free_by_host(signs).items():
        if room.is_used_up:
            text = _(
                "Only %(free)s MB are free on %(place)s. No email is taken until there is room: free some space."
            )
            yield CheckResult(Check.DISK, text % {"free": room.megabytes, "place": _place(host, room)})


def short_disks(signs: LivenessEvidence) -> Iterator[CheckResult]:
    for host, room in free_by_host(signs).items():
        if room.is_short and not room.is_used_up:
            words = {"free": room.megabytes, "place": _place(host, room), "least": settings.DISK_LEAST_MB}
            text = _("Only %(free)s MB are free on %(place)s. Below %(least)s MB no email is taken.")
            yield CheckResult(Check.DISK, text % words)


def _place(host: str, room: DiskRoom) -> str:
    return f"{host} ({room.folder})" if room.folder else host


def unwritable_database(_signs: LivenessEvidence) -> Iterator[CheckResult]:
    """One query on PostgreSQL, whose server may be a standby or set to read-only; none on SQLite."""
    file = database_file()
    if file is not None and not may_write(file):
        text = _("The database cannot be written to: this user may not write to %(file)s or its folder.")
        yield CheckResult(Check.WRITES, text % {"file": file})
    if connection.vendor == "postgresql" and _is_read_only():
        text = _("The database cannot be written to: the server is a standby or set to read-only.")
        yield CheckResult(Check.WRITES, text)


def _is_read_only() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone() == ("on",))


def refusing_listeners(signs: LivenessEvidence) -> Iterator[CheckResult]:
    for listener in signs.listeners:
        if _refuses_now(listener, signs.now):
            text = _("Email is refused on %(host)s: %(answer)s. Its senders try again.")
            yield CheckResult(Check.LISTENER, text % {"host": listener.host, "answer": listener.answer})


def odd_listeners(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """Those that are silent, and those that refused the last mail some time ago."""
    for listener in signs.listeners:
        words = {"host": listener.host, "answer": listener.answer}
        if not listener.is_alive(signs.now):
            age = rough_duration(signs.now - listener.seen_at)
            text = _("The email listener on %(host)s has been silent for %(age)s. Check that machine.")
            yield CheckResult(Check.LISTENER, text % {**words, "age": age})
        elif listener.refused_at is not None and not _refuses_now(listener, signs.now):
            age = rough_duration(signs.now - listener.refused_at)
            text = _("The last email on %(host)s was refused %(age)s ago (%(answer)s), and none came since.")
            yield CheckResult(Check.LISTENER, text % {**words, "age": age})


def _refuses_now(listener: MailListener, now: datetime) -> bool:
    return listener.refused_at is not None and not is_stuck(listener.refused_at, now)


def missing_hosts(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """Machines of EXPECTED_HOSTS on which neither a queue nor a mail listener lives."""
    reports: list[Cluster | MailListener] = [*signs.clusters, *signs.listeners]
    there = {report.host for report in reports if report.is_alive(signs.now)}
    missing = [host for host in settings.EXPECTED_HOSTS if host not in there]
    if missing:
        text = _(
            "Machines that must be there are missing: %(hosts)s. Start them, or take them off EXPECTED_HOSTS."
        )
        yield CheckResult(Check.HOSTS, text % {"hosts": listed(missing)})


def unwritable_files(signs: LivenessEvidence) -> Iterator[CheckResult]:
    """As tried each minute by some machine's queue."""
    good_at, failed_at = signs.beat_at(FILES), signs.beat_at(FILES_FAILED)
    if failed_at is not None and (good_at is None or failed_at > good_at):
        text = _(
            "Files cannot be stored in %(place)s: %(reason)s. Replies with files are refused, and email with files "
            "waits."
        )
        yield CheckResult(Check.FILES, text % {"place": _files_place(), "reason": signs.detail(FILES_FAILED)})


def _files_place() -> str:
    bucket = settings.FILES_BUCKET
    return f"s3://{bucket.name}/{bucket.prefix}" if bucket else str(settings.MEDIA_ROOT)


MACHINE_PROBLEMS = (used_up_disks, unwritable_database, unwritable_files, refusing_listeners, missing_hosts)
MACHINE_WARNINGS = (short_disks, odd_listeners)
