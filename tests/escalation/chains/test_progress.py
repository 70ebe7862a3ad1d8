"""Where a promise stands in its chain: step times, acknowledgements, repeats, nobody left, and whose chain it is."""

from collections.abc import Sequence

import pytest
from django.contrib.auth.models import User

from customers.models import Absence
from escalation.chains.progress import progress_of
from escalation.choices import ClockKind, NoticeKind, Whom
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Escalation, EscalationStep, Notification, Policy
from tests.factories import (
    AbsenceFactory,
    AdminFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    set_desk,
    staff,
)
from tests.talk import answered, asked, clock_of, minute, opened, promised
from tickets.choices import Fact, MessageKind, Priority
from tickets.models import Ticket
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    boss = staff("boss", reports_to=staff("top"))
    ann = staff("ann", reports_to=boss)
    set_desk(duty_manager=staff("chief"), intake_owner=ann)
    return ContactFactory(customer=CustomerFactory(account_manager=ann))


def chain(*steps: dict[str, object]) -> list[EscalationStep]:
    """The default policy's chain, in place of the shipped one."""
    default = Policy.objects.get(is_default=True)
    default.steps.all().delete()
    return [EscalationStep.objects.create(policy=default, **{"tell": [], **step}) for step in steps]


def swept(*moments: float) -> list[str]:
    """What fired at each of these minutes."""
    lines = []
    for at in moments:
        before = Escalation.objects.count()
        sweep(now=minute(at))
        new = Escalation.objects.order_by("pk")[before:]
        lines += [f"{at:g}: {firing.step.when} {firing.round}" for firing in new if firing.step is not None]
    return lines


def hold(ticket: Ticket, at: float, until: float) -> None:
    """As an acknowledgement leaves it."""
    clock = clock_of(ticket)
    clock.held_until = minute(until)
    clock.next_step_at = progress_of(clock).next_action_at(after=minute(at))
    clock.save()


def test_a_step_can_be_set_in_minutes_before_or_after_the_due_time(contact):
    chain({"minutes_from_due": -10}, {"percent": 50}, {"minutes_from_due": 5, "reassign_to": Whom.MANAGER})
    ticket = opened(contact=contact)
    assert clock_of(ticket).next_step_at == minute(15)
    assert swept(14, 15, 19, 20, 30, 34, 35) == [
        "15: 50% 0",
        "20: 10 min before due 0",
        "35: 5 min after due 0",
    ]
    assert Ticket.objects.get().owner.username == "boss"


def test_a_step_further_before_the_due_time_than_the_window_is_due_at_the_start(contact):
    chain({"minutes_from_due": -60})
    ticket = opened(contact=contact)
    assert clock_of(ticket).next_step_at == minute(0)


def test_a_step_serves_its_priorities_only(contact):
    chain({"percent": 10, "lowest_priority": Priority.P1}, {"percent": 20, "highest_priority": Priority.P2})
    urgent, low = opened(contact=contact), opened(contact=contact, priority=Priority.P3)
    assert clock_of(urgent).next_step_at == minute(3)
    assert clock_of(low).next_step_at == minute(24 * 60 / 5)


def test_a_contract_may_have_a_chain_of_its_own(contact):
    chain({"percent": 50})
    contract = ContractFactory(customer=contact.customer)
    EscalationStep.objects.create(contract=contract, percent=10, tell=[Whom.HOLDER])
    ticket = opened(contact=contact)
    assert clock_of(ticket).next_step_at == minute(3)
    assert swept(3, 15) == ["3: 10% 0"]


def test_a_retired_step_fires_no_more(contact):
    [step] = chain({"percent": 50})
    opened(contact=contact)
    EscalationStep.objects.filter(pk=step.pk).update(retired_at=minute(1))
    assert swept(15) == []


def test_an_edited_step_that_fired_does_not_fire_again(contact):
    first, _second = chain({"percent": 50}, {"percent": 80})
    opened(contact=contact)
    assert swept(15) == ["15: 50% 0"]
    EscalationStep.objects.filter(pk=first.pk).update(retired_at=minute(16))
    EscalationStep.objects.create(policy=first.policy, percent=50, tell=[Whom.BACKUP])
    Clock.objects.update(next_step_at=minute(16))
    assert swept(16, 24) == ["24: 80% 0"]


