"""A waiver needs two people: a lead proposes it, another lead or a director confirms it."""

import pytest
from django.contrib.auth.models import User

from customers.models import StaffProfile
from customers.names import name_of
from escalation.choices import ClockChange, ClockState, NoticeKind
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import confirm_waiver, refuse_waiver, waive_promise
from escalation.models import Notification
from escalation.notifications.wording import Notice, link_to, text_of
from tests.factories import ContactFactory, CustomerFactory, staff
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Status
from tickets.errors import DeskError
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return staff("lead", groups=["Team lead"])


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"])


@pytest.fixture
def ticket(lead):
    """A P0 whose promise ended at minute 30 without an answer."""
    manager = staff("ann", reports_to=lead, groups=["Account manager"])
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=manager)))
    sweep(now=minute(31))
    return ticket


def propose(ticket, lead, at=40):
    waive_promise(clock=clock_of(ticket), actor=lead, at=minute(at), reason=" their own outage ")
    return clock_of(ticket)


def changes(ticket):
    return list(clock_of(ticket).events.order_by("pk").values_list("change", flat=True))


def test_a_proposed_waiver_waives_nothing_yet(ticket, lead):
    clock = propose(ticket, lead)
    assert (clock.waived_at, clock.waive_reason) == (None, "")
    assert (clock.waiver_proposed_at, clock.waiver_proposed_by) == (minute(40), lead)
    line = clock.events.latest("pk")
    assert (line.change, line.actor, line.cause) == (ClockChange.WAIVER_PROPOSED, lead, "their own outage")
    assert verify(ticket=ticket.pk).mismatches == ()


@pytest.mark.parametrize("second", ["lead2", "director"])
def test_another_lead_or_a_director_confirms_it_with_the_reason_of_the_first(ticket, lead, director, second):
    propose(ticket, lead)
    other = director if second == "director" else staff("lead2", groups=["Team lead"])
    confirm_waiver(clock=clock_of(ticket), actor=other, at=minute(50))
    clock = clock_of(ticket)
    assert (clock.state, clock.waived_at, clock.waived_by) == (ClockState.BREACHED, minute(50), other)
    assert (clock.waive_reason, clock.waiver_proposed_by) == ("their own outage", lead)
    assert verify(ticket=ticket.pk).mismatches == ()


def test_nobody_confirms_their_own_proposal_not_even_an_administrator(ticket, lead):
    lead.is_superuser = True
    lead.save(update_fields=["is_superuser"])
    propose(ticket, lead)
    with pytest.raises(DeskError, match="second person"):
        confirm_waiver(clock=clock_of(ticket), actor=lead, at=minute(50))
    assert clock_of(ticket).waived_at is None


def test_who_is_no_lead_confirms_nothing(ticket, lead):
    propose(ticket, lead)
    for decide in (confirm_waiver, refuse_waiver):
        with pytest.raises(DeskError, match="Ask a lead"):
            decide(clock=clock_of(ticket), actor=staff(), at=minute(50))


def test_what_was_not_proposed_cannot_be_confirmed_or_refused(ticket, director):
    for decide in (confirm_waiver, refuse_waiver):
        with pytest.raises(DeskError, match="No waiver"):
            decide(clock=clock_of(ticket), actor=director, at=minute(50))


def test_a_waiver_is_proposed_once_and_again_after_it_was_refused(ticket, lead, director):
    propose(ticket, lead)
    with pytest.raises(DeskError, match="already proposed"):
        propose(ticket, director)
    refuse_waiver(clock=clock_of(ticket), actor=director, at=minute(45))
    assert (clock_of(ticket).waiver_proposed_at, clock_of(ticket).waiver_proposed_by) == (None, None)
    propose(ticket, director, at=50)
    confirm_waiver(clock=clock_of(ticket), actor=lead, at=minute(55))
    assert changes(ticket)[-4:] == ["waiver_proposed", "waiver_refused", "waiver_proposed", "waived"]
    assert verify(ticket=ticket.pk).mismatches == ()


