"""What the tests with Redis ask of the desk: a ticket, how late it was escalated, who was told, whether all is well."""

import sys
from datetime import datetime
from urllib.error import HTTPError
from urllib.request import urlopen

from escalation.models import Clock, Escalation, Heartbeat, Notification
from tests.flow import letters
from tests.flow.desk import FreshDesk
from tests.flow.outside import Outside
from tests.flow.waiting import until
from tickets.models import Ticket

# Escalated so late at most while Redis is away or has just come back, in seconds.
LATE = 10.0


def cluster(desk: FreshDesk) -> set[int]:
    return {number for number in desk.processes() if b"qcluster" in desk.command(number)}


def swept_at() -> datetime:
    return Heartbeat.objects.values_list("at", flat=True).get(name="sweep")


def new_ticket(desk: FreshDesk, subject: str) -> Ticket:
    """Of the customer who has bought an answer within one minute."""
    letters.hand_over(letters.new_mail("ops@tempo.example", subject, "It is silent."), desk.lmtp_port)
    ticket = until(lambda: Ticket.objects.filter(subject=subject).first(), f"the ticket {subject}", 90)
    assert ticket
    return ticket


def lag(ticket: Ticket) -> float:
    """Seconds from the end of the window to its enforcement; the step fired once."""
    clock = Clock.objects.get(ticket=ticket)
    until(lambda: Escalation.objects.filter(clock=clock).exists(), f"{ticket.subject} is escalated", 150)
    clock.refresh_from_db()
    assert clock.detected_at
    assert clock.breached_at == clock.due_at
    assert Escalation.objects.filter(clock=clock, step__percent=100).count() == 1
    ticket.refresh_from_db()
    assert ticket.owner.username == "lea"
    seconds = (clock.detected_at - clock.due_at).total_seconds()
    sys.stderr.write(f"{ticket.subject}: enforced {seconds:.1f} s after its due time\n")
    return seconds


def everybody_is_told(outside: Outside, ticket: Ticket) -> None:
    outside.wait_for("lea@staff.example", ticket.number, 90)
    notifications = Notification.objects.filter(ticket=ticket)
    until(lambda: not notifications.exclude(state="sent").exists(), "every notification is sent", 90)


def is_well(desk: FreshDesk) -> bool:
    try:
        with urlopen(f"{desk.url}healthz") as answer:
            return bool(answer.status == 200)
    except HTTPError:
        return False
