"""Who would be told when, played through with the people, absences and duties of each moment."""

from datetime import timedelta

import pytest

from escalation.chains.editing import step_of
from escalation.chains.validation import StepSpec
from escalation.choices import Medium, Whom
from escalation.enforcement.forecast import SampleTicket, forecast
from escalation.models import ContactWay, Policy
from escalation.policies.editing import Window
from tests.factories import (
    NOW,
    AbsenceFactory,
    AdminFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    PolicyFactory,
    office_calendar,
    set_desk,
    staff,
)
from tests.talk import minute
from tickets.choices import Priority

pytestmark = pytest.mark.django_db

WARN = StepSpec(percent=50, tell=(Whom.HOLDER.value, Whom.BACKUP.value))
UP = StepSpec(percent=100, tell=(Whom.PREVIOUS_HOLDER.value,), reassign_to=Whom.MANAGER.value)
LAST = StepSpec(percent=200, reassign_to=Whom.DUTY_MANAGER.value, repeat_minutes=15)


@pytest.fixture
def people():
    dora = staff("dora")
    mei = staff("mei", reports_to=dora)
    ann, bo = staff("ann", reports_to=mei), staff("bo")
    set_desk(intake_owner=ann, duty_manager=dora)
    return {"dora": dora, "mei": mei, "ann": ann, "bo": bo}


@pytest.fixture
def customer(people):
    return CustomerFactory(account_manager=people["ann"], backup_account_manager=people["bo"])


def played(customer, *specs, at=NOW, policy=None, **window):
    calendar = (
        window.get("calendar") or Policy.objects.get(is_default=True).versions.get().targets.first().calendar
    )
    sample = SampleTicket(
        customer,
        Priority.P1,
        at,
        Window("first_response", Priority.P1, window.get("minutes", 60), calendar),
        policy or PolicyFactory(),
    )
    return forecast(sample, [step_of(spec) for spec in specs])


def names(step):
    return [person.user.username for person in step.reached]


def test_each_step_has_its_time_and_its_people(customer):
    forecast = played(customer, WARN, UP, LAST)
    assert (forecast.owner.username, forecast.due_at) == ("ann", minute(60))
    assert [step.at for step in forecast.steps] == [minute(30), minute(60), minute(120)]
    assert [names(step) for step in forecast.steps] == [["ann", "bo"], ["mei", "ann"], ["dora"]]
    assert [step.to and step.to.username for step in forecast.steps] == [None, "mei", "dora"]


def test_the_holder_changes_along_the_way(customer):
    forecast = played(
        customer, UP, StepSpec(percent=150, tell=(Whom.HOLDER.value,), reassign_to=Whom.MANAGER.value)
    )
    assert [step.holder.username for step in forecast.steps] == ["ann", "mei"]
    assert forecast.steps[1].to.username == "dora"


def test_whoever_is_away_at_that_moment_has_their_deputy_named(customer, people):
    profile = people["mei"].staff_profile
    profile.deputy = people["bo"]
    profile.save(update_fields=["deputy"])
    AbsenceFactory(user=people["mei"], starts_at=minute(45), ends_at=minute(90))
    now, later = played(customer, UP), played(customer, UP, at=minute(60))
    assert now.steps[0].to.username == "bo"
    assert later.steps[0].to.username == "mei"


def test_absent_people_are_notified_all_the_same_and_marked(customer, people):
    AbsenceFactory(user=people["bo"])
    step = played(customer, WARN).steps[0]
    assert [(person.user.username, person.why, person.is_away) for person in step.reached] == [
        ("ann", "the owner", False),
        ("bo", "the backup account manager", True),
    ]


def test_the_duty_person_of_that_moment_is_named(customer):
    rota = DutyRotaFactory()
    DutyShiftFactory(rota=rota, user=staff("early"), starts_at=minute(-60), ends_at=minute(45))
    DutyShiftFactory(rota=rota, user=staff("late"), starts_at=minute(45), ends_at=minute(600))
    policy = PolicyFactory(duty_rota=rota)
    specs = [StepSpec(percent=percent, tell=(Whom.DUTY_PERSON.value,)) for percent in (50, 80)]
    assert [names(step) for step in played(customer, *specs, policy=policy).steps] == [["early"], ["late"]]


def test_the_forecast_lists_roles_without_a_person(customer):
    step = played(None, StepSpec(percent=50, tell=(Whom.ACCOUNT_MANAGER.value, Whom.HOLDER.value))).steps[0]
    assert step.missing == ["the account manager"]


def test_the_forecast_says_that_nobody_is_left_and_the_administrators_are_told(people):
    set_desk(intake_owner=people["bo"], duty_manager=None)
    root = AdminFactory(username="root")
    step = played(None, UP).steps[0]
    assert step.is_stranded
    assert root.username in names(step)


def test_the_forecast_names_skipped_people_with_the_reason(customer, people):
    AbsenceFactory(user=people["mei"])
    step = played(customer, UP).steps[0]
    assert [(user.username, why) for user, why in step.passed] == [("mei", "away without a deputy")]
    assert step.to.username == "dora"


def test_a_person_without_any_of_the_channels_is_marked(customer, people):
    spec = StepSpec(percent=50, tell=(Whom.HOLDER.value,), channels=(Medium.VOICE.value, Medium.CHAT.value))
    assert played(customer, spec).steps[0].reached[0].media == ()
    ContactWay.objects.create(user=people["ann"], medium=Medium.CHAT, name="WeCom", address="wecom://x")
    assert played(customer, spec).steps[0].reached[0].media == (Medium.CHAT,)


def test_a_person_without_an_address_is_not_reached_by_mail(customer, people):
    people["ann"].email = ""
    people["ann"].save(update_fields=["email"])
    step = played(customer, WARN).steps[0]
    assert [person.media for person in step.reached] == [(), (Medium.MAIL,)]


def test_a_step_that_must_be_acknowledged_brings_the_next_one_forward(customer):
    pressing = StepSpec(percent=50, tell=(Whom.HOLDER.value,), ack_required=True, ack_minutes=10)
    first, second = played(customer, pressing, UP).steps
    assert (first.hastened, second.at, second.hastened) == (False, minute(40), True)


def test_the_times_of_a_forecast_are_working_time(customer):
    office = office_calendar()
    friday = NOW + timedelta(days=2, hours=-3)  # 17:00 in Shanghai
    step = played(customer, UP, at=friday, calendar=office, minutes=120).steps[0]
    assert step.at == friday + timedelta(days=2, hours=17)  # Monday, ten o'clock


def test_a_forecast_writes_nothing(customer, django_assert_num_queries):
    policy = PolicyFactory()
    with django_assert_num_queries(12):
        played(customer, WARN, UP, LAST, policy=policy)
    assert not customer.tickets.exists()
