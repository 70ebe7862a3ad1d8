"""Many at once, on PostgreSQL with real connections: every promise is enforced once, and nothing is lost."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.enforcement.heartbeats import beat
from escalation.enforcement.sweep import SweepReport, sweep
from escalation.models import Clock, ClockEvent, Escalation, Heartbeat, Notification
from tests.crowd import Crowd
from tests.factories import (
    NOW,
    ContactFactory,
    CustomerFactory,
    InboundEmailFactory,
    MailboxFactory,
    OutboundEmailFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, bounced, minute, opened
from tickets.choices import IntakeState, MessageKind, OutboxState, Priority
from tickets.models import InboundEmail, Message, OutboundEmail, Ticket
from tickets.protocols.smtp import OutgoingMail, SendingResult, ServerReply
from tickets.services.intake import receive_raw
from tickets.services.intake.processing import process
from tickets.services.outgoing import delivery
from tickets.services.outgoing.delivery import deliver_due

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

DUE = 30
RAW = b"From: Li <li@company.example>\r\nSubject: Black\r\nMessage-ID: <1@x>\r\n\r\nHelp\r\n"

Result = TypeVar("Result")


def at_once(works: Iterable[Callable[[], Result]]) -> list[Result]:
    """Start all of them at the same moment, each on a connection of its own; the first failure is raised."""
    works = list(works)
    barrier = Barrier(len(works))

    def run(work: Callable[[], Result]) -> Result:
        try:
            barrier.wait(timeout=10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(timeout=50) for future in [pool.submit(run, work) for work in works]]


@pytest.fixture
def open_many() -> Callable[[int], list[Ticket]]:
    """So many P0 tickets of four customers; ann, boss, top and the duty manager stand above each other."""

    def opened_now(number: int) -> list[Ticket]:
        top = staff("top")
        set_desk(duty_manager=staff("duty"))
        ann = staff("ann", reports_to=staff("boss", reports_to=top))
        contacts = [ContactFactory(customer=CustomerFactory(account_manager=ann)) for _each in range(4)]
        tickets = [opened(contact=contacts[each % 4]) for each in range(number)]
        Notification.objects.all().delete()
        return tickets

    return opened_now


def sweeps(at: float) -> list[SweepReport]:
    """Sweep until nothing is due any more."""
    reports = [sweep(now=minute(at))]
    while reports[-1] != SweepReport():
        reports.append(sweep(now=minute(at)))
    return reports


def all_changes() -> dict[int, list[str]]:
    """By ticket the lines of its first answer."""
    changes_by_ticket: defaultdict[int, list[str]] = defaultdict(list)
    lines = ClockEvent.objects.filter(clock__kind=ClockKind.FIRST_RESPONSE).order_by("pk")
    for ticket, change in lines.values_list("clock__ticket", "change"):
        changes_by_ticket[ticket].append(change)
    return changes_by_ticket


def changes(ticket: Ticket) -> list[str]:
    """Those after it was opened and paged."""
    return [change for change in all_changes()[ticket.pk] if change != ClockChange.STEP]


ESCALATED = [ClockChange.STARTED, ClockChange.BREACHED, ClockChange.STEP, ClockChange.HANDED_OVER]


def test_four_sweeps_and_four_repliers_at_once_fire_each_step_once_and_lose_nothing():
    """Each step fires once; an answer that came first keeps the ticket where it is; nothing is lost."""
    tickets = Crowd(priority=Priority.P0, customers=4).promises(2_000)
    to_answer, to_leave = tickets[::5], [ticket for number, ticket in enumerate(tickets) if number % 5]

    def answer(part: list[Ticket]) -> None:
        for ticket in part:
            answered(ticket, -1)

    repliers = [lambda part=to_answer[number::4]: answer(part) for number in range(4)]
    reports = at_once([*(lambda: sweeps(0) for _each in range(4)), *repliers])
    assert sum(report.failed for sweeper_reports in reports[:4] for report in sweeper_reports) == 0
    written = all_changes()
    for ticket in to_leave:
        assert written[ticket.pk] == ESCALATED
    for ticket in to_answer:
        assert written[ticket.pk] in ([ClockChange.STARTED, ClockChange.MET], [*ESCALATED, ClockChange.MET])
    _everything_happened_once(moved={pk for pk, lines in written.items() if ClockChange.STEP in lines})
    first = Clock.objects.filter(kind=ClockKind.FIRST_RESPONSE)
    assert set(first.filter(ticket__in=to_leave).values_list("state", flat=True)) == {"breached"}
    assert set(first.filter(ticket__in=to_answer).values_list("state", flat=True)) == {"met"}
    assert Message.objects.filter(kind=MessageKind.OUTBOUND).count() == len(to_answer)


def _everything_happened_once(moved: set[int]) -> None:
    assert Counter(Escalation.objects.values_list("clock__ticket", flat=True)) == Counter(moved)
    notes = Message.objects.filter(kind=MessageKind.NOTE).values_list("ticket", flat=True)
    assert Counter(notes) == Counter(moved)
    recipients = Notification.objects.values_list("ticket", "recipient__username")
    assert Counter(recipients) == Counter((pk, name) for pk in moved for name in ("ann", "backup", "boss"))
    owners = dict(Ticket.objects.values_list("pk", "owner__username"))
    assert {pk for pk, owner in owners.items() if owner == "boss"} == moved


def test_customers_colleagues_bounces_and_sweeps_at_once_leave_one_open_promise_and_no_deadlock(open_many):
    """All who change a ticket wait for each other, without a deadlock, and one promise at most stays open."""
    few = open_many(24)

    def each(deed: Callable[[Ticket], object]) -> Callable[[], None]:
        return lambda: [deed(ticket) for ticket in few] and None

    def bounce(ticket: Ticket) -> None:
        for message in Message.objects.filter(ticket=ticket, kind=MessageKind.OUTBOUND):
            bounced(message, DUE + 2)

    deeds = [
        each(lambda ticket: asked(ticket, DUE - 2)),
        each(lambda ticket: answered(ticket, DUE - 1)),
        each(bounce),
        each(lambda ticket: asked(ticket, DUE + 1)),
        lambda: sweeps(DUE + 3) and None,
        lambda: sweeps(DUE + 4) and None,
    ]
    at_once(deeds)
    each(bounce)()
    for ticket in few:
        assert Clock.objects.open().filter(ticket=ticket, kind__in=RESPONSE_KINDS).count() == 1
        [first] = Clock.objects.filter(ticket=ticket, started_at=NOW)
        assert (first.state, first.breached_at, first.is_open) == (ClockState.BREACHED, minute(DUE), True)
        assert Ticket.objects.get(pk=ticket.pk).unanswered_since == NOW


def test_a_sweep_does_not_wait_for_an_answer_that_holds_the_ticket(open_many):
    """The sweep passes over a locked ticket, and afterwards finds it answered."""
    ticket, *other_tickets = open_many(4)
    started, done = Barrier(2), Barrier(2)

    def hold(sweeper: bool) -> SweepReport | None:
        if sweeper:
            started.wait(timeout=10)
            report = sweep(now=minute(DUE))
            done.wait(timeout=10)
            return report
        with transaction.atomic():
            answered(ticket, DUE - 1)
            started.wait(timeout=10)
            done.wait(timeout=10)
        return None

    report, _nothing = at_once([lambda: hold(True), lambda: hold(False)])
    assert report == SweepReport(acted=len(other_tickets), busy=1)
    assert sweep(now=minute(DUE)) == SweepReport()
    assert changes(ticket) == [ClockChange.STARTED, ClockChange.MET]


class CountingTransport:
    """Takes every mail and remembers it."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def __enter__(self) -> "CountingTransport":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def send(self, parcel: OutgoingMail) -> ServerReply:
        self.sent.append(parcel.message_id)
        return ServerReply(SendingResult.ACCEPTED, "250 ok")


