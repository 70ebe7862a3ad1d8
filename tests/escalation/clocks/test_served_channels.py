"""Which promised ways a promise was channels covered: what counts as proof, for which promise, and what does not."""

import pytest

from escalation.choices import AttemptOutcome, ClockKind, Medium, Way
from escalation.clocks.served_channels import served_ways_by_clock
from escalation.explaining.loading import explain
from escalation.explaining.report import report_of
from escalation.models import Clock, NotificationAttempt
from escalation.policies.editing import revise_policy
from tests.adminpages import page_url
from tests.factories import (
    AdminFactory,
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    MessageFactory,
    NotificationFactory,
    OutboundEmailFactory,
    OutboundMessageFactory,
    PolicyFactory,
    TicketFactory,
    staff,
)
from tests.talk import minute
from tickets.choices import Channel, MessageKind, Priority

pytestmark = pytest.mark.django_db

P0 = [Way.PHONE, Way.GROUP, Way.EMAIL, Way.CHAT, Way.ACCOUNT_MANAGER]


@pytest.fixture
def ann():
    return staff("ann")


@pytest.fixture
def ticket(ann):
    return TicketFactory(
        customer=CustomerFactory(account_manager=ann),
        priority=Priority.P0,
        opened_at=minute(0),
        owner=staff(),
    )


@pytest.fixture
def version():
    return revise_policy(
        policy=PolicyFactory(), windows=[], actor=None, at=minute(-60), ways={Priority.P0: P0}
    )


@pytest.fixture
def clock(ticket, version):
    return ClockFactory(ticket=ticket, policy_version=version)


def called(ticket, at, channel=Channel.PHONE, **fields):
    return MessageFactory(
        ticket=ticket, kind=MessageKind.CONTACT, channel=channel, at=minute(at), author=ticket.owner,
        reached="Mr Li", **fields,
    )  # fmt: skip


def served(*clocks):
    messages = list(clocks[0].ticket.messages.select_related("author", "outbound"))
    return {
        pk: {served_way.way: served_way.proof for served_way in ways_of_clock if served_way.proof}
        for pk, ways_of_clock in served_ways_by_clock(clocks, messages).items()
    }


def test_promised_channels_are_listed_as_not_served_at_first(clock):
    assert [
        (served_way.way, served_way.proof) for served_way in served_ways_by_clock([clock], [])[clock.pk]
    ] == [
        (Way.EMAIL, None),
        (Way.PHONE, None),
        (Way.GROUP, None),
        (Way.CHAT, None),
        (Way.ACCOUNT_MANAGER, None),
    ]


@pytest.mark.parametrize(
    ("channel", "way"), [(Channel.PHONE, Way.PHONE), (Channel.GROUP, Way.GROUP), (Channel.CHAT, Way.CHAT)]
)
def test_a_logged_contact_serves_its_channel(clock, channel, way):
    message = called(clock.ticket, 5, channel)
    proof = served(clock)[clock.pk][way]
    assert (proof.message, proof.at, proof.by, proof.whom) == (
        message.pk,
        minute(5),
        clock.ticket.owner,
        "Mr Li",
    )


def test_a_reply_serves_mail_and_names_its_readers(clock):
    message = OutboundMessageFactory(ticket=clock.ticket, at=minute(3))
    OutboundEmailFactory(ticket=clock.ticket, message=message, recipients=["li@company.example"])
    assert served(clock)[clock.pk][Way.EMAIL].whom == "li@company.example"


def test_a_reply_by_the_account_manager_also_serves_that_channel(clock, ann):
    OutboundMessageFactory(ticket=clock.ticket, at=minute(3), author=ann)
    assert set(served(clock)[clock.pk]) == {Way.EMAIL, Way.ACCOUNT_MANAGER}


def test_the_earliest_proof_is_shown(clock):
    called(clock.ticket, 9)
    first = called(clock.ticket, 5)
    assert served(clock)[clock.pk][Way.PHONE].message == first.pk


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": MessageKind.NOTE},
        {"kind": MessageKind.INBOUND},
        {"is_automatic": True},
        {"failed_at": minute(6)},
        {"voided_at": minute(6)},
        {"at": minute(-1)},
    ],
)
def test_messages_that_are_not_answers_serve_no_channel(clock, fields):
    OutboundMessageFactory(**{"ticket": clock.ticket, "at": minute(3), **fields})
    assert served(clock)[clock.pk] == {}


