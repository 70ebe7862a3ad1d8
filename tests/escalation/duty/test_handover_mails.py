"""The hand-over digest: both are told once at each change of shift, in their own words."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from customers.names import name_of
from escalation.duty.handover_mails import tell_changes
from escalation.duty.overrides_and_swaps import put_on_duty
from escalation.models import DutyHandover
from tests.factories import (
    NOW,
    ClockFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    NotificationFactory,
    PolicyFactory,
    PolicyVersionFactory,
    TicketFactory,
    staff,
)
from tickets.choices import MailPurpose, Priority, Status
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def rota():
    return DutyRotaFactory(name="P0 duty")


@pytest.fixture
def ann():
    return staff("ann", time_zone="Europe/Berlin")


@pytest.fixture
def ben():
    return staff("ben", language="zh-hans", time_zone="Asia/Shanghai")


def shift(rota, user, first, last):
    """Hours after the shift change, which is at `NOW`."""
    return DutyShiftFactory(rota=rota, user=user, starts_at=NOW + first * HOUR, ends_at=NOW + last * HOUR)


@pytest.fixture
def change(rota, ann, ben):
    """Ann's duty goes to Ben at `NOW`."""
    return shift(rota, ann, -12, 0), shift(rota, ben, 0, 12)


def mails():
    return {mail.recipients[0]: mail for mail in OutboundEmail.objects.order_by("pk")}


def test_both_people_are_mailed_at_the_change_in_their_language_and_zone(change, ann, ben):
    assert tell_changes(now=NOW) == 1
    to_ann, to_ben = mails()["ann@desk.example"], mails()["ben@desk.example"]
    assert to_ann.subject == f"Handover: P0 duty, {name_of(ann)} → {name_of(ben)}"
    assert "UTC+1, Berlin" in to_ann.text
    assert "北京时间，UTC+8" in to_ben.text
    assert {to_ann.purpose, to_ben.purpose} == {MailPurpose.NOTIFICATION}


def test_a_change_is_mailed_once_and_not_before_it_happens(change):
    assert tell_changes(now=NOW - timedelta(seconds=1)) == 0
    assert [tell_changes(now=NOW + minute * timedelta(minutes=1)) for minute in range(3)] == [1, 0, 0]
    row = DutyHandover.objects.get()
    assert (row.changed_at, row.told_at) == (NOW, NOW)
    assert {row.outgoing_mail.recipients[0], row.incoming_mail.recipients[0]} == set(mails())


def test_a_person_who_stays_on_duty_gets_no_mail(rota, ann):
    shift(rota, ann, -12, 0)
    shift(rota, ann, 0, 12)
    assert tell_changes(now=NOW) == 0


def test_a_gap_between_two_shifts_still_makes_a_hand_over(rota, ann, ben):
    shift(rota, ann, -24, -12)
    shift(rota, ben, 0, 12)
    assert tell_changes(now=NOW - HOUR) == 0
    assert tell_changes(now=NOW) == 1


def test_after_an_outage_only_the_latest_change_is_told(rota, ann, ben):
    cy = staff("cy")
    for user, first in ((ann, -36), (ben, -24), (cy, -12), (ann, 0)):
        shift(rota, user, first, first + 12)
    assert tell_changes(now=NOW + HOUR) == 1
    assert DutyHandover.objects.get().outgoing == cy
    assert tell_changes(now=NOW + 2 * HOUR) == 0


def test_an_override_hands_over_there_and_back(rota, ann, ben):
    shift(rota, ann, -1, 12)
    put_on_duty(
        rota=rota,
        user=ben,
        starts_at=NOW,
        ends_at=NOW + 2 * HOUR,
        reason="dentist",
        actor=None,
        at=NOW - HOUR,
    )
    assert [tell_changes(now=NOW + hours * HOUR) for hours in (0, 1, 2, 3)] == [1, 0, 1, 0]
    assert list(DutyHandover.objects.order_by("changed_at").values_list("outgoing", "incoming")) == [
        (ann.pk, ben.pk),
        (ben.pk, ann.pk),
    ]


def test_each_rota_has_its_own_changes(change, ann, ben):
    other = DutyRotaFactory()
    shift(other, ben, -12, 0)
    shift(other, ann, 0, 12)
    assert tell_changes(now=NOW) == 2


