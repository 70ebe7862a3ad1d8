"""Which hosts have a wrong clock, and whether the time of record itself has jumped."""

import re
import socket
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from customers import time_of_record
from customers.time_of_record import MOST_APART
from customers.times import rough_duration
from escalation.models import Heartbeat
from supportdesk.models import Cluster
from supportdesk.monitoring.check_results import Check, CheckResult
from supportdesk.processes.host_clock import WRONG_CLOCK

# A web server reports a wrong clock every minute while it is asked for pages.
REPORTED_FOR = timedelta(minutes=5)
# For so long after a jump the desk is unwell, so that every monitor sees it.
JUMP_SHOWN = timedelta(minutes=15)
FIGURE = re.compile(r"(?P<seconds>[+-]\d+(?:\.\d+)?) (?P<host>.+)")


def clocks_ahead(beats: Iterable[Heartbeat], clusters: Iterable[Cluster], now: datetime) -> dict[str, float]:
    """Seconds by which the clock of each host is ahead, round trip taken off. Empty where the hosts keep the time."""
    reported = (
        FIGURE.fullmatch(beat.detail)
        for beat in beats
        if beat.name.startswith(WRONG_CLOCK) and abs(now - beat.at) <= REPORTED_FOR
    )
    ahead = {figure["host"]: float(figure["seconds"]) for figure in reported if figure}
    for cluster in clusters:
        if cluster.clock_ahead is not None and cluster.is_alive(now):
            ahead[cluster.host] = cluster.clock_ahead
    own = time_of_record.host_ahead()
    return ahead if own is None else {**ahead, socket.gethostname(): own}


def wrong_clocks(ahead: dict[str, float]) -> Iterator[CheckResult]:
    for host, seconds in sorted(ahead.items()):
        if abs(seconds) > MOST_APART:
            text = (
                _("The clock of %(host)s is %(length)s ahead of the database’s. The desk goes by the database’s "
                  "time; set that clock right.")
                if seconds > 0
                else _("The clock of %(host)s is %(length)s behind the database’s. The desk goes by the database’s "
                       "time; set that clock right.")
            )  # fmt: skip
            words = {"host": host, "length": rough_duration(timedelta(seconds=abs(seconds)))}
            yield CheckResult(Check.HOST_CLOCKS, text % words)


def recent_jump(beat: Heartbeat | None, now: datetime) -> Iterator[CheckResult]:
    if beat is None or abs(now - beat.at) > JUMP_SHOWN:
        return
    yield CheckResult(
        Check.TIME_JUMP,
        _(
            "The desk’s time jumped: %(jump)s. Check the clock of the database server, and what was enforced since."
        )
        % {"jump": jump_in_words(beat.detail)},
    )


def jump_in_words(detail: str) -> str:
    """``+3600 db1`` as ``1 h forward, noticed on db1``; a detail that is not understood stays as it is."""
    figure = FIGURE.fullmatch(detail)
    if figure is None:
        return detail
    words = {
        "length": rough_duration(timedelta(seconds=abs(float(figure["seconds"])))),
        "host": figure["host"],
    }
    if float(figure["seconds"]) > 0:
        return _("%(length)s forward, noticed on %(host)s") % words
    return _("%(length)s back, noticed on %(host)s") % words
