"""Who would answer a page of a rota: the same person that the chain's first step would find."""

import pytest

from escalation.choices import NoticeKind
from escalation.models import Notification, Policy
from escalation.people.page_target import AnswersAs, page_target_of
from escalation.people.staff_snapshot import People
from tests.factories import (
    NOW,
    AbsenceFactory,
    ContactFactory,
    CustomerFactory,
    DutyShiftFactory,
    set_desk,
    staff,
)
from tests.talk import opened
from tickets.choices import Priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    """Ann has the duty; Ben is her deputy, Dora the duty manager, and Eve hers."""
    ben, eve = staff("ben"), staff("eve")
    dora = staff("dora", deputy=eve)
    ann = staff("ann", deputy=ben)
    set_desk(duty_manager=dora)
    return {user.username: user for user in (ann, ben, dora, eve)}


def answer_for(user):
    return page_target_of(user, People.at(NOW))


def leave(user):
    user.is_active = False
    user.save(update_fields=["is_active"])


@pytest.mark.parametrize(
    ("away", "gone", "name", "role"),
    [
        ([], [], "ann", AnswersAs.ON_DUTY),
        (["ann"], [], "ben", AnswersAs.DEPUTY),
        ([], ["ann"], "ben", AnswersAs.DEPUTY),
        (["ann", "ben"], [], "dora", AnswersAs.DUTY_MANAGER),
        (["ann"], ["ben"], "dora", AnswersAs.DUTY_MANAGER),
        (["ann", "ben", "dora"], [], "eve", AnswersAs.MANAGERS_DEPUTY),
        (["ann", "ben", "dora", "eve"], [], None, AnswersAs.NOBODY),
    ],
)
def test_the_first_person_present_would_answer_the_page(team, away, gone, name, role):
    for each in away:
        AbsenceFactory(user=team[each])
    for each in gone:
        leave(team[each])
    answer = answer_for(team["ann"])
    assert (answer.user and answer.user.username, answer.role) == (name, role)
    assert answer.is_gone == ("ann" in gone)


def test_with_nobody_on_duty_the_duty_manager_answers(team):
    assert (answer_for(None).user, answer_for(None).role) == (team["dora"], AnswersAs.DUTY_MANAGER)
    set_desk(duty_manager=None)
    assert answer_for(None).role is AnswersAs.NOBODY


@pytest.mark.parametrize("away", [[], ["ann"], ["ann", "ben"], ["ann", "ben", "dora"]])
def test_whoever_answers_is_paged_when_a_p0_is_opened(team, away):
    shift = DutyShiftFactory(user=team["ann"])
    Policy.objects.filter(is_default=True).update(duty_rota=shift.rota)
    for each in away:
        AbsenceFactory(user=team[each])
    contact = ContactFactory(customer=CustomerFactory(account_manager=staff("manager")))
    opened(contact=contact, priority=Priority.P0)
    paged = Notification.objects.filter(kind=NoticeKind.PAGED).values_list("recipient__username", flat=True)
    assert answer_for(team["ann"]).user.username in paged
