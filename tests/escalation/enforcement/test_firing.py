"""One step on one promise: who is warned, who gets the ticket, who is told what, and what is written down."""

import pytest
from django.db.models import QuerySet

from escalation.choices import ClockChange, ClockState, NoticeKind, Whom
from escalation.enforcement.sweep import sweep
from escalation.models import Escalation, EscalationStep, Notification, Policy
from tests.factories import (
    AbsenceFactory,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    set_desk,
    staff,
)
from tests.talk import answered, clock_of, dispatched, minute, opened
from tickets.choices import Fact, MessageKind, OwnerRule
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    """Five people: top, boss, ann who holds it, her backup, and the duty manager."""
    top = staff("top")
    boss = staff("boss", reports_to=top)
    people = {
        "top": top,
        "boss": boss,
        "ann": staff("ann", reports_to=boss),
        "backup": staff("backup", reports_to=boss),
        "duty": staff("duty"),
    }
    set_desk(duty_manager=people["duty"])
    return people


@pytest.fixture
def ticket(line) -> Ticket:
    customer = CustomerFactory(account_manager=line["ann"], backup_account_manager=line["backup"])
    ticket = opened(contact=ContactFactory(customer=customer))
    Notification.objects.all().delete()
    return ticket


def notices() -> dict[str, str]:
    """Who was told what since the ticket opened; everybody once."""
    rows = list(Notification.objects.values_list("recipient__username", "kind"))
    assert len(rows) == len({name for name, _kind in rows})
    return dict(rows)


def fired() -> QuerySet[Escalation]:
    """What fired since the ticket opened and was paged."""
    return Escalation.objects.exclude(step__percent=0).order_by("pk")


def owner_after(ticket: Ticket, at: float) -> str:
    sweep(now=minute(at))
    ticket.refresh_from_db()
    return ticket.owner.username


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (14, {}),
        (15, {"ann": NoticeKind.REMINDER}),
        (23, {"ann": NoticeKind.REMINDER}),
        (24, {"ann": NoticeKind.REMINDER, "backup": NoticeKind.REMINDER}),
    ],
)
def test_warnings_come_before_the_due_time(ticket, at, told):
    assert owner_after(ticket, at) == "ann"
    assert notices() == told
    assert clock_of(ticket).state == ClockState.RUNNING


@pytest.mark.parametrize(
    ("at", "owner"), [(29, "ann"), (30, "boss"), (44, "boss"), (45, "boss"), (59, "boss"), (60, "duty")]
)
def test_after_an_outage_only_the_step_due_now_fires(ticket, at, owner):
    assert owner_after(ticket, at) == owner
    assert fired().count() == 1


def test_minute_by_minute_the_ticket_climbs_to_the_duty_manager(ticket):
    owners = [owner_after(ticket, at) for at in range(65)]
    assert [owners.index(name) for name in ("ann", "boss", "top", "duty")] == [0, 30, 45, 60]
    steps = fired().values_list("step__percent", flat=True)
    assert list(steps) == [50, 80, 100, 150, 200]
    assert clock_of(ticket).next_step_at == minute(75)


def test_new_owner_old_owner_account_manager_and_backup_are_told_once_each(ticket):
    owner_after(ticket, 30)
    assert notices() == {
        "boss": NoticeKind.ESCALATED_TO_YOU,
        "ann": NoticeKind.ESCALATED_FROM_YOU,
        "backup": NoticeKind.ESCALATED,
    }
    dispatched(30)
    told = Notification.objects.select_related("mail").get(recipient__username="boss")
    assert (told.mail.recipients, told.mail.created_at) == (["boss@desk.example"], minute(30))
    assert "is yours now" in told.mail.text


def test_a_repeat_tells_the_duty_manager_that_it_is_still_theirs(ticket):
    for at in (60, 75):
        owner_after(ticket, at)
        dispatched(at)
    first, again = Notification.objects.filter(recipient__username="duty").order_by("pk")
    assert "It is yours now; " in first.mail.text
    assert f"{ticket.number} was not answered in time. It is still yours." in again.mail.text


def test_an_account_manager_who_is_not_the_holder_is_told_too(ticket, line):
    Ticket.objects.update(owner=line["backup"])
    owner_after(ticket, 30)
    assert notices() == {
        "boss": NoticeKind.ESCALATED_TO_YOU,
        "backup": NoticeKind.ESCALATED_FROM_YOU,
        "ann": NoticeKind.ESCALATED,
    }


def test_a_move_is_written_down_everywhere(ticket, line):
    owner_after(ticket, 31)
    escalation = fired().get()
    assert (escalation.from_owner, escalation.to_owner) == (line["ann"], line["boss"])
    assert (escalation.due_at, escalation.fired_at) == (minute(30), minute(31))
    assert escalation.route == [{"user": line["boss"].pk, "why": "manager"}]
    on_timeline = ticket.timeline.get(fact=Fact.OWNER)
    assert on_timeline.data["rule"] == OwnerRule.ESCALATION.value
    assert "100" in on_timeline.reason
    ledger = list(clock_of(ticket).events.order_by("pk").values_list("change", "holder__username"))
    assert ledger == [
        (ClockChange.STARTED, "ann"),
        (ClockChange.STEP, "ann"),
        (ClockChange.BREACHED, "ann"),
        (ClockChange.STEP, "ann"),
        (ClockChange.HANDED_OVER, "boss"),
    ]
    assert ticket.messages.filter(kind=MessageKind.NOTE, author=None).count() == 1
    assert {notification.escalation for notification in Notification.objects.all()} == {escalation}


def test_a_breach_keeps_its_due_time_and_when_it_was_noticed(ticket):
    owner_after(ticket, 33)
    clock = clock_of(ticket)
    assert (clock.state, clock.breached_at, clock.detected_at) == (
        ClockState.BREACHED,
        minute(30),
        minute(33),
    )
    assert clock.next_step_at == minute(45)


