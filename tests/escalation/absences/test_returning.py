"""After an absence tickets are offered back once, and only a person takes them back or lets them stay."""

import pytest

from customers.models import Absence
from escalation.absences.moving import move_from_absent
from escalation.absences.returning import MOST_NAMED, keep, offer_back, take_back
from escalation.choices import ClockChange, NoticeKind
from escalation.models import AbsenceMove, ClockEvent, Notification, Settled
from escalation.notifications.wording import Notice, subject_of, text_of
from tests.factories import AbsenceFactory, ContactFactory, CustomerFactory, TicketFactory, set_desk, staff
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Fact, MessageKind, OwnerRule, Priority, Status
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.ownership import assign
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def boss():
    boss = staff("boss")
    set_desk(duty_manager=boss, intake_owner=boss)
    return boss


@pytest.fixture
def bob():
    return staff("bob")


@pytest.fixture
def ann(bob):
    return staff("ann", deputy=bob)


@pytest.fixture
def absence(ann):
    return AbsenceFactory(user=ann, starts_at=minute(10), ends_at=minute(100))


@pytest.fixture
def ticket(ann, absence):
    ticket = ticket_of(ann)
    move_from_absent(now=minute(10))
    return ticket


@pytest.fixture
def move(ticket):
    assert offer_back(now=minute(100)) == 1
    return AbsenceMove.objects.get()


def ticket_of(owner, **more):
    contact = ContactFactory(customer=CustomerFactory(account_manager=owner))
    return opened(0, contact=contact, priority=more.pop("priority", Priority.P2), **more)


def owner_of(ticket):
    return Ticket.objects.get(pk=ticket.pk).owner


def offers():
    return list(Notification.objects.filter(kind=NoticeKind.BACK))


def test_after_an_absence_a_ticket_is_offered_back_once_and_does_not_move_by_itself(ticket, ann, bob):
    assert offer_back(now=minute(99)) == 0
    assert offer_back(now=minute(100)) == 1
    assert offer_back(now=minute(101)) == 0
    assert [notification.recipient for notification in offers()] == [ann]
    assert AbsenceMove.objects.offered().count() == 1
    assert owner_of(ticket) == bob


@pytest.mark.parametrize("change", ["deleted", "shortened"])
def test_an_absence_deleted_or_shortened_while_it_runs_counts_as_over(ticket, absence, ann, change):
    if change == "deleted":
        absence.delete()
    else:
        Absence.objects.filter(pk=absence.pk).update(ends_at=minute(20))
    assert offer_back(now=minute(20)) == 1
    assert offers()[0].recipient == ann


def test_whoever_is_away_in_another_absence_is_not_back(ticket, ann):
    AbsenceFactory(user=ann, starts_at=minute(50), ends_at=minute(200))
    assert offer_back(now=minute(100)) == 0
    assert offer_back(now=minute(200)) == 1


def test_tickets_that_are_done_or_went_elsewhere_are_not_offered(ann, bob, boss, absence):
    done, gone, here = ticket_of(ann), ticket_of(ann), ticket_of(ann)
    move_from_absent(now=minute(10))
    answered(done, 20, actor=bob, then=Status.RESOLVED)
    assign(ticket=gone, to=boss, actor=bob, at=minute(20))
    assert offer_back(now=minute(100)) == 1
    assert AbsenceMove.objects.offered().get().ticket == here
    assert set(AbsenceMove.objects.filter(settled_as=Settled.PASSED).values_list("ticket", flat=True)) == {
        done.pk,
        gone.pk,
    }
    assert str(here) in offers()[0].detail
    assert str(gone) not in offers()[0].detail


def test_a_ticket_held_by_the_deputys_deputy_is_offered_to_its_first_owner(ticket, ann, bob):
    cy = staff("cy")
    bob.staff_profile.deputy = cy
    bob.staff_profile.save()
    AbsenceFactory(user=bob, starts_at=minute(50), ends_at=minute(500))
    move_from_absent(now=minute(50))
    assert owner_of(ticket) == cy
    assert offer_back(now=minute(100)) == 1
    assert offers()[0].recipient == ann


def test_an_offer_that_nobody_took_ends_when_its_ticket_is_resolved(move, ticket, bob):
    answered(ticket, 110, actor=bob, then=Status.RESOLVED)
    offer_back(now=minute(111))
    move.refresh_from_db()
    assert (move.settled_as, move.settled_at) == (Settled.PASSED, minute(111))