def test_a_lead_withdraws_their_own_proposal(ticket, lead):
    propose(ticket, lead)
    refuse_waiver(clock=clock_of(ticket), actor=lead, at=minute(45))
    assert clock_of(ticket).waiver_proposed_at is None


def test_a_promise_kept_after_all_cannot_be_waived(lead, director):
    ticket = opened()
    propose(ticket, lead, at=5)
    answered(ticket, 10)
    with pytest.raises(DeskError, match="nothing to waive"):
        confirm_waiver(clock=clock_of(ticket), actor=director, at=minute(50))


def test_a_small_desk_lets_one_lead_waive(ticket, lead, settings):
    settings.WAIVERS_NEED_TWO = False
    clock = propose(ticket, lead)
    assert (clock.waived_by, clock.waive_reason, clock.waiver_proposed_at) == (lead, "their own outage", None)
    assert changes(ticket)[-1] == "waived"


def test_a_lead_who_closes_an_unanswered_ticket_proposes_and_the_breach_counts_until_then(lead, director):
    ticket = opened()
    set_status(ticket=ticket, status=Status.CLOSED, actor=lead, at=minute(5), reason="spam")
    clock = clock_of(ticket)
    assert (clock.state, clock.waived_at, clock.waiver_proposed_by) == (ClockState.BREACHED, None, lead)
    confirm_waiver(clock=clock, actor=director, at=minute(9))
    clock = clock_of(ticket)
    assert (clock.state, clock.waived_by, clock.waive_reason) == (ClockState.BREACHED, director, "spam")
    assert verify(ticket=ticket.pk).mismatches == ()


def told(kind):
    rows = Notification.objects.filter(kind=kind).select_related("recipient")
    return sorted((row.recipient.username, row.other.username, row.detail) for row in rows)


def test_the_other_leads_of_the_team_are_told_of_a_proposal_once(ticket, lead, director):
    above = staff("above", groups=["Team lead"])
    StaffProfile.objects.filter(user=lead).update(reports_to=above)
    staff("stranger", groups=["Team lead"])
    propose(ticket, lead)
    with pytest.raises(DeskError, match="already proposed"):
        propose(ticket, above, at=41)
    assert told("waiver_proposed") == [("above", "lead", "their own outage")]


def test_the_directors_are_told_if_the_team_has_no_other_lead(ticket, lead, director):
    gone = staff("gone", groups=["Support director"])
    User.objects.filter(pk=gone.pk).update(is_active=False)
    propose(ticket, lead)
    assert told("waiver_proposed") == [("dana", "lead", "their own outage")]


def test_the_mail_names_who_why_and_where(ticket, lead, director):
    propose(ticket, lead)
    row = Notification.objects.get(kind="waiver_proposed")
    text = text_of(Notice(NoticeKind(row.kind), row.ticket, row.clock, row.other, row.detail), at=minute(41))
    assert f"{name_of(lead)} proposes to waive an SLA of {ticket.number}." in text
    assert f"Reason given by {name_of(lead)}: their own outage" in text
    assert link_to(ticket) in text


@pytest.mark.parametrize(
    ("decide", "kind"), [(confirm_waiver, "waiver_confirmed"), (refuse_waiver, "waiver_refused")]
)
def test_whoever_proposed_it_is_told_of_the_outcome(ticket, lead, director, decide, kind):
    propose(ticket, lead)
    decide(clock=clock_of(ticket), actor=director, at=minute(50))
    assert told(kind) == [("lead", "dana", "")]


def test_nobody_is_told_that_they_withdrew_their_own_proposal(ticket, lead, director):
    propose(ticket, lead)
    refuse_waiver(clock=clock_of(ticket), actor=lead, at=minute(50))
    assert told("waiver_refused") == []


def test_on_a_desk_where_one_lead_may_waive_nobody_is_asked(ticket, lead, director, settings):
    settings.WAIVERS_NEED_TWO = False
    propose(ticket, lead)
    assert told("waiver_proposed") == []
