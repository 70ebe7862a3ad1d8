"""Fire drills run the real chain, reach no customer, and end when they should."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from escalation.choices import AcknowledgedBy, ClockState, DrillEnding, NoticeKind
from escalation.drills import drills
from escalation.drills.drills import end_drill, end_finished_drills, start_drill
from escalation.enforcement.acknowledge import acknowledge
from escalation.enforcement.sweep import sweep
from escalation.lib.drill_marks import MARK, with_drill_mark, without_drill_mark
from escalation.models import Clock, Drill, Escalation, Notification
from escalation.notifications.wording import Notice, subject_of, text_of
from tests.factories import (
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    MailboxFactory,
    UserFactory,
    set_desk,
    staff,
)
from tests.talk import answered, called, minute, opened
from tickets.choices import MailPurpose, Priority, Status
from tickets.errors import DeskError
from tickets.models import OutboundEmail, Ticket
from tickets.services.merging import merge
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def boss():
    boss = staff("boss", groups=["Duty manager"])
    set_desk(duty_manager=boss, intake_owner=boss)
    return boss


@pytest.fixture
def duty():
    """The person on duty on the rota of the default policy."""
    person = staff("dora", groups=["Account manager"])
    rota = DutyRotaFactory()
    DutyShiftFactory(rota=rota, user=person)
    policy = Clock._meta.get_field("policy_version").related_model._meta.get_field("policy").related_model
    policy.objects.filter(is_default=True).update(duty_rota=rota)
    return person


def started(boss, at=0.0, **more):
    return start_drill(actor=boss, at=minute(at), reason=more.pop("reason", "first Sunday"), **more)


def drill_of(ticket):
    return Drill.objects.get(ticket=ticket)


def test_a_drill_is_a_marked_p0_with_a_promise_and_pages_the_person_on_duty(boss, duty):
    ticket = started(boss)
    assert ticket.is_drill
    assert ticket.subject.startswith("[DRILL]【演练】 ")
    assert (ticket.priority, ticket.owner) == (Priority.P0, duty)
    assert Clock.objects.get(ticket=ticket).due_at == minute(30)
    assert Notification.objects.filter(ticket=ticket, kind=NoticeKind.PAGED, recipient=duty).exists()
    assert (drill_of(ticket).started_by, drill_of(ticket).reason) == (boss, "first Sunday")


def test_an_unanswered_drill_is_escalated_by_the_real_chain(boss, duty):
    manager = staff("mia")
    duty.staff_profile.reports_to = manager
    duty.staff_profile.save()
    ticket = started(boss)
    sweep(now=minute(30))
    ticket.refresh_from_db()
    assert ticket.owner == manager
    assert Escalation.objects.filter(clock__ticket=ticket, to_owner=manager).exists()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "This is a fire drill."), ("zh-hans", MARK)], ids=["en", "zh"]
)
def test_whoever_is_told_reads_at_once_that_it_is_a_drill(boss, duty, settings, language, words):
    settings.LANGUAGE_CODE = language
    notice = Notice(NoticeKind.PAGED, started(boss), other=duty)
    assert subject_of(notice, at=minute(1)).startswith(f"{MARK} ")
    assert subject_of(notice, at=minute(1)).count("DRILL") == 1
    assert text_of(notice, at=minute(1)).startswith(MARK)
    assert words in text_of(notice, at=minute(1))
    assert MARK not in subject_of(Notice(NoticeKind.PAGED, opened(), other=duty), at=minute(1))


def test_the_drill_mark_is_added_once_and_removed():
    assert with_drill_mark(with_drill_mark("black")) == f"{MARK} black"
    assert without_drill_mark(f"{MARK} black") == "black"


def test_a_customer_who_lends_the_contract_hears_nothing(boss):
    MailboxFactory(is_default=True) if hasattr(MailboxFactory._meta.model, "is_default") else MailboxFactory()
    ann = staff("ann")
    customer = CustomerFactory(account_manager=ann)
    ContactFactory(customer=customer)
    ticket = started(boss, customer=customer)
    assert ticket.customer == customer
    assert Notification.objects.filter(ticket=ticket, recipient=ann).exists()
    sweep(now=minute(40))
    purposes = set(OutboundEmail.objects.filter(ticket=ticket).values_list("purpose", flat=True))
    assert purposes <= {MailPurpose.NOTIFICATION}


def test_a_reply_is_refused_and_changes_nothing(boss, duty):
    ticket = started(boss)
    with pytest.raises(DeskError, match="nothing is sent to a customer"):
        answered(ticket, 5, actor=duty)
    assert Clock.objects.get(ticket=ticket).state == ClockState.RUNNING
    assert drill_of(ticket).is_running


def test_an_address_on_the_ticket_of_a_drill_gets_no_mail(boss):
    ticket = started(boss)
    contact = ContactFactory()
    Ticket.objects.filter(pk=ticket.pk).update(contact=contact)
    ticket.refresh_from_db()
    with pytest.raises(DeskError, match="nothing is sent to a customer"):
        answered(ticket, 5)
    assert not OutboundEmail.objects.filter(purpose=MailPurpose.REPLY).exists()


def test_a_logged_contact_answers_a_drill_and_ends_it(boss, duty):
    ticket = started(boss)
    called(ticket, 7)
    drill = drill_of(ticket)
    assert (drill.ending, drill.ended_at, drill.ended_by) == (DrillEnding.ANSWERED, minute(7), duty)
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED
    assert not Clock.objects.open().filter(ticket=ticket).exists()
    assert Clock.objects.get(ticket=ticket, kind="first_response").state == ClockState.MET


def test_acknowledging_does_not_end_a_drill_and_the_chain_goes_on(boss, duty):
    ticket = started(boss)
    acknowledge(ticket=ticket, actor=duty, at=minute(3), by=AcknowledgedBy.PAGE)
    assert end_finished_drills(now=minute(4)) == 0
    assert drill_of(ticket).is_running


def test_a_drill_started_until_acknowledged_ends_at_the_acknowledgement(boss, duty):
    ticket = started(boss, until_acknowledged=True)
    assert end_finished_drills(now=minute(2)) == 0
    acknowledge(ticket=ticket, actor=duty, at=minute(3), by=AcknowledgedBy.PAGE)
    assert end_finished_drills(now=minute(4)) == 1
    assert end_finished_drills(now=minute(4)) == 0
    assert drill_of(ticket).ending == DrillEnding.ACKNOWLEDGED


def test_a_drill_ends_when_its_time_is_up(boss, settings):
    settings.DRILL_MINUTES = 45
    ticket = started(boss)
    assert end_finished_drills(now=minute(45) - timedelta(seconds=1)) == 0
    assert end_finished_drills(now=minute(45)) == 1
    assert drill_of(ticket).ending == DrillEnding.TIME
    clock = Clock.objects.get(ticket=ticket)
    assert (clock.state, clock.stopped_at) == (ClockState.BREACHED, minute(45))  # it was due at 30


def test_a_drill_ends_a_while_after_the_last_step_of_its_chain(boss):
    ticket = started(boss)
    Clock.objects.filter(ticket=ticket).update(next_step_at=None)
    last = Escalation.objects.filter(clock__ticket=ticket).latest("fired_at").fired_at
    assert end_finished_drills(now=last + timedelta(minutes=14)) == 0
    assert end_finished_drills(now=last + timedelta(minutes=15)) == 1
    assert drill_of(ticket).ending == DrillEnding.CHAIN_OVER


def test_ending_a_drill_by_hand_stops_the_paging(boss):
    ticket = started(boss)
    end_drill(drill=drill_of(ticket), actor=boss, at=minute(10))
    assert (drill_of(ticket).ending, drill_of(ticket).ended_by) == (DrillEnding.BY_HAND, boss)
    assert sweep(now=minute(300)).acted == 0
    with pytest.raises(DeskError, match="already over"):
        end_drill(drill=drill_of(ticket), actor=boss, at=minute(11))


def test_closing_its_ticket_ends_a_drill(boss):
    ticket = started(boss)
    set_status(ticket=ticket, status=Status.CLOSED, actor=boss, at=minute(10), reason="enough")
    assert drill_of(ticket).ending == DrillEnding.BY_HAND


def test_a_second_drill_is_refused_while_one_runs(boss):
    ticket = started(boss)
    with pytest.raises(DeskError, match=f"{ticket.number}. End it first"):
        started(boss, 1)
    end_drill(drill=drill_of(ticket), actor=boss, at=minute(2))
    assert started(boss, 3).is_drill


@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Operator"])
def test_a_user_who_may_not_start_a_drill_may_not_end_one(boss, group):
    other = UserFactory(groups=[group])
    with pytest.raises(DeskError, match="may not start"):
        started(other)
    ticket = started(boss)
    with pytest.raises(DeskError, match="can end it"):
        end_drill(drill=drill_of(ticket), actor=other, at=minute(1))


def test_a_drill_needs_a_reason(boss):
    with pytest.raises(DeskError, match="Give a reason"):
        started(boss, reason="  ")
    assert not Ticket.objects.exists()


def test_a_drill_is_not_merged_with_a_matter_of_a_customer(boss):
    drill, real = started(boss), opened()
    for source, target in ((drill, real), (real, drill)):
        with pytest.raises(DeskError, match="cannot be merged"):
            merge(ticket=source, into=target, actor=boss, at=minute(1))


def test_a_busy_drill_is_ended_a_minute_later(boss, monkeypatch):
    started(boss)
    monkeypatch.setattr(drills, "lock_ticket_unless_busy", lambda pk: None)
    assert end_finished_drills(now=minute(999)) == 0


def test_the_command_starts_a_drill(boss, capsys):
    customer = CustomerFactory(code="aurora")
    call_command("fire_drill", by="boss", reason="night", customer="aurora", until_acknowledged=True)
    drill = Drill.objects.get()
    assert (drill.started_by, drill.reason, drill.until_acknowledged) == (boss, "night", True)
    assert drill.ticket.customer == customer
    assert drill.ticket.number in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"by": "nobody", "reason": "x"}, "no active user 'nobody'"),
        ({"by": "boss", "reason": "x", "customer": "none"}, "no customer with the code 'none'"),
        ({"by": "boss", "reason": " "}, "Give a reason"),
    ],
)
def test_the_command_says_what_is_wrong(options, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("fire_drill", **options)
    assert not Drill.objects.exists()