def test_many_tickets_are_one_notification_that_names_the_most_urgent(ann, absence):
    for _each in range(MOST_NAMED + 2):
        ticket_of(ann)
    urgent = ticket_of(ann, priority=Priority.P1)
    move_from_absent(now=minute(10))
    offer_back(now=minute(100))
    [notification] = offers()
    assert notification.detail.startswith(f"P1 {urgent}")
    assert notification.detail.endswith("… +3")


def test_the_notification_leads_to_the_page_of_all_of_them(ann, ticket):
    notice = Notice(NoticeKind.BACK, ticket, detail="P2 SD#1 Black screen · Bob")
    assert subject_of(notice, at=minute(1)) == "Returned from leave"
    text = text_of(notice, at=minute(1))
    assert "P2 SD#1 Black screen · Bob" in text
    assert "/escalation/absencemove/" in text


def test_taking_a_ticket_back_writes_ledger_timeline_note_and_a_notification(move, ticket, ann, bob):
    take_back(move=move, actor=ann, at=minute(110))
    assert owner_of(ticket) == ann
    line = ticket.timeline.filter(fact=Fact.OWNER).latest("pk")
    assert (line.actor, line.data["rule"]) == (ann, OwnerRule.BY_HAND)
    event = ClockEvent.objects.filter(clock=clock_of(ticket), change=ClockChange.HANDED_OVER).latest("pk")
    assert (event.holder, event.actor) == (ann, ann)
    assert "is back and owns it again" in ticket.messages.filter(kind=MessageKind.NOTE).latest("pk").body
    notification = Notification.objects.get(kind=NoticeKind.TAKEN_BACK)
    assert (notification.recipient, notification.other) == (bob, ann)
    move.refresh_from_db()
    assert (move.settled_as, move.settled_by, move.settled_at) == (Settled.TAKEN_BACK, ann, minute(110))


def test_when_the_stand_in_gives_the_ticket_back_the_former_owner_is_told(move, ticket, ann, bob):
    take_back(move=move, actor=bob, at=minute(110))
    assert owner_of(ticket) == ann
    assert Notification.objects.get(kind=NoticeKind.TAKEN_BACK).recipient == ann


def test_keeping_a_ticket_moves_nothing(move, ticket, bob):
    keep(move=move, actor=bob, at=minute(110))
    assert owner_of(ticket) == bob
    move.refresh_from_db()
    assert (move.settled_as, move.settled_by) == (Settled.KEPT, bob)
    assert not AbsenceMove.objects.offered().exists()


@pytest.mark.parametrize("service", [take_back, keep])
def test_an_offer_is_decided_only_once(move, ann, bob, service):
    keep(move=move, actor=bob, at=minute(110))
    with pytest.raises(DeskError, match="nothing left to decide"):
        service(move=move, actor=ann, at=minute(111))


@pytest.mark.parametrize("service", [take_back, keep])
def test_nothing_is_decided_on_a_ticket_that_is_done(move, ticket, ann, service):
    answered(ticket, 105, then=Status.WAITING)
    set_status(ticket=ticket, status=Status.CLOSED, actor=ann, at=minute(106))
    with pytest.raises(DeskError, match="nothing left to decide"):
        service(move=move, actor=ann, at=minute(110))


@pytest.mark.parametrize("service", [take_back, keep])
def test_a_stranger_decides_nothing(move, ticket, bob, service):
    with pytest.raises(DeskError, match="Only the previous owner"):
        service(move=move, actor=staff("eve", groups=["Account manager"]), at=minute(110))
    assert owner_of(ticket) == bob


def test_a_lead_decides(move, ticket, ann):
    take_back(move=move, actor=staff("lea", groups=["Team lead"]), at=minute(110))
    assert owner_of(ticket) == ann
    assert {
        notification.recipient for notification in Notification.objects.filter(kind=NoticeKind.TAKEN_BACK)
    } == {ann}


def test_somebody_who_left_is_not_told_and_gets_nothing_back(move, ticket, ann, bob):
    ann.is_active = False
    ann.save()
    with pytest.raises(DeskError, match="no longer works at the desk"):
        take_back(move=move, actor=bob, at=minute(110))
    assert owner_of(ticket) == bob


def test_offering_a_hundred_costs_the_queries_of_three(ann, absence, count_queries):
    TicketFactory.create_batch(3, owner=ann, unanswered_since=minute(1))
    move_from_absent(now=minute(10))
    few = count_queries(lambda: offer_back(now=minute(100)))
    AbsenceMove.objects.all().delete()
    TicketFactory.create_batch(100, owner=ann, unanswered_since=minute(1))
    move_from_absent(now=minute(10))
    assert count_queries(lambda: offer_back(now=minute(100))) == few
