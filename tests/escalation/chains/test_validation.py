"""What may not stand in a chain: each refused with its sentence, and what is right goes through."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import User

from escalation.chains.validation import StepSpec, chain_faults, step_faults
from escalation.choices import Medium, Whom
from escalation.models import DutyRota
from tickets.choices import Priority

GOOD = StepSpec(percent=100, tell=(Whom.HOLDER.value,), reassign_to=Whom.MANAGER.value)
WARNING = StepSpec(percent=50, tell=(Whom.HOLDER.value,))
PERSON = User(pk=7, username="omar", is_staff=True)
ROTA = DutyRota(pk=3, name="Emergency")


def faults_of_step(step, rota=None):
    return " ".join(step_faults(step, rota=rota))


@pytest.mark.parametrize(
    "step",
    [
        GOOD,
        WARNING,
        replace(WARNING, percent=0),
        replace(WARNING, percent=1000),
        replace(WARNING, percent=None, minutes_from_due=-15),
        replace(GOOD, reassign_to=Whom.PERSON.value, person=PERSON),
        replace(GOOD, reassign_to=Whom.DUTY_PERSON.value, rota=ROTA),
        replace(GOOD, channels=(Medium.VOICE.value, Medium.MAIL.value), repeat_minutes=15, repeat_cap=4),
        replace(GOOD, repeat_minutes=15),
    ],
)
def test_a_good_step_is_taken(step):
    assert faults_of_step(step) == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"percent": None}, "Say when the step runs"),
        ({"minutes_from_due": 5}, "Say when the step runs"),
        ({"percent": 1001}, "between 0% and 1000%"),
        ({"percent": None, "minutes_from_due": 43201}, "within 30 days"),
        ({"highest_priority": 2, "lowest_priority": 1}, "more urgent to the less urgent"),
        ({"tell": (), "reassign_to": ""}, "Choose whom the step notifies"),
        ({"tell": ("boss",)}, "a recipient the desk does not define"),
        ({"reassign_to": Whom.HOLDER.value}, "a recipient the desk does not define"),
        ({"reassign_to": Whom.PERSON.value}, "Say who the named person is"),
        ({"tell": (Whom.PERSON.value,)}, "Say who the named person is"),
        ({"person": User(pk=8, is_staff=True, is_active=False)}, "no longer works at the desk"),
        ({"tell": (Whom.DUTY_PERSON.value,)}, "neither the step nor the policy has one"),
        ({"tell": (Whom.ROTA_GROUP.value,)}, "neither the step nor the policy has one"),
        ({"channels": ()}, "at least one channel"),
        ({"channels": ("pigeon",)}, "a channel the desk does not define"),
        ({"channels": ("mail", "mail")}, "listed only once"),
        ({"ack_minutes": 0}, "at least one minute"),
        ({"repeat_minutes": 0}, "must repeat after at least one minute"),
        ({"repeat_cap": 3}, "Enter the minutes between repeats"),
    ],
)
def test_a_wrong_step_is_refused_with_a_sentence(changes, sentence):
    assert sentence in faults_of_step(replace(GOOD, **changes))


def test_the_rota_of_the_policy_serves_steps_without_one():
    assert faults_of_step(replace(GOOD, tell=(Whom.DUTY_PERSON.value,)), rota=ROTA) == ""


def faults_of_chain(*steps, is_default=False):
    return " ".join(chain_faults(steps, is_default=is_default))


def test_every_priority_that_is_served_ends_at_a_person():
    assert "must end with a person" in faults_of_chain(WARNING)
    early = replace(GOOD, percent=99)
    assert "must end with a person" in faults_of_chain(early)
    assert "must end with a person" in faults_of_chain(replace(GOOD, percent=None, minutes_from_due=-1))
    assert faults_of_chain(WARNING, replace(GOOD, percent=None, minutes_from_due=0)) == ""
    assert faults_of_chain(WARNING, replace(GOOD, percent=150)) == ""


def test_the_priorities_without_an_end_are_named():
    only_p0 = replace(GOOD, lowest_priority=Priority.P0)
    assert faults_of_chain(only_p0) == ""
    assert "Missing for P1 High, P2 Medium, P3 Low." in faults_of_chain(WARNING, only_p0)


def test_the_default_chain_serves_every_priority():
    assert "must end with a person" in faults_of_chain(is_default=True)
    assert "Missing for P3 Low." in faults_of_chain(
        replace(GOOD, lowest_priority=Priority.P2), is_default=True
    )
    assert faults_of_chain(GOOD, is_default=True) == ""
    assert faults_of_chain() == ""


def test_two_steps_at_the_same_time_are_refused_for_the_priority_they_share():
    again = replace(WARNING, tell=(Whom.BACKUP.value,))
    assert "same time for P0 Urgent" in faults_of_chain(WARNING, again, GOOD)
    apart = replace(WARNING, lowest_priority=1), replace(again, highest_priority=2)
    assert faults_of_chain(*apart, GOOD) == ""


def test_a_step_at_100_percent_and_one_at_the_due_time_are_at_the_same_time():
    assert "same time" in faults_of_chain(GOOD, replace(GOOD, percent=None, minutes_from_due=0))