def test_a_manager_who_is_away_has_their_deputy_stand_in(ticket, line):
    AbsenceFactory(user=line["boss"])
    line["boss"].staff_profile.deputy = line["backup"]
    line["boss"].staff_profile.save()
    assert owner_after(ticket, 30) == "backup"
    assert fired().get().route == [{"user": line["backup"].pk, "why": "deputy"}]


def test_a_manager_who_left_is_passed_over_for_theirs(ticket, line):
    line["boss"].is_active = False
    line["boss"].save()
    assert owner_after(ticket, 30) == "top"


def test_holder_backup_and_their_deputies_away_in_a_circle_reach_the_duty_manager(ticket, line):
    for name, deputy in (("ann", "backup"), ("backup", "boss"), ("boss", "ann")):
        AbsenceFactory(user=line[name])
        line[name].staff_profile.deputy = line[deputy]
        line[name].staff_profile.save()
    AbsenceFactory(user=line["top"])
    assert owner_after(ticket, 30) == "duty"


def test_with_nobody_left_superusers_and_the_others_are_told_and_the_ticket_stays(ticket, line):
    admins = {AdminFactory().username, AdminFactory().username}
    for name in ("boss", "top", "duty"):
        AbsenceFactory(user=line[name])
    assert owner_after(ticket, 30) == "ann"
    told = notices()
    assert admins | {"ann"} <= told.keys()
    assert set(told.values()) == {NoticeKind.NOBODY_LEFT}
    about = Notification.objects.select_related("other").filter(kind=NoticeKind.NOBODY_LEFT)
    assert {row.other.username for row in about} == {"ann"}
    assert fired().get().to_owner is None
    assert clock_of(ticket).state == ClockState.BREACHED
    assert not ticket.messages.filter(kind=MessageKind.NOTE).exists()


def test_a_duty_manager_who_already_has_the_ticket_keeps_it_and_is_notified(ticket, line):
    Ticket.objects.update(owner=line["duty"])
    assert owner_after(ticket, 60) == "duty"
    assert notices()["duty"] == NoticeKind.ESCALATED_TO_YOU
    assert not ticket.messages.filter(kind=MessageKind.NOTE).exists()


def test_somebody_away_is_told_together_with_their_deputy(ticket, line):
    AbsenceFactory(user=line["ann"])
    line["ann"].staff_profile.deputy = line["top"]
    line["ann"].staff_profile.save()
    owner_after(ticket, 15)
    assert notices() == {"ann": NoticeKind.REMINDER, "top": NoticeKind.REMINDER}


def test_people_who_left_are_not_notified(ticket, line):
    line["backup"].is_active = False
    line["backup"].save()
    owner_after(ticket, 30)
    assert "backup" not in notices()


@pytest.mark.parametrize(
    ("whom", "name"),
    [
        (Whom.HOLDER, "ann"),
        (Whom.MANAGER, "boss"),
        (Whom.DUTY_MANAGER, "duty"),
        (Whom.DUTY_PERSON, "engineer"),
        (Whom.ACCOUNT_MANAGER, "ann"),
        (Whom.BACKUP, "backup"),
    ],
)
def test_everybody_a_step_can_name_is_found_when_it_fires(ticket, whom, name):
    rota = DutyRotaFactory()
    DutyShiftFactory(rota=rota, user=staff("before"), starts_at=minute(-60), ends_at=minute(5))
    DutyShiftFactory(rota=rota, user=staff("engineer"), starts_at=minute(5), ends_at=minute(60))
    Policy.objects.update(duty_rota=rota)
    EscalationStep.objects.filter(percent=50).update(tell=[whom])
    owner_after(ticket, 15)
    assert notices() == {name: NoticeKind.REMINDER}


@pytest.mark.parametrize("whom", [Whom.ACCOUNT_MANAGER, Whom.BACKUP, Whom.DUTY_PERSON, Whom.MANAGER])
def test_a_step_that_names_a_missing_person_tells_nobody(whom):
    staff("alone")
    opened(contact=ContactFactory(customer=None))
    Notification.objects.all().delete()
    EscalationStep.objects.filter(percent=50).update(tell=[whom])
    sweep(now=minute(15))
    assert notices() == {}
    assert fired().count() == 1


def test_a_policy_of_its_own_has_a_chain_of_its_own(ticket):
    gold = Policy.objects.create(name="Gold")
    clock_of(ticket).policy_version.__class__.objects.update(policy=gold)
    EscalationStep.objects.create(policy=gold, percent=100, tell=[], reassign_to=Whom.DUTY_MANAGER)
    assert owner_after(ticket, 30) == "duty"
    assert notices() == {"duty": NoticeKind.ESCALATED_TO_YOU}


def test_an_answer_ends_the_chain(ticket):
    answered(ticket, 20)
    assert owner_after(ticket, 49) == "ann"
    assert notices() == {}


def test_an_overdue_update_is_escalated_too(ticket):
    answered(ticket, 20)
    assert owner_after(ticket, 79) == "ann"
    assert owner_after(ticket, 80) == "boss"


def test_an_overdue_ticket_climbs_on_until_it_is_answered(ticket):
    owner_after(ticket, 30)
    answered(ticket, 40)
    assert owner_after(ticket, 60) == "boss"


def test_a_colleague_with_an_address_of_the_desk_does_not_stop_the_step(ticket, line, settings):
    line["boss"].email = settings.DESK_ADDRESS
    line["boss"].save()
    assert owner_after(ticket, 30) == "boss"
    dispatched(30)
    assert Notification.objects.filter(recipient=line["boss"]).first().mail is None