def test_deliverers_at_once_send_every_mail_once(monkeypatch):
    transport = CountingTransport()
    monkeypatch.setattr(delivery, "transport", lambda: transport)
    rows = OutboundEmailFactory.create_batch(120, ticket=None)
    later = NOW + timedelta(minutes=1)
    reports = at_once([lambda: deliver_due(read_clock=lambda: later)] * 4)
    assert Counter(transport.sent) == Counter(row.rfc_message_id for row in rows)
    assert sum(report.accepted for report in reports) == len(rows)
    assert set(OutboundEmail.objects.values_list("state", flat=True)) == {OutboxState.ACCEPTED}


def test_intakes_of_the_same_mail_at_once_make_one_ticket():
    staff("ann")
    mailbox = MailboxFactory(address="support@desk.example")

    def take() -> int:
        row = receive_raw(raw=RAW, received_at=NOW, via="lmtp", mailbox=mailbox)
        process(row.pk, now=NOW)
        return row.pk

    assert len(set(at_once([take] * 8))) == 1
    assert Ticket.objects.count() == 1
    assert Message.objects.filter(kind=MessageKind.INBOUND).count() == 1
    assert InboundEmail.objects.get().state == IntakeState.PROCESSED


def test_two_mails_of_one_stranger_at_once_make_one_contact():
    """Each gets its ticket, and the person stays one."""
    staff("ann")
    mailbox = MailboxFactory(address="support@desk.example")
    raws = [RAW.replace(b"<1@x>", f"<{number}@x>".encode()) for number in range(6)]
    rows = [InboundEmailFactory(raw=raw, mailbox=mailbox) for raw in raws]
    at_once([lambda pk=row.pk: process(pk, now=NOW) for row in rows])
    assert set(InboundEmail.objects.values_list("state", flat=True)) == {IntakeState.PROCESSED}
    assert Ticket.objects.count() == 6
    assert Ticket.objects.values("contact").distinct().count() == 1


def test_first_heartbeats_at_once_are_one_row():
    times = [
        NOW + timedelta(seconds=number) for number in range(8)
    ]  # of clocks that differ by less than a wrong one
    at_once([lambda at=at: beat("sweep", at=at) for at in times])
    assert Heartbeat.objects.get().at == times[-1]


def test_a_locked_row_that_some_tickets_need_holds_up_no_other(open_many):
    """The notification to a person whose row is locked waits at the commit, where references are checked."""
    held, *_others = open_many(8)  # of four customers, so that two have this one
    held.customer.account_manager = locked = staff("locked", reports_to=staff("above"))
    held.customer.save(update_fields=["account_manager"])

    def swept() -> SweepReport:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        return sweep(now=minute(31), seconds=5)

    with transaction.atomic():
        User.objects.select_for_update().get(pk=locked.pk)
        (report,) = at_once([swept])
    assert report == SweepReport(acted=6, failed=2)
    assert sweep(now=minute(31)) == SweepReport(acted=2)
