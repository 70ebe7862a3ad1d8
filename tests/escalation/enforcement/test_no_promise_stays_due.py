"""Whatever happens to tickets for hours: no promise fails in a sweep, none stays due after it, and the ledger holds."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from customers.errors import DeskError
from escalation.choices import AcknowledgedBy
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.acknowledge import acknowledge, escalate_now, take_over
from escalation.enforcement.sweep import revisit_unplanned, sweep
from escalation.models import Clock, PolicyTarget
from tests.factories import AbsenceFactory, ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import answered, asked, minute, opened
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db
LEAD = ["Team lead"]


@pytest.fixture
def people() -> list[User]:
    top = staff("top", groups=LEAD)
    boss = staff("boss", reports_to=top, groups=LEAD)
    ann = staff("ann", reports_to=boss, groups=LEAD)
    dora = staff("dora", groups=LEAD)
    set_desk(duty_manager=dora)
    return [top, boss, ann, dora, staff("bob", reports_to=boss, groups=LEAD, deputy=ann)]


def act(chance: random.Random, ticket: Ticket, who: User, at: float) -> bool:
    """One of the things that happen, most of them often. False if it was refused in words, as on the page."""
    now, by_hand = minute(at), {"ticket": ticket, "actor": who, "at": minute(at)}
    priority, status = chance.choice(Priority.values), chance.choice([Status.WAITING, Status.OPEN])
    back_at = now + timedelta(minutes=chance.choice([1, 5, 30]))
    acts: list[tuple[int, Callable[[], object]]] = [
        (5, lambda: acknowledge(**by_hand, by=AcknowledgedBy.PAGE)),
        (3, lambda: answered(ticket, at, then=chance.choice([None, Status.WAITING]))),
        (3, lambda: asked(ticket, at)),
        (2, lambda: take_over(**by_hand)),
        (2, lambda: escalate_now(**by_hand, reason="Urgent.")),
        (2, lambda: change_priority(**by_hand, priority=priority, reason="So.")),
        (3, lambda: AbsenceFactory(user=who, starts_at=now, ends_at=back_at)),
        (1, lambda: revisit_unplanned(now=now)),
        (1, lambda: set_status(**by_hand, status=status)),
        (20, lambda: None),
    ]
    [chosen] = chance.choices([do for _often, do in acts], [often for often, _do in acts])
    try:
        chosen()
    except DeskError:
        return False
    return True


@pytest.mark.parametrize("seed", [2, 3])
def test_no_promise_fails_or_stays_due_after_the_sweep(people: list[User], seed: int) -> None:
    chance = random.Random(seed)
    PolicyTarget.objects.update(minutes=2)
    customer = CustomerFactory(account_manager=people[2], backup_account_manager=people[4])
    contact, at, tickets = ContactFactory(customer=customer), 0.0, list[Ticket]()
    done = 0
    for _turn in range(160):
        at += chance.choice([0.05, 0.3, 1, 2, 5])
        if not tickets or chance.random() < 0.1:
            tickets.append(opened(at, contact=contact, priority=chance.choice(Priority.values)))
        else:
            done += act(chance, Ticket.objects.get(pk=chance.choice(tickets).pk), chance.choice(people), at)
        assert sweep(now=minute(at)).failed == 0
        assert not Clock.objects.step_due(minute(at)).exists()
    assert verify().mismatches == ()
    assert done > 100  # most was not refused