def test_a_missing_required_acknowledgement_brings_the_next_step_forward(contact):
    chain(
        {"percent": 50, "ack_required": True, "ack_minutes": 5}, {"percent": 100, "reassign_to": Whom.MANAGER}
    )
    opened(contact=contact)
    assert swept(15, 19, 20) == ["15: 50% 0", "20: 100% 0"]
    assert Ticket.objects.get().owner.username == "boss"


def test_after_an_acknowledgement_without_an_answer_the_next_step_fires_at_its_time_out(contact):
    chain({"percent": 50, "ack_required": True, "ack_minutes": 5}, {"percent": 80})
    ticket = opened(contact=contact)
    assert swept(15) == ["15: 50% 0"]
    hold(ticket, 17, until=22)
    assert swept(20, 21.9, 22) == ["22: 80% 0"]


def test_an_acknowledged_warning_does_not_hurry_the_next_one(contact):
    chain({"percent": 50, "ack_minutes": 5}, {"percent": 80})
    ticket = opened(contact=contact)
    swept(15)
    hold(ticket, 16, until=18)
    assert swept(18, 23, 24) == ["24: 80% 0"]


def test_an_acknowledged_breach_fires_no_step_until_the_time_out(contact):
    chain({"percent": 100, "reassign_to": Whom.MANAGER}, {"percent": 150, "reassign_to": Whom.MANAGER})
    ticket = opened(contact=contact)
    swept(30)
    hold(ticket, 40, until=55)
    assert swept(45, 54, 55) == ["55: 150% 0"]


def test_a_breach_is_recorded_in_time_although_somebody_has_it(contact):
    chain({"percent": 150})
    ticket = opened(contact=contact)
    Clock.objects.update(held_until=minute(45))
    swept(30)
    assert clock_of(ticket).detected_at == minute(30)


def test_the_last_step_is_repeated_until_its_cap(contact):
    chain({"percent": 100, "reassign_to": Whom.DUTY_MANAGER, "repeat_minutes": 15, "repeat_cap": 2})
    ticket = opened(contact=contact)
    assert swept(30, 44, 45, 60, 75, 90) == ["30: 100% 0", "45: 100% 1", "60: 100% 2"]
    assert clock_of(ticket).next_step_at is None
    notifications = Notification.objects.filter(escalation__round__gt=0)
    assert [row.recipient.username for row in notifications] == ["chief", "chief"]


def test_an_acknowledgement_keeps_the_repeats_quiet_and_they_go_on_afterwards(contact):
    chain({"percent": 100, "reassign_to": Whom.DUTY_MANAGER, "repeat_minutes": 15})
    ticket = opened(contact=contact)
    swept(30)
    hold(ticket, 31, until=100)
    assert swept(45, 60, 99, 100, 115) == ["100: 100% 1", "115: 100% 2"]


def test_an_answer_ends_the_repeats(contact):
    chain({"percent": 100, "reassign_to": Whom.DUTY_MANAGER, "repeat_minutes": 15})
    ticket = opened(contact=contact)
    swept(30)
    answered(ticket, 40)
    assert swept(45, 60) == []


def test_after_an_outage_a_step_that_moves_the_ticket_is_not_lost_behind_one_that_tells(contact):
    chain(
        {"percent": 100, "reassign_to": Whom.MANAGER, "tell": [Whom.PREVIOUS_HOLDER]},
        {"percent": 150, "tell": [Whom.DUTY_MANAGER]},
    )
    opened(contact=contact)
    assert swept(50) == ["50: 150% 0"]
    assert Ticket.objects.get().owner.username == "boss"
    kind_by_name = dict(
        Notification.objects.filter(escalation__step__percent=150).values_list("recipient__username", "kind")
    )
    assert kind_by_name == {
        "boss": NoticeKind.ESCALATED_TO_YOU,
        "ann": NoticeKind.ESCALATED_FROM_YOU,
        "chief": NoticeKind.ESCALATED,
    }


def test_after_an_outage_each_of_two_steps_tells_its_own_people_through_its_own_channels(contact):
    named, other = staff("named"), staff("other")
    chain(
        {
            "percent": 100,
            "reassign_to": Whom.MANAGER,
            "tell": [Whom.PERSON],
            "person": named,
            "channels": ["voice"],
        },
        {"percent": 150, "tell": [Whom.PERSON], "person": other, "channels": ["mail"]},
    )
    opened(contact=contact)
    swept(50)
    notifications = Notification.objects.filter(escalation__step__percent=150)
    assert {notification.recipient.username for notification in notifications} == {"boss", "named", "other"}
    assert all(notification.channels == ["voice", "mail"] for notification in notifications)


