"""Deciding about a proposed priority, and what stands in the way."""

import pytest

from tests.factories import NOW, MessageFactory, TicketFactory, UserFactory
from tickets.choices import Fact, Priority, ProposalReach, Status
from tickets.errors import DeskError
from tickets.events import PriorityChanged, PriorityProposed, ProposalConfirmed, ProposalRejected
from tickets.models import Proposal, Rule, Ticket
from tickets.services import proposals
from tickets.services.merging import merge
from tickets.services.proposals import WantedProposal, confirm_proposal, propose, reject_proposal
from tickets.services.status_and_priority import change_priority, raise_priority
from tickets.timeline_text import timeline_sentence
from tickets.triage.rule_matching import RuleMatch

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(monkeypatch):
    events: list[object] = []
    monkeypatch.setattr(proposals, "publish", events.append)
    return events


@pytest.fixture
def ann():
    return UserFactory(username="ann")


def wanted(reach: ProposalReach = ProposalReach.PAGES, words: tuple[str, ...] = ("down",)) -> WantedProposal:
    rule, _is_new = Rule.objects.get_or_create(name="Test", defaults={"words": "down", "priority": 0})
    return WantedProposal(RuleMatch(rule, words), reach)


def proposed(ticket: Ticket | None = None, **more) -> Proposal | None:
    ticket = ticket or TicketFactory(status=Status.OPEN, priority=Priority.P2)
    message = MessageFactory(ticket=ticket, at=NOW)
    return propose(ticket=ticket, message=message, wanted=wanted(**more), at=NOW)


def test_a_proposal_applies_at_once_and_says_so(published):
    proposal = proposed()
    assert proposal is not None
    ticket = Ticket.objects.get(pk=proposal.ticket_id)
    assert (ticket.priority, proposal.usual, proposal.runs) == (Priority.P0, Priority.P2, True)
    assert [type(event) for event in published] == [PriorityChanged]
    assert published[0].proposal == proposal
    line = ticket.timeline.get(fact=Fact.PROPOSED)
    assert timeline_sentence(line, {}) == "P0 Urgent proposed by the rule Test (“down”)"


def test_a_shown_one_changes_no_priority(published):
    proposal = proposed(reach=ProposalReach.SHOWN)
    assert Ticket.objects.get().priority == Priority.P2
    assert [(type(event), event.proposal) for event in published] == [(PriorityProposed, proposal)]


@pytest.mark.parametrize(
    "fields", [{"priority": Priority.P0}, {"status": Status.RESOLVED}, {"status": Status.CLOSED}]
)
def test_a_ticket_that_is_urgent_already_or_over_is_left_alone(fields):
    assert proposed(TicketFactory(**fields)) is None


def test_one_open_proposal_is_enough():
    ticket = TicketFactory(priority=Priority.P2)
    assert proposed(ticket, reach=ProposalReach.SHOWN) is not None
    assert proposed(ticket, words=("outage",)) is None


def test_confirming_decides_once(published, ann):
    proposal = proposed()
    confirm_proposal(ticket=proposal.ticket, actor=ann, at=NOW)
    proposal.refresh_from_db()
    assert (proposal.is_confirmed, proposal.decided_by, proposal.decided_at) == (True, ann, NOW)
    assert type(published[-1]) is ProposalConfirmed
    for decide in (confirm_proposal, reject_proposal):
        with pytest.raises(DeskError, match="no proposed priority left"):
            decide(ticket=proposal.ticket, actor=ann, at=NOW)


def test_rejecting_gives_the_ticket_the_priority_it_would_have_had(published, ann):
    proposal = proposed()
    reject_proposal(ticket=proposal.ticket, actor=ann, at=NOW)
    ticket = Ticket.objects.get()
    assert ticket.priority == Priority.P2
    event = published[-1]
    assert type(event) is ProposalRejected
    assert (event.before, event.after, event.reason) == (Priority.P0, Priority.P2, "Not P0: “down”")
    assert list(ticket.timeline.order_by("pk").values_list("fact", flat=True))[-2:] == [
        Fact.REJECTED,
        Fact.PRIORITY,
    ]


@pytest.mark.parametrize(("after", "is_confirmed"), [(Priority.P1, False), (Priority.P3, False)])
def test_a_new_priority_from_the_form_decides(published, ann, after, is_confirmed):
    proposal = proposed()
    change_priority(ticket=proposal.ticket, priority=after, actor=ann, at=NOW, reason="Seen")
    proposal.refresh_from_db()
    assert proposal.is_confirmed is is_confirmed
    assert Ticket.objects.get().priority == after
    assert Ticket.objects.get().timeline.filter(fact=Fact.PRIORITY).count() == 2


def test_a_form_that_raises_a_shown_one_confirms_it(ann):
    proposal = proposed(reach=ProposalReach.SHOWN)
    change_priority(ticket=proposal.ticket, priority=Priority.P0, actor=ann, at=NOW, reason="Seen")
    proposal.refresh_from_db()
    assert proposal.is_confirmed is True
    assert Ticket.objects.get().priority == Priority.P0


def test_a_stricter_mailbox_meanwhile_is_what_it_falls_back_to(ann):
    proposal = proposed()
    raise_priority(ticket=proposal.ticket, priority=Priority.P1, at=NOW, reason="The email went there too.")
    reject_proposal(ticket=proposal.ticket, actor=ann, at=NOW)
    assert Ticket.objects.get().priority == Priority.P1


def test_a_ticket_that_ended_undecided_is_merged_like_any(ann):
    proposal = proposed()
    Ticket.objects.filter(pk=proposal.ticket_id).update(status=Status.RESOLVED)
    into = TicketFactory(customer=proposal.ticket.customer)
    assert merge(ticket=proposal.ticket, into=into, actor=ann, at=NOW) == into


@pytest.mark.parametrize("is_source", [True, False])
def test_a_ticket_is_merged_after_the_decision_only(ann, is_source):
    """The other's promise, if it is the looser, ends; a rejection afterwards could not bring it back."""
    proposal = proposed()
    other = TicketFactory(customer=proposal.ticket.customer)
    ticket, into = (proposal.ticket, other) if is_source else (other, proposal.ticket)
    with pytest.raises(DeskError, match="proposed priority first"):
        merge(ticket=ticket, into=into, actor=ann, at=NOW)
    reject_proposal(ticket=proposal.ticket, actor=ann, at=NOW)
    merge(ticket=ticket, into=into, actor=ann, at=NOW)
