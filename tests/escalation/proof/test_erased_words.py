"""After erasing, every hash still verifies, and the gap is named with who and when."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from escalation.proof.sealing import seal_ledger
from escalation.proof.whole_proof import prove_all, prove_new
from tests.factories import AdminFactory, StaffProfileFactory
from tests.talk import answered, asked, minute, opened
from tickets.choices import OutboxState, Priority
from tickets.models import Message
from tickets.services.erasing import erase_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return StaffProfileFactory(user=AdminFactory(first_name="Dora")).user


@pytest.fixture
def ticket(admin):
    ticket = opened(priority=Priority.P2)
    answered(ticket, 20)
    asked(ticket, 40)
    ticket.outbound.update(state=OutboxState.ACCEPTED)
    return ticket


def erase_all(ticket, admin):
    for message in ticket.messages.all():
        erase_words(message=message, actor=admin, at=minute(50), reason="A request of the customer.")


def said(*arguments):
    out = StringIO()
    call_command("verify_ledger", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("sealed_at", [45, 60, None])
def test_the_ledger_is_whole_after_words_were_erased(ticket, admin, sealed_at):
    if sealed_at == 45:
        seal_ledger(at=minute(45))
    erase_all(ticket, admin)
    if sealed_at == 60:
        seal_ledger(at=minute(60))
    assert prove_all().mismatches == ()
    assert prove_new(now=minute(70)).mismatches == ()


def test_a_promise_goes_on_over_erased_words(ticket, admin):
    """Its new lines rest on a message without words."""
    erase_all(ticket, admin)
    answered(ticket, 80)
    assert prove_all().mismatches == ()


@pytest.mark.parametrize("forged", [{"body": "Something else"}, {"salt": b"0123456789abcdef"}])
def test_a_message_that_says_it_is_erased_and_has_words_is_a_mismatch(ticket, admin, forged):
    erase_all(ticket, admin)
    Message.objects.filter(pk=ticket.messages.earliest("at").pk).update(**forged)
    assert "other words or times" in str(prove_all().mismatches[0])


@pytest.mark.parametrize("arguments", [(), ("--new",)])
def test_the_command_names_each_gap_with_ticket_person_and_time(ticket, admin, arguments):
    erase_words(message=ticket.messages.earliest("at"), actor=admin, at=minute(50), reason="A password.")
    lines = said(*arguments)
    assert (
        "The words of 1 message were erased: its times and hashes were checked, its words cannot be." in lines
    )
    assert (
        f"{ticket.number}, message of 2026-11-18 12:00 UTC: erased by Dora on 2026-11-18 12:50 UTC." in lines
    )


def test_the_command_names_the_gaps_of_one_ticket(ticket, admin):
    other = opened(priority=Priority.P2)
    erase_all(ticket, admin)
    assert not any("erased" in line for line in said("--ticket", str(other.pk)))
    assert sum("erased by Dora" in line for line in said("--ticket", str(ticket.pk))) == 3


def test_without_a_gap_nothing_is_said_of_one(ticket):
    assert not any("erased" in line for line in said())


def test_a_gap_does_not_hide_a_mismatch(ticket, admin):
    erase_words(message=ticket.messages.earliest("at"), actor=admin, at=minute(50), reason="A password.")
    Message.objects.filter(pk=ticket.messages.latest("at").pk).update(body="Something else")
    with pytest.raises(CommandError, match="does not match"):
        said()
