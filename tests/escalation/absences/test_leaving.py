"""Somebody who can no longer open tickets: their tickets move, their customers and shifts are named, once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from customers.models import Departure
from escalation.absences.leaving import follow_departures, left_work_of
from escalation.absences.moving import move_from_absent
from escalation.absences.returning import offer_back
from escalation.choices import ClockChange, NoticeKind
from escalation.models import AbsenceMove, ClockEvent, DutyShift, Notification
from escalation.notifications.rendering import reader_for, render
from escalation.tasks import follow_absences
from tests.factories import (
    AbsenceFactory,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    TeamFactory,
    UserFactory,
    set_desk,
    staff,
)
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Fact, MessageKind, OwnerRule, Priority, Status
from tickets.models import Ticket
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db
GROUP = ["Account manager"]


@pytest.fixture(autouse=True)
def dora():
    dora = staff("dora")
    set_desk(duty_manager=dora, intake_owner=dora)
    return dora


@pytest.fixture
def boss():
    return staff("boss")


@pytest.fixture
def ann(boss):
    return staff("ann", groups=GROUP, reports_to=boss, deputy=staff("bob"))


def ticket_of(owner, at=0.0):
    contact = ContactFactory(customer=CustomerFactory(account_manager=owner))
    return opened(at, contact=contact, priority=Priority.P2)


def deactivate(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_staff(user):
    User.objects.filter(pk=user.pk).update(is_staff=False)


def lose_groups(user):
    user.groups.clear()


def lose_permission(user):
    group = Group.objects.get(name=GROUP[0])
    group.permissions.remove(*group.permissions.filter(content_type__app_label="tickets"))


WAYS = [deactivate, lose_staff, lose_groups, lose_permission]


def run(at):
    return follow_departures(now=minute(at))


def owner_of(ticket):
    return Ticket.objects.get(pk=ticket.pk).owner.username


def told(kind=NoticeKind.SOMEBODY_LEFT):
    return sorted(row.recipient.username for row in Notification.objects.filter(kind=kind))


@pytest.mark.parametrize("leave", WAYS)
def test_however_somebody_loses_access_their_tickets_go_to_the_deputy(ann, leave):
    ticket = ticket_of(ann)
    assert str(run(1)) == "left=0 back=0 theirs_moved=0"
    leave(ann)
    assert str(run(2)) == "left=1 back=0 theirs_moved=1"
    assert owner_of(ticket) == "bob"
    assert Departure.objects.get().user == ann


def test_every_open_ticket_moves_and_no_finished_one(ann):
    waiting, owed, closed = ticket_of(ann), ticket_of(ann), ticket_of(ann)
    for ticket in (waiting, closed):
        answered(ticket, 1, actor=ann)
    set_status(ticket=waiting, status=Status.WAITING, actor=ann, at=minute(2))
    set_status(ticket=closed, status=Status.CLOSED, actor=ann, at=minute(2))
    deactivate(ann)
    assert run(3).tickets.moved == 2
    assert [owner_of(ticket) for ticket in (waiting, owed, closed)] == ["bob", "bob", "ann"]


def test_a_move_writes_timeline_ledger_note_and_notification(ann):
    ticket = ticket_of(ann)
    deactivate(ann)
    run(2)
    line = ticket.timeline.get(fact=Fact.OWNER)
    assert (line.data["rule"], line.actor) == (OwnerRule.DEPARTURE, None)
    assert "can no longer open tickets" in line.reason
    event = ClockEvent.objects.get(clock=clock_of(ticket), change=ClockChange.HANDED_OVER)
    assert (event.holder.username, event.at) == ("bob", minute(2))
    assert "can no longer open tickets" in ticket.messages.get(kind=MessageKind.NOTE).body
    notification = Notification.objects.get(kind=NoticeKind.LEFT_TO_YOU)
    assert (notification.recipient.username, notification.ticket, notification.other) == ("bob", ticket, ann)


def test_a_second_run_changes_nothing(ann):
    ticket_of(ann)
    DutyShiftFactory(user=ann, starts_at=minute(60), ends_at=minute(120))
    deactivate(ann)
    run(2)
    before = Notification.objects.count(), AbsenceMove.objects.count(), Departure.objects.count()
    assert str(run(3)) == "left=0 back=0 theirs_moved=0"
    assert (Notification.objects.count(), AbsenceMove.objects.count(), Departure.objects.count()) == before


def test_the_database_refuses_a_second_open_departure(ann):
    Departure.objects.create(user=ann, noticed_at=minute(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Departure.objects.create(user=ann, noticed_at=minute(2))


def test_a_ticket_that_a_hand_in_the_database_gives_back_moves_again(ann):
    ticket = ticket_of(ann)
    deactivate(ann)
    run(2)
    Ticket.objects.filter(pk=ticket.pk).update(owner=ann)
    assert run(3).tickets.moved == 1
    assert owner_of(ticket) == "bob"
    assert AbsenceMove.objects.get().moved_at == minute(3)


def test_somebody_away_who_leaves_keeps_no_ticket(ann):
    ticket = ticket_of(ann)
    AbsenceFactory(user=ann, starts_at=minute(1), ends_at=minute(1000))
    deactivate(ann)
    run(2)
    assert move_from_absent(now=minute(2)).moved == 0
    assert owner_of(ticket) == "bob"


def test_without_a_stand_in_the_ticket_stays_and_superusers_are_told_once(dora):
    set_desk(duty_manager=None, intake_owner=dora)
    root = AdminFactory(username="root")
    alone = staff("alone", groups=GROUP)
    ticket = ticket_of(alone)
    deactivate(alone)
    assert run(2).tickets.stranded == 1
    run(3)
    assert (owner_of(ticket), told(NoticeKind.NOBODY_STANDS_IN)) == ("alone", ["root"])
    set_desk(duty_manager=root)
    assert run(4).tickets.moved == 1
    assert owner_of(ticket) == "root"


def test_the_manager_hears_of_customers_and_shifts(ann):
    CustomerFactory(name="Aurora Live", account_manager=ann)
    CustomerFactory(name="Blue Games", backup_account_manager=ann)
    CustomerFactory(name="Gone Away", account_manager=ann, is_active=False)
    rota = DutyRotaFactory(name="Night duty")
    DutyShiftFactory(rota=rota, user=ann, starts_at=minute(60), ends_at=minute(120))
    DutyShiftFactory(rota=rota, user=ann, starts_at=minute(-120), ends_at=minute(-60))
    deactivate(ann)
    run(2)
    row = Notification.objects.get(kind=NoticeKind.SOMEBODY_LEFT)
    assert row.recipient.username == "boss"
    text = render([row], reader_for(row.recipient, at=minute(3)), at=minute(3)).text
    for piece in (
        "Aurora Live",
        "Blue Games",
        "/customers/customer/?needs=manager",
        "Night duty",
        "dutyrota",
    ):
        assert piece in text
    assert "Gone Away" not in text
    assert text.count("Night duty") == 1
    row.recipient.staff_profile.language = "zh-hans"
    row.recipient.staff_profile.save()
    chinese = render([row], reader_for(row.recipient, at=minute(3)), at=minute(3)).text
    assert "客户经理" in chinese
    assert "account manager" not in chinese


def test_in_a_digest_the_departure_is_in_words_too(ann, boss):
    for user in (ann, staff("eve", groups=GROUP, reports_to=boss)):
        CustomerFactory(account_manager=user)
        deactivate(user)
    run(2)
    rows = list(Notification.objects.filter(kind=NoticeKind.SOMEBODY_LEFT))
    text = render(rows, reader_for(boss, at=minute(3)), at=minute(3)).text
    assert text.count("can no longer open tickets") == 2


def test_who_is_told_is_the_next_person_there():
    lead = staff("lead")
    team = TeamFactory(lead=lead)
    for manager, expected in ((staff("m1", deputy=staff("deputy")), "deputy"), (staff("m2"), "lead")):
        Notification.objects.all().delete()
        person = staff("", groups=GROUP, reports_to=manager, team=team)
        CustomerFactory(account_manager=person)
        deactivate(manager)
        deactivate(person)
        run(2)
        assert told() == [expected]


def test_without_manager_and_lead_the_duty_manager_is_told_and_without_one_every_superuser(dora):
    for name, desk, expected in (("x1", dora, ["dora"]), ("x2", None, ["root"])):
        AdminFactory(username="root") if desk is None else None
        set_desk(duty_manager=desk)
        Notification.objects.all().delete()
        person = staff(name, groups=GROUP)
        CustomerFactory(account_manager=person)
        deactivate(person)
        run(2)
        assert told() == expected


def test_a_login_that_never_had_anything_has_not_left():
    UserFactory(groups=[])
    UserFactory(is_active=False)
    assert str(run(1)) == "left=0 back=0 theirs_moved=0"
    assert not Departure.objects.exists()


def test_whoever_is_back_is_offered_the_tickets(ann):
    ticket = ticket_of(ann)
    lose_groups(ann)
    run(2)
    assert offer_back(now=minute(3)) == 0
    ann.groups.add(Group.objects.get(name=GROUP[0]))
    assert run(4).back == 1
    assert offer_back(now=minute(4)) == 1
    assert owner_of(ticket) == "bob"
    assert told(NoticeKind.BACK) == ["ann"]
    lose_groups(ann)
    assert run(5).noticed == 1
    assert Departure.objects.count() == 2


def test_the_minute_task_follows_departures(ann, time_machine):
    ticket = ticket_of(ann)
    deactivate(ann)
    time_machine.move_to(minute(3), tick=False)
    assert "left=1 back=0 theirs_moved=1" in follow_absences()
    assert owner_of(ticket) == "bob"


def test_a_quiet_run_is_one_query(ann, count_queries):
    ticket_of(ann)
    for number in range(5):
        gone = staff(f"gone{number}", groups=GROUP)
        CustomerFactory(account_manager=gone)
        deactivate(gone)
    run(1)
    assert count_queries(lambda: run(2)) == 1


def test_thirty_tickets_cost_no_more_queries_than_three(boss, count_queries):
    def cost(number):
        person = staff(f"p{number}", groups=GROUP, deputy=boss)
        customer = CustomerFactory(account_manager=person)
        for _each in range(number):
            opened(0, contact=ContactFactory(customer=customer), priority=Priority.P2)
        deactivate(person)
        return count_queries(lambda: run(10))

    assert cost(3) == cost(30)


def test_left_work_survives_its_text(ann):
    CustomerFactory(name="Aurora: Live / Beta", account_manager=ann)
    DutyShiftFactory(
        rota=DutyRotaFactory(name="Night / weekend duty"), user=ann, starts_at=minute(60), ends_at=minute(90)
    )
    for left in (left_work_of(ann, minute(1)), left_work_of(ann, minute(1) + timedelta(hours=9))):
        assert type(left).from_text(left.as_text()) == left
    DutyShift.objects.all().delete()
