"""The attempts of notifications that went by mail follow what becomes of the mail."""

import socket

import pytest
from aiosmtpd.controller import Controller

from escalation.choices import AttemptOutcome, Medium, NoticeKind, NotificationState
from escalation.models import Notification, NotificationAttempt
from escalation.notifications.mail_outcomes import follow_mail
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tests.factories import TicketFactory, staff
from tests.talk import dispatched, minute
from tickets.choices import OutboxState
from tickets.models import OutboundEmail
from tickets.services.outgoing.delivery import deliver_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return staff("boss")


@pytest.fixture
def notification(boss):
    ann = staff("ann", reports_to=boss)
    written = tell(ann, Notice(NoticeKind.NEW_TICKET, TicketFactory()), at=minute(0))
    dispatched(0)
    return written


def mails_are(state: OutboxState, answer: str = "") -> None:
    OutboundEmail.objects.update(state=state, answer=answer)


def attempt() -> NotificationAttempt:
    return NotificationAttempt.objects.get(mail__recipients=["ann@desk.example"])


def test_while_the_mail_is_on_its_way_the_attempt_stays_queued(notification):
    for state in (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED):
        mails_are(state)
        assert follow_mail(now=minute(1)) == 0
    assert attempt().outcome == AttemptOutcome.QUEUED


def test_a_mail_accepted_by_the_server_makes_the_attempt_accepted(notification):
    mails_are(OutboxState.ACCEPTED, "250 queued as 4711")
    dispatched(1)
    assert (attempt().outcome, attempt().answer) == (AttemptOutcome.ACCEPTED, "250 queued as 4711")
    notification.refresh_from_db()
    assert notification.state == NotificationState.SENT


@pytest.mark.parametrize("state", [OutboxState.FAILED, OutboxState.BOUNCED])
def test_a_mail_refused_for_good_makes_the_next_person_told(notification, boss, state):
    mails_are(state, "550 no such user")
    dispatched(1)
    notification.refresh_from_db()
    assert (attempt().outcome, attempt().answer) == (AttemptOutcome.REFUSED, "550 no such user")
    assert notification.state == NotificationState.FAILED
    instead = Notification.objects.get(kind=NoticeKind.UNREACHED)
    assert (instead.recipient, instead.state) == (boss, NotificationState.SENT)


def test_a_mail_that_bounces_after_acceptance_makes_the_attempt_refused(notification, boss):
    mails_are(OutboxState.ACCEPTED, "250 ok")
    dispatched(1)
    mails_are(OutboxState.BOUNCED, "550 mailbox unknown")
    dispatched(2)
    assert attempt().outcome == AttemptOutcome.REFUSED
    assert Notification.objects.filter(kind=NoticeKind.UNREACHED).count() == 1


def test_an_outcome_is_recorded_once(notification):
    mails_are(OutboxState.FAILED, "550 no such user")
    dispatched(1)
    OutboundEmail.objects.exclude(recipients=["ann@desk.example"]).update(state=OutboxState.QUEUED)
    dispatched(2)
    assert Notification.objects.filter(kind=NoticeKind.UNREACHED).count() == 1


def test_a_reader_reached_by_another_way_counts_as_reached(notification):
    NotificationAttempt.objects.create(
        notification=notification, medium=Medium.CHAT, at=minute(0), outcome=AttemptOutcome.ACCEPTED
    )
    mails_are(OutboxState.FAILED, "550 no such user")
    dispatched(1)
    notification.refresh_from_db()
    assert notification.state == NotificationState.SENT


def test_with_no_mail_on_its_way_the_check_costs_two_queries(django_assert_num_queries):
    with django_assert_num_queries(2):
        follow_mail(now=minute(1))


# ------------------------------------------------------------------------------------------------------------
# A real mail server


class Server:
    """Refuses ann and takes everybody else."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:
        if address.startswith("ann@"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.taken += envelope.rcpt_tos
        return "250 2.0.0 Taken"


@pytest.fixture
def server(settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=port, server_hostname="mx")
    controller.start()
    settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
    yield server
    controller.stop()


def test_a_person_whose_mail_is_refused_is_replaced_by_their_manager(notification, boss, server):
    for at in (1, 2):
        deliver_due(read_clock=lambda at=at: minute(at))
        dispatched(at)
    deliver_due(read_clock=lambda: minute(3))
    dispatched(3)
    assert server.taken == ["boss@desk.example"]
    assert attempt().outcome == AttemptOutcome.REFUSED
    assert "550 5.1.1 No such user" in attempt().answer
    instead = NotificationAttempt.objects.get(notification__recipient=boss)
    assert (instead.outcome, "2.0.0 Taken" in instead.answer) == (AttemptOutcome.ACCEPTED, True)