def away(*names: str) -> list[Absence]:
    return [AbsenceFactory(user=User.objects.get(username=name)) for name in names]


def test_a_move_that_found_nobody_is_tried_again_each_minute_until_somebody_is_back(contact):
    admin = AdminFactory()
    ticket = opened(contact=contact)
    absences = away("boss", "top", "chief")
    assert swept(30) == ["30: 100% 0"]
    clock = clock_of(ticket)
    assert (clock.stranded_at, clock.next_step_at) == (minute(30), minute(31))
    assert Ticket.objects.get().owner.username == "ann"
    assert swept(31, 32) == []
    assert clock_of(ticket).next_step_at == minute(33)
    assert Notification.objects.filter(recipient=admin, kind=NoticeKind.NOBODY_LEFT).count() == 1
    absences[0].delete()
    assert swept(33) == ["33: 100% 1"]
    clock = clock_of(ticket)
    assert (clock.stranded_at, clock.next_step_at) == (None, minute(45))
    assert Ticket.objects.get().owner.username == "boss"
    assert ticket.messages.filter(kind=MessageKind.NOTE).count() == 1


def test_while_nobody_is_left_a_repeat_adds_no_extra_tries(contact):
    chain({"percent": 100, "reassign_to": Whom.MANAGER, "tell": [Whom.HOLDER], "repeat_minutes": 5})
    ticket = opened(contact=contact)
    away("boss", "top", "chief")
    assert swept(30, 36) == ["30: 100% 0"]
    assert clock_of(ticket).next_step_at == minute(37)


def test_after_an_outage_a_move_that_found_nobody_is_tried_again_behind_a_step_that_only_tells(contact):
    chain(
        {"percent": 100, "reassign_to": Whom.MANAGER, "tell": [Whom.PREVIOUS_HOLDER]},
        {"percent": 150, "tell": [Whom.DUTY_MANAGER], "repeat_minutes": 15},
    )
    admin = AdminFactory()
    ticket = opened(contact=contact)
    absences = away("boss", "top", "chief")
    assert swept(50, 51) == ["50: 150% 0"]
    absences[0].delete()
    assert swept(52, 53, 67) == ["52: 150% 1", "67: 150% 2"]
    assert Ticket.objects.get().owner.username == "boss"
    assert clock_of(ticket).stranded_at is None
    notifications = Notification.objects.filter(escalation__fired_at=minute(52))
    assert [(notification.recipient.username, notification.kind) for notification in notifications] == [
        ("boss", NoticeKind.ESCALATED_TO_YOU)
    ]
    assert Notification.objects.filter(kind=NoticeKind.NOBODY_LEFT, recipient=admin).count() == 1


def test_the_latest_of_several_moves_that_found_nobody_is_tried_again(contact):
    """The first was missed in time, the second by an outage."""
    chain(
        {"percent": 100, "reassign_to": Whom.MANAGER},
        {"percent": 150, "reassign_to": Whom.PERSON, "person": staff("named")},
        {"percent": 200, "tell": [Whom.DUTY_MANAGER]},
    )
    opened(contact=contact)
    absences = away("boss", "top", "chief", "named")
    assert swept(30, 90) == ["30: 100% 0", "90: 200% 0"]
    absences[3].delete()
    assert swept(91) == ["91: 200% 1"]
    assert Ticket.objects.get().owner.username == "named"


def test_while_nobody_is_left_the_later_steps_fire_at_their_times(contact):
    opened(contact=contact)
    away("boss", "top", "chief")
    assert swept(30, 45, 60) == ["30: 100% 0", "45: 150% 0", "60: 200% 0"]


def test_an_answer_ends_the_search_for_somebody(contact):
    ticket = opened(contact=contact)
    away("boss", "top", "chief")
    swept(30)
    answered(ticket, 31)
    assert swept(32, 33, 60) == []