def test_the_mail_lists_open_tickets_p0_first_with_due_times_and_who_was_told(rota, change, ann, ben):
    version = PolicyVersionFactory(policy=PolicyFactory(duty_rota=rota))
    urgent = TicketFactory(
        priority=Priority.P0, subject="All rooms black", customer=CustomerFactory(name="Star Live")
    )
    ClockFactory(ticket=urgent, policy_version=version, minutes=90)
    NotificationFactory(ticket=urgent, recipient=ann)
    TicketFactory(priority=Priority.P1, owner=ann, subject="Echo in Brazil")
    tell_changes(now=NOW)
    text = mails()["ann@desk.example"].text
    assert text.index("All rooms black") < text.index("Echo in Brazil")
    assert "Star Live" in text
    assert "First response is due at" in text
    assert f"Notified: {ann.first_name}" in text


def test_tickets_that_concern_neither_reader_are_left_out(rota, change, ann):
    elsewhere = PolicyVersionFactory(policy=PolicyFactory())
    ClockFactory(ticket=TicketFactory(priority=Priority.P0, subject="Foreign"), policy_version=elsewhere)
    of_rota = PolicyVersionFactory(policy=PolicyFactory(duty_rota=rota))
    ClockFactory(ticket=TicketFactory(priority=Priority.P2, subject="Question"), policy_version=of_rota)
    TicketFactory(owner=ann, status=Status.CLOSED, subject="Closed")
    tell_changes(now=NOW)
    text = mails()["ann@desk.example"].text
    assert "There is nothing open" in text
    assert not any(word in text for word in ("Foreign", "Question", "Closed"))


def test_a_minor_ticket_is_mailed_only_to_readers_who_may_see_it(change, ann):
    TicketFactory(owner=ann, priority=Priority.P2, subject="Invoice")
    tell_changes(now=NOW)
    assert "Invoice" in mails()["ann@desk.example"].text
    assert "Invoice" not in mails()["ben@desk.example"].text


def test_an_urgent_ticket_of_another_rota_is_mailed_only_to_readers_who_may_see_it(change, ann):
    elsewhere = PolicyVersionFactory(policy=PolicyFactory(duty_rota=DutyRotaFactory()))
    ticket = TicketFactory(owner=ann, priority=Priority.P0, subject="Takeover talks")
    ClockFactory(ticket=ticket, policy_version=elsewhere)
    tell_changes(now=NOW)
    assert "Takeover talks" in mails()["ann@desk.example"].text
    assert "Takeover talks" not in mails()["ben@desk.example"].text


def test_a_person_without_an_address_stops_no_other_mail(change, ann):
    ann.email = ""
    ann.save()
    assert tell_changes(now=NOW) == 1
    assert list(mails()) == ["ben@desk.example"]


def test_handover_mails_cost_two_queries_if_nothing_changed(change, count_queries):
    tell_changes(now=NOW)
    assert count_queries(lambda: tell_changes(now=NOW + HOUR)) == 2


def test_many_tickets_cost_the_queries_of_few(change, ann, count_queries):
    version = PolicyVersionFactory()
    ClockFactory(ticket=TicketFactory(owner=ann), policy_version=version)
    tell_changes(now=NOW)
    DutyHandover.objects.all().delete()
    few = count_queries(lambda: tell_changes(now=NOW))
    DutyHandover.objects.all().delete()
    for _number in range(20):
        ClockFactory(ticket=TicketFactory(owner=ann), policy_version=version)
        TicketFactory(owner=ann)
    assert count_queries(lambda: tell_changes(now=NOW)) == few == 20


def test_a_long_list_is_cut_and_says_so(change, ann):
    for _number in range(43):
        TicketFactory(owner=ann, priority=Priority.P1)
    tell_changes(now=NOW)
    text = mails()["ann@desk.example"].text
    assert text.count("Owner:") == 40
    assert "more" in text


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_mail_a_change_once():
    rota = DutyRotaFactory()
    shift(rota, staff("ann"), -12, 0)
    shift(rota, staff("ben"), 0, 12)

    def run(_number):
        try:
            return tell_changes(now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        mailed = sorted(pool.map(run, range(4)))
    assert mailed == [0, 0, 0, 1]
    assert OutboundEmail.objects.count() == 2