def test_an_answer_serves_the_promise_that_started_last_before_it(clock, version):
    clock.stopped_at = minute(4)
    clock.save()
    following = ClockFactory(
        ticket=clock.ticket, policy_version=version, kind=ClockKind.NEXT_RESPONSE, started_at=minute(10),
        due_at=minute(500),
    )  # fmt: skip
    called(clock.ticket, 4)
    called(clock.ticket, 6, Channel.GROUP)
    called(clock.ticket, 10, Channel.CHAT)
    proofs = served(clock, following)
    assert (set(proofs[clock.pk]), set(proofs[following.pk])) == ({Way.PHONE, Way.GROUP}, {Way.CHAT})


def test_updates_and_resolutions_have_no_promised_channels(ticket, version):
    update = ClockFactory(ticket=ticket, policy_version=version, kind=ClockKind.UPDATE)
    assert served_ways_by_clock([update], []) == {}


def post(ticket, at, outcome=AttemptOutcome.ACCEPTED):
    notification = NotificationFactory(ticket=ticket, recipient=None, customer=ticket.customer)
    return NotificationAttempt.objects.create(
        notification=notification, medium=Medium.CHAT, to="WeCom group", at=minute(at), outcome=outcome
    )


def test_a_message_accepted_by_the_customers_group_serves_the_group(clock):
    post(clock.ticket, 2)
    proof = served(clock)[clock.pk][Way.GROUP]
    assert (proof.at, proof.whom, proof.message) == (minute(2), "WeCom group", None)


def test_a_refused_message_and_one_to_a_colleague_serve_no_channel(clock):
    post(clock.ticket, 2, AttemptOutcome.REFUSED)
    NotificationAttempt.objects.create(
        notification=NotificationFactory(ticket=clock.ticket), medium=Medium.CHAT, to="Ann", at=minute(2),
        outcome=AttemptOutcome.ACCEPTED,
    )  # fmt: skip
    assert served(clock)[clock.pk] == {}


def test_the_ticket_page_shows_what_was_promised_and_the_proof(login, clock):
    message = called(clock.ticket, 5)
    html = login(AdminFactory()).get(page_url(clock.ticket)).content.decode()
    part = html[html.index("Channels covered") :]
    assert f'href="#m{message.pk}"' in part
    assert "Mr Li" in part
    assert "Dedicated tech group" in part
    assert "not yet" in part


def test_an_explanation_names_the_promised_channels_with_their_proof(clock, count_queries):
    message = called(clock.ticket, 5)
    ClockEventFactory(clock=clock)
    explanation = explain(Clock.objects.all(), clock.pk, now=minute(30))
    phone = next(line for line in explanation.through if line.way == "phone")
    assert (phone.served_at, phone.whom, phone.message) == (minute(5), "Mr Li", message.pk)
    lines = {
        fact.value for fact in report_of(explanation, zone="UTC").terms if fact.name == "Channels covered"
    }
    assert "Dedicated tech group: not yet" in lines
    assert any(line.startswith("Phone: ") and line.endswith(" to Mr Li") for line in lines)
    assert count_queries(lambda: explain(Clock.objects.all(), clock.pk, now=minute(30))) == 6


def test_an_explanation_counts_words_up_to_the_next_question_only(clock, version):
    clock.stopped_at = minute(4)
    clock.save()
    ClockEventFactory(clock=clock)
    ClockFactory(
        ticket=clock.ticket, policy_version=version, kind=ClockKind.NEXT_RESPONSE, started_at=minute(10),
        due_at=minute(500),
    )  # fmt: skip
    called(clock.ticket, 11)
    explanation = explain(Clock.objects.all(), clock.pk, now=minute(30))
    assert not any(served_way.served_at for served_way in explanation.through)


def test_an_explanation_of_a_policy_without_promised_channels_costs_no_extra_query(clock, count_queries):
    ClockEventFactory(clock=clock)
    full = count_queries(lambda: explain(Clock.objects.all(), clock.pk, now=minute(30)))
    clock.policy_version.channels = {}
    clock.policy_version.save(update_fields=["channels"])
    assert count_queries(lambda: explain(Clock.objects.all(), clock.pk, now=minute(30))) == full - 3
