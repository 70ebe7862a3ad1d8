"""The outbox as a state machine: claimed, sent, recorded; and what a crash or an outage leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import pytest
from django.core.cache import cache

from tests.factories import (
    NOW,
    AdminFactory,
    AttachmentFactory,
    OutboundEmailFactory,
    OutboundMessageFactory,
    TicketFactory,
)
from tickets import tasks
from tickets.choices import MailPurpose, OutboxState, RecipientState
from tickets.errors import DeskError
from tickets.mail.bounce_addresses import BounceTag, bounce_address
from tickets.models import OutboundEmail, Ticket
from tickets.models.outbound import RecipientOutcome
from tickets.nudges import nudge_delivery
from tickets.protocols.smtp import OutgoingMail, SendingResult, ServerReply, ServerUnreachable
from tickets.services.outgoing import delivery, outcomes
from tickets.services.outgoing.delivery import LEASE, claim_next, deliver_due, release_from_future, send_again

pytestmark = pytest.mark.django_db

YES = ServerReply(SendingResult.ACCEPTED, "250 OK")
LATER = ServerReply(SendingResult.LATER, "451 try again")
NEVER = ServerReply(SendingResult.NEVER, "550 no such user")


@dataclass
class Post:
    """A way out that answers as told, in turn, and then always as the last time."""

    answers: list[ServerReply | Exception] = field(default_factory=lambda: [YES])
    parcels: list[OutgoingMail] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def send(self, parcel: OutgoingMail) -> ServerReply:
        self.parcels.append(parcel)
        self.meanwhile()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(delivery, "transport", lambda: post)
    return post


def run(at: datetime = NOW) -> delivery.DeliveryReport:
    return deliver_due(read_clock=lambda: at)


def reply(**fields: object) -> OutboundEmail:
    message = OutboundMessageFactory(ticket=TicketFactory(unanswered_since=None))
    return OutboundEmailFactory(message=message, ticket=message.ticket, **fields)


def test_an_accepted_mail_says_when_and_what_the_server_said(post):
    mail = reply()
    assert run().accepted == 1
    mail.refresh_from_db()
    assert (mail.state, mail.accepted_at, mail.answer) == (OutboxState.ACCEPTED, NOW, "250 OK")
    assert mail.leased_until is None
    assert post.parcels[0].message_id == mail.rfc_message_id


def test_an_accepted_mail_is_not_sent_again(post):
    reply()
    run()
    run(NOW + timedelta(days=1))
    assert len(post.parcels) == 1


def test_a_nudge_sends_at_once(settings, frozen, queued, django_capture_on_commit_callbacks):
    cache.clear()
    with django_capture_on_commit_callbacks(execute=True):
        nudge_delivery()
    assert [(task["func"], task["kwargs"]) for task in queued.tasks] == [
        ("tickets.tasks.deliver_outbox", {"nudged": True})
    ]


def test_the_oldest_mail_goes_first(post):
    late, early = reply(next_try_at=NOW), reply(next_try_at=NOW - timedelta(minutes=1))
    run()
    assert [parcel.message_id for parcel in post.parcels] == [early.rfc_message_id, late.rfc_message_id]


def test_a_mail_is_not_sent_before_its_time(post):
    reply(next_try_at=NOW + timedelta(seconds=1))
    run()
    assert post.parcels == []


def test_no_transaction_is_open_while_a_mail_is_sent(post, monkeypatch):
    mail = reply()
    post.meanwhile = lambda: states_meanwhile.append(OutboundEmail.objects.get(pk=mail.pk).state)
    states_meanwhile: list[str] = []
    run()
    assert states_meanwhile == [OutboxState.SENDING]


# Deferred


def test_a_mail_refused_for_now_is_tried_again_later(post):
    mail = reply()
    post.answers = [LATER]
    assert run().deferred == 1
    mail.refresh_from_db()
    assert (mail.state, mail.answer, mail.attempts) == (OutboxState.DEFERRED, "451 try again", 1)
    assert mail.next_try_at == NOW + timedelta(minutes=1)


def test_the_waits_grow_to_an_hour(post):
    mail = reply()
    post.answers = [LATER]
    waits = []
    for _try in range(8):
        mail.refresh_from_db()
        at = mail.next_try_at
        run(at)
        mail.refresh_from_db()
        waits.append((mail.next_try_at - at) // timedelta(minutes=1))
    assert waits == [1, 2, 5, 15, 30, 60, 60, 60]


@pytest.mark.parametrize(("hours", "state"), [(47.9, OutboxState.DEFERRED), (48, OutboxState.FAILED)])
def test_a_mail_is_given_up_after_two_days(post, hours, state):
    mail = reply(attempts=50)
    post.answers = [LATER]
    run(NOW + timedelta(hours=hours))
    mail.refresh_from_db()
    assert mail.state == state


def test_an_old_mail_that_is_sent_again_gets_more_than_one_try(post):
    mail = reply(attempts=0, created_at=NOW - timedelta(days=9))
    post.answers = [LATER]
    run()
    mail.refresh_from_db()
    assert mail.state == OutboxState.DEFERRED


# Failed


def test_a_reply_refused_for_good_is_taken_back(post):
    mail = reply()
    post.answers = [NEVER]
    run()
    mail.refresh_from_db()
    assert (mail.state, mail.answer) == (OutboxState.FAILED, "550 no such user")
    assert mail.message is not None
    assert (mail.message.failed_at, mail.message.failure) == (NOW, "550 no such user")


def test_a_reply_given_up_is_taken_back_too(post):
    mail = reply(attempts=50)
    post.answers = [LATER]
    run(NOW + timedelta(hours=48))
    assert mail.message is not None
    mail.message.refresh_from_db()
    assert mail.message.failed_at is not None


def test_a_failure_and_its_consequence_are_one_transaction(post, monkeypatch):
    def fail(**_k: object) -> None:
        raise RuntimeError("no")

    mail = reply()
    post.answers = [NEVER]
    monkeypatch.setattr(outcomes, "fail_response", fail)
    with pytest.raises(RuntimeError):
        run()
    mail.refresh_from_db()
    assert mail.state == OutboxState.SENDING  # its lease runs out, and it is tried again


def test_a_failed_mail_without_a_message_is_only_recorded(post):
    mail = OutboundEmailFactory(purpose=MailPurpose.NOTIFICATION, ticket=None)
    post.answers = [NEVER]
    run()
    mail.refresh_from_db()
    assert mail.state == OutboxState.FAILED


def test_one_refused_mail_stops_no_other(post):
    mails = [reply() for _mail in range(3)]
    post.answers = [NEVER, LATER, YES]
    run()
    states = [OutboundEmail.objects.get(pk=mail.pk).state for mail in mails]
    assert states == [OutboxState.FAILED, OutboxState.DEFERRED, OutboxState.ACCEPTED]


# The server is away


def test_an_unreachable_server_ends_the_run_and_burns_one_try_only(post):
    mails = [reply() for _mail in range(5)]
    post.answers = [ServerUnreachable("Nothing listens there.")]
    report = run()
    assert report.problem == "Nothing listens there."
    assert len(post.parcels) == 1
    for mail in mails:
        mail.refresh_from_db()
    assert sorted(mail.attempts for mail in mails) == [0, 0, 0, 0, 1]
    (tried,) = [mail for mail in mails if mail.attempts]
    assert (tried.state, tried.answer) == (OutboxState.DEFERRED, "Nothing listens there.")


def test_while_the_server_is_away_only_the_minute_s_run_tries_it(post, frozen):
    cache.clear()
    reply()
    post.answers = [ServerUnreachable("Nothing listens there."), YES]
    tasks.deliver_outbox(nudged=True)
    frozen.shift(timedelta(minutes=1))
    tasks.deliver_outbox(nudged=True)
    assert len(post.parcels) == 1
    tasks.deliver_outbox()
    assert len(post.parcels) == 2
    reply(next_try_at=NOW)
    tasks.deliver_outbox(nudged=True)
    assert len(post.parcels) == 3
    cache.clear()


def test_a_wrong_smtp_url_is_a_sentence_and_changes_nothing(settings):
    settings.SMTP_URL = "smtp://user:secret@:99999"
    mail = reply()
    report = run()
    assert "SMTP_URL" in report.problem
    assert "secret" not in report.problem
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (OutboxState.QUEUED, 0)


# Leases


@pytest.mark.parametrize(
    ("state", "minutes", "is_released"),
    [
        (OutboxState.QUEUED, 1, False),
        (OutboxState.QUEUED, 1.1, True),
        (OutboxState.SENDING, 6, False),
        (OutboxState.SENDING, 6.1, True),
        (OutboxState.DEFERRED, 60, False),
    ],
)
def test_mail_that_was_queued_or_leased_by_a_clock_ahead_waits_no_longer(state, minutes, is_released):
    mail = OutboundEmailFactory(state=state, next_try_at=NOW + timedelta(minutes=minutes))
    assert release_from_future(now=NOW) == is_released
    mail.refresh_from_db()
    assert (mail.next_try_at == NOW) is is_released


def test_a_leased_mail_cannot_be_claimed_again():
    reply()
    assert claim_next(now=NOW) is not None
    assert claim_next(now=NOW) is None


def test_a_mail_whose_sender_died_is_sent_when_the_lease_ends(post):
    mail = reply()
    claim_next(now=NOW)
    run(NOW + LEASE - timedelta(seconds=1))
    assert post.parcels == []
    run(NOW + LEASE)
    mail.refresh_from_db()
    assert mail.state == OutboxState.ACCEPTED


def test_a_sender_that_was_overtaken_records_nothing(post):
    mail = reply()
    other = NOW + timedelta(hours=1)
    post.answers = [NEVER]
    post.meanwhile = lambda: OutboundEmail.objects.update(leased_until=other)
    assert run().failed == 0
    mail.refresh_from_db()
    assert (mail.state, mail.leased_until) == (OutboxState.SENDING, other)
    assert mail.message is not None
    assert mail.message.failed_at is None


def test_both_tries_after_a_crash_carry_the_same_message_id(post):
    reply()
    post.meanwhile = lambda: OutboundEmail.objects.update(leased_until=None)  # nobody records the answer
    run()
    post.meanwhile = lambda: None
    run(NOW + LEASE)
    assert post.parcels[0].message_id == post.parcels[1].message_id


def test_a_run_ends_after_its_number_of_mails(post):
    for _mail in range(3):
        reply()
    deliver_due(read_clock=lambda: NOW, most=2)
    assert len(post.parcels) == 2


def test_a_run_ends_after_its_time(post):
    for _mail in range(3):
        reply()
    times = iter(NOW + timedelta(seconds=40 * number) for number in range(100))
    deliver_due(read_clock=lambda: next(times))
    assert 0 < len(post.parcels) < 3


# Composing


def test_a_mail_that_cannot_be_put_together_holds_up_no_other(post):
    broken = reply()
    attachment = AttachmentFactory(message=broken.message)
    attachment.file.storage.delete(attachment.file.name)
    fine = reply()
    report = run()
    assert (report.deferred, report.accepted) == (1, 1)
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.state, fine.state) == (OutboxState.DEFERRED, OutboxState.ACCEPTED)
    assert "could not be built" in broken.answer


# The folder


def test_without_a_server_mails_are_files(settings, frozen):
    mail = reply()
    assert "accepted 1" in tasks.deliver_outbox()
    (path,) = settings.OUTGOING_DIR.iterdir()
    assert path.suffix == ".eml"
    assert mail.rfc_message_id.encode() in path.read_bytes()


# Sent again


def failed_reply() -> OutboundEmail:
    mail = reply(state=OutboxState.FAILED, attempts=3, answer="550 no")
    assert mail.message is not None
    mail.message.failed_at = NOW - timedelta(hours=1)
    mail.message.save()
    Ticket.objects.filter(pk=mail.message.ticket_id).update(unanswered_since=NOW - timedelta(hours=2))
    return mail


def test_a_failed_reply_that_is_sent_again_counts_from_its_new_time(
    post, queued, django_capture_on_commit_callbacks
):
    mail = failed_reply()
    with django_capture_on_commit_callbacks(execute=True):
        send_again(outbound=mail, actor=AdminFactory(), at=NOW)
    assert queued.names == ["tickets.tasks.deliver_outbox"]
    mail = OutboundEmail.objects.get(pk=mail.pk)
    assert (mail.state, mail.attempts, mail.next_try_at) == (OutboxState.QUEUED, 0, NOW)
    assert mail.message is not None
    assert (mail.message.failed_at, mail.message.at) == (None, NOW)
    assert mail.message.ticket.unanswered_since is None
    run()
    mail.refresh_from_db()
    assert mail.state == OutboxState.ACCEPTED


def test_a_voided_reply_that_is_sent_again_still_answers_nothing():
    mail = failed_reply()
    assert mail.message is not None
    mail.message.voided_at = NOW - timedelta(minutes=30)
    mail.message.save()
    send_again(outbound=mail, actor=AdminFactory(), at=NOW)
    ticket = Ticket.objects.get(pk=mail.message.ticket_id)
    assert ticket.unanswered_since == NOW - timedelta(hours=2)


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.SENDING, OutboxState.ACCEPTED])
def test_only_a_failed_mail_is_sent_again(state):
    with pytest.raises(DeskError):
        send_again(outbound=reply(state=state), actor=AdminFactory(), at=NOW)


def test_a_bounced_mail_can_be_sent_again():
    mail = reply(state=OutboxState.BOUNCED)
    send_again(outbound=mail, actor=AdminFactory(), at=NOW)
    mail.refresh_from_db()
    assert mail.state == OutboxState.QUEUED


def test_mails_to_customers_are_sent_before_mails_to_colleagues():
    notification = OutboundEmailFactory(purpose=MailPurpose.NOTIFICATION, next_try_at=NOW)
    pack = OutboundEmailFactory(purpose=MailPurpose.EXPORT, next_try_at=NOW - timedelta(minutes=1))
    receipt = OutboundEmailFactory(
        purpose=MailPurpose.ACKNOWLEDGEMENT, next_try_at=NOW + timedelta(seconds=2)
    )
    reply = OutboundEmailFactory(purpose=MailPurpose.REPLY, next_try_at=NOW + timedelta(seconds=1))
    claimed = [claim_next(now=NOW + timedelta(seconds=3)) for _turn in range(5)]
    assert claimed == [reply, receipt, pack, notification, None]


# Several recipients


def to_three(**fields: object) -> OutboundEmail:
    return reply(
        recipients=["li@company.example"], copies=["bo@company.example", "cy@company.example"], **fields
    )


def states(mail: OutboundEmail) -> list[tuple[str, str]]:
    mail.refresh_from_db()
    return [(outcome.state, outcome.answer) for outcome in mail.recipient_outcomes]


def test_each_recipient_gets_the_mail_in_a_transaction_of_their_own(post):
    mail = to_three()
    assert states(mail) == [("waiting", "")] * 3
    run()
    assert [parcel.recipient for parcel in post.parcels] == mail.addressees
    assert states(mail) == [("accepted", "250 OK")] * 3
    assert (mail.state, mail.accepted_at) == (OutboxState.ACCEPTED, NOW)


def test_a_copy_that_is_refused_for_good_leaves_the_answer_standing_and_is_named(post):
    mail = to_three()
    post.answers = [YES, NEVER, YES]
    assert run().accepted == 1
    assert states(mail) == [("accepted", "250 OK"), ("failed", "550 no such user"), ("accepted", "250 OK")]
    assert mail.state == OutboxState.ACCEPTED
    assert "<bo@company.example>: 550 no such user" in mail.answer
    assert mail.message is not None
    assert mail.message.failed_at is None


def test_an_answer_that_reaches_only_copies_is_taken_back(post):
    mail = to_three()
    post.answers = [NEVER, YES, YES]
    assert run().failed == 1
    mail.refresh_from_db()
    assert mail.state == OutboxState.FAILED
    assert mail.message is not None
    assert (mail.message.failed_at, mail.message.failure) == (NOW, "550 no such user")


def test_copies_count_where_nobody_reads_the_address_of_the_answer(post):
    mail = reply(recipients=["no-reply@company.example"], copies=["bo@company.example"])
    post.answers = [NEVER, YES]
    assert run().accepted == 1
    mail.refresh_from_db()
    assert mail.message is not None
    assert mail.message.failed_at is None


def test_only_whom_it_has_not_reached_gets_a_deferred_mail_again(post):
    mail = to_three()
    post.answers = [YES, LATER, YES]
    assert run().deferred == 1
    assert [state for state, _answer in states(mail)] == ["accepted", "deferred", "accepted"]
    assert (mail.state, mail.next_try_at) == (OutboxState.DEFERRED, NOW + timedelta(minutes=1))
    post.parcels.clear()
    assert run(mail.next_try_at).accepted == 1
    assert [parcel.recipient for parcel in post.parcels] == ["bo@company.example"]


def test_an_answer_refused_for_good_is_taken_back_while_a_copy_still_waits(post):
    mail = to_three()
    post.answers = [NEVER, LATER, YES]
    run()
    mail.refresh_from_db()
    assert mail.state == OutboxState.DEFERRED
    assert mail.message is not None
    assert mail.message.failed_at == NOW


def test_a_deliverer_that_dies_half_way_serves_nobody_twice(post):
    mail = to_three()
    post.answers = [YES, RuntimeError("killed")]
    with pytest.raises(RuntimeError):
        run()
    post.answers, sent = [YES], len(post.parcels)
    run(NOW + LEASE)
    assert [parcel.recipient for parcel in post.parcels[sent:]] == [
        "bo@company.example",
        "cy@company.example",
    ]
    assert states(mail) == [("accepted", "250 OK")] * 3


def test_a_server_that_goes_away_half_way_leaves_the_others_waiting(post):
    mail = to_three()
    post.answers = [YES, ServerUnreachable("It went away.")]
    assert run().problem == "It went away."
    assert states(mail) == [("accepted", "250 OK"), ("deferred", "It went away."), ("waiting", "")]


def test_a_mail_is_sent_again_only_to_those_it_did_not_reach(post):
    mail = to_three()
    post.answers = [NEVER, YES]
    run()
    post.parcels.clear()
    send_again(outbound=mail, actor=AdminFactory(), at=NOW)
    run()
    assert [parcel.recipient for parcel in post.parcels] == ["li@company.example"]
    assert states(mail) == [("accepted", "250 OK")] * 3


def test_the_states_of_a_mail_from_before_they_were_kept_are_those_of_the_mail():
    mail = to_three(state=OutboxState.BOUNCED)
    assert [state for state, _answer in states(mail)] == ["bounced"] * 3


def test_a_bounce_of_one_recipient_leaves_the_others_as_they_were():
    mail = to_three(state=OutboxState.ACCEPTED, answer="250 OK")
    mail.keep_outcome(RecipientOutcome("bo@company.example", RecipientState.BOUNCED))
    mail.save()
    assert states(mail) == [("accepted", "250 OK"), ("bounced", ""), ("accepted", "250 OK")]


@pytest.mark.parametrize("is_signed", [True, False])
def test_the_row_remembers_whether_the_server_took_the_signed_sender(post, is_signed):
    mail = reply()
    sender = (
        bounce_address("support@desk.example", BounceTag(mail.pk, 0)) if is_signed else "support@desk.example"
    )
    post.answers = [ServerReply(SendingResult.ACCEPTED, "250 OK", sender)]
    run()
    mail.refresh_from_db()
    assert [outcome.is_signed for outcome in mail.recipient_outcomes] == [is_signed]