@pytest.mark.parametrize(
    ("whom", "owner"),
    [
        (Whom.MANAGERS_MANAGER, "top"),
        (Whom.BACKUP, "backup"),
        (Whom.PERSON, "named"),
        (Whom.DUTY_PERSON, "engineer"),
        (Whom.DUTY_MANAGER, "chief"),
    ],
)
def test_a_step_gives_the_ticket_to_whom_it_names(contact, whom, owner):
    contact.customer.backup_account_manager = staff("backup")
    contact.customer.save()
    rota = DutyShiftFactory(rota=DutyRotaFactory(), user=staff("engineer")).rota
    chain({"percent": 100, "reassign_to": whom, "person": staff("named"), "rota": rota})
    opened(contact=contact)
    swept(30)
    assert Ticket.objects.get().owner.username == owner


@pytest.mark.parametrize("whom", [Whom.BACKUP, Whom.PERSON, Whom.DUTY_PERSON])
def test_a_step_that_names_a_missing_person_moves_the_ticket_one_level_up(contact, whom):
    chain({"percent": 100, "reassign_to": whom})
    opened(contact=contact)
    swept(30)
    assert Ticket.objects.get().owner.username == "boss"


def test_a_former_holder_does_not_get_the_ticket_again(contact):
    chain(
        {"percent": 100, "reassign_to": Whom.MANAGER}, {"percent": 150, "reassign_to": Whom.ACCOUNT_MANAGER}
    )
    opened(contact=contact)
    swept(30, 45)
    assert Ticket.objects.get().owner.username == "top"


def test_a_ticket_opened_as_p0_is_paged_at_once_and_only_once(contact):
    ticket = opened(contact=contact)
    paged = Escalation.objects.get()
    assert (paged.step.percent, paged.fired_at) == (0, minute(0))
    answered(ticket, 10)
    asked(ticket, 20)
    sweep(now=minute(21))
    assert Escalation.objects.get() == paged
    assert promised().get(kind=ClockKind.NEXT_RESPONSE).next_step_at == minute(35)


def test_a_ticket_raised_to_p0_is_paged_at_the_raise(contact):
    ticket = opened(contact=contact, priority=Priority.P2)
    assert not Escalation.objects.exists()
    change_priority(ticket=ticket, priority=Priority.P0, actor=ticket.owner, at=minute(60), reason="all down")
    assert Escalation.objects.get().fired_at == minute(60)
    assert Notification.objects.filter(kind=NoticeKind.PAGED).exists()


def test_many_due_at_once_cost_hardly_more_queries_than_one(contact, count_queries):
    for at in range(2):
        opened(at, contact=contact, priority=Priority.P2)
    sweep(now=minute(470))
    few = count_queries(lambda: sweep(now=minute(485)))
    for at in range(20):
        opened(500 + at, contact=contact, priority=Priority.P2)
    sweep(now=minute(980))
    Clock.objects.filter(started_at__lt=minute(500)).update(next_step_at=None)
    # PostgreSQL draws the keys of many rows at once.
    assert count_queries(lambda: sweep(now=minute(1000))) <= few + 1


def test_a_move_in_a_batch_is_recorded_like_a_single_move(contact):
    tickets: Sequence[Ticket] = [opened(at, contact=contact) for at in range(3)]
    sweep(now=minute(33))
    for ticket in tickets:
        assert ticket.timeline.filter(fact=Fact.OWNER).last().data["rule"] == "escalation"
        assert ticket.messages.filter(kind=MessageKind.NOTE).count() == 1
        lines = list(clock_of(ticket).events.order_by("pk").values_list("change", flat=True))
        assert lines == ["started", "step", "breached", "step", "handed_over"]
    assert Ticket.objects.first().updated_at > tickets[0].updated_at


def test_a_step_tells_the_groups_of_the_rota_and_of_the_customer(contact):
    rota = DutyRotaFactory()
    chain(
        {
            "percent": 50,
            "tell": [Whom.HOLDER, Whom.ROTA_GROUP, Whom.CUSTOMER_GROUP],
            "rota": rota,
            "repeat_minutes": 5,
        }
    )
    opened(contact=contact)
    swept(15, 20)
    rows = Notification.objects.filter(escalation__round=0)
    assert {(row.recipient and row.recipient.username, row.rota, row.customer) for row in rows} == {
        ("ann", None, None),
        (None, rota, None),
        (None, None, contact.customer),
    }
    again = Notification.objects.filter(escalation__round=1)
    assert [row.recipient.username for row in again] == ["ann"]
