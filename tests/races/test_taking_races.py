"""Acknowledging and taking over while others, the sweep and an answer do so too: once, and no deadlock."""

from contextlib import suppress

import pytest

from escalation.choices import AcknowledgedBy, ClockChange
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.acknowledge import acknowledge, take_over
from escalation.enforcement.sweep import sweep
from escalation.models import Acknowledgement, Clock, ClockEvent, Escalation
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.races.test_races import at_once
from tests.talk import answered, minute, opened
from tickets.errors import DeskError
from tickets.models import Ticket

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
GROUP = ["Account manager"]


@pytest.fixture
def ticket() -> Ticket:
    """A P0 that went from Ann to Boss at minute 30."""
    boss = staff("boss", groups=GROUP, reports_to=staff("top", groups=GROUP))
    set_desk(duty_manager=staff("dora", groups=GROUP))
    ann = staff("ann", groups=GROUP, reports_to=boss)
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    sweep(now=minute(30))
    ticket.refresh_from_db()
    return ticket


def test_many_posts_of_one_person_are_one_acknowledgement(ticket):
    def post() -> int:
        acknowledgement = acknowledge(
            ticket=ticket, actor=ticket.owner, at=minute(31), by=AcknowledgedBy.LINK
        )
        return acknowledgement[0].pk

    assert len(set(at_once([post] * 6))) == 1
    assert Acknowledgement.objects.count() == 1
    assert ClockEvent.objects.filter(change=ClockChange.ACKNOWLEDGED).count() == 1


def test_an_acknowledgement_during_sweeps_holds_the_next_step_or_comes_after_it(ticket):
    def take() -> None:
        acknowledge(ticket=ticket, actor=ticket.owner, at=minute(45), by=AcknowledgedBy.PAGE)

    at_once([take, *[lambda: sweep(now=minute(45)) and None] * 3])
    fired = Escalation.objects.filter(step__percent=150).count()
    acknowledgement = Acknowledgement.objects.get()
    assert fired in (0, 1)
    assert acknowledgement.escalation.step.percent == (150 if fired else 100)
    assert Clock.objects.open().get().held_until == minute(60)
    assert verify().mismatches == ()


def test_taking_over_during_an_answer_and_sweeps_leaves_a_consistent_ticket(ticket):
    ann = ticket.customer.account_manager

    def take() -> None:
        with suppress(DeskError):  # answered first, and hers already
            take_over(ticket=ticket, actor=ann, at=minute(45))

    at_once(
        [
            take,
            take,
            lambda: answered(ticket, 45, actor=ann) and None,
            lambda: sweep(now=minute(45)) and None,
            lambda: sweep(now=minute(45)) and None,
        ]
    )
    ticket.refresh_from_db()
    assert Escalation.objects.filter(step__percent=150).count() <= 1
    assert verify().mismatches == ()
