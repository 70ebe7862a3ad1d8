"""Proposed priorities on the scorecard: the share of wrong ones, and rejections that were wrong themselves."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.enforcement.sweep import sweep
from escalation.exports.bulk_reading import load_people
from escalation.exports.proposal_incidents import proposal_incidents
from escalation.exports.scorecard import COLUMNS, THE_DESK, IncidentKind, Scorecard, scorecard_row
from escalation.lib.weeks import Period, Week
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import called, minute, opened
from tickets.choices import Priority, ProposalReach
from tickets.models import Proposal, Rule, Ticket
from tickets.services.proposals import WantedProposal, confirm_proposal, reject_proposal
from tickets.services.status_and_priority import change_priority
from tickets.triage.rule_matching import RuleMatch

pytestmark = pytest.mark.django_db
PERIOD = Period.of(Week(2026, 47), zone=ZoneInfo("Asia/Shanghai"), until=minute(60))
WHOLE = Period.of(Week(2026, 47), zone=ZoneInfo("Asia/Shanghai"))
LATER = Period.of(Week(2026, 48), zone=ZoneInfo("Asia/Shanghai"))
CONFIRMED, REJECTED, WRONG = (
    IncidentKind.PROPOSAL_CONFIRMED,
    IncidentKind.PROPOSAL_REJECTED,
    IncidentKind.WRONGLY_REJECTED,
)


@pytest.fixture
def ann():
    ann = staff("ann")
    set_desk(duty_manager=ann, intake_owner=ann)
    return ann


def proposed(ann, **more) -> Ticket:
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    wanted = WantedProposal(RuleMatch(Rule.objects.get(name="Outage"), ("down",)), ProposalReach.PAGES)
    return opened(priority=Priority.P2, contact=contact, proposal=wanted, **more)


def kinds(period: Period = PERIOD) -> list[IncidentKind]:
    return [incident.kind for incident in proposal_incidents(period)]


def test_decisions_count_in_their_week_for_whoever_decided(ann):
    confirm_proposal(ticket=proposed(ann), actor=ann, at=minute(1))
    reject_proposal(ticket=proposed(ann), actor=ann, at=minute(1))
    proposed(ann)
    assert kinds() == [CONFIRMED, REJECTED]
    assert kinds(LATER) == []
    assert {incident.person_id for incident in proposal_incidents(PERIOD)} == {ann.pk}


def test_a_rejection_that_ends_in_a_breach_was_wrong_in_the_week_of_the_breach(ann):
    reject_proposal(ticket=proposed(ann), actor=ann, at=minute(1))
    assert kinds() == [REJECTED]
    assert kinds(WHOLE) == [REJECTED, WRONG]  # by its due time, swept or not
    sweep(now=minute(481))
    assert kinds(WHOLE) == [REJECTED, WRONG]
    Proposal.objects.update(decided_at=PERIOD.start - timedelta(days=1))
    assert kinds(WHOLE) == [WRONG]


def test_a_breach_that_turned_out_none_counts_until_then(ann):
    ticket = proposed(ann)
    reject_proposal(ticket=ticket, actor=ann, at=minute(1))
    monday = int((WHOLE.end - minute(0)) / timedelta(minutes=1)) + 60
    called(ticket, monday, happened=470)
    assert kinds(WHOLE) == [REJECTED, WRONG]
    assert kinds(replace(WHOLE, as_of=minute(monday + 1))) == [REJECTED]


def test_a_rejection_that_ends_in_a_p0_was_wrong_and_counts_once(ann):
    ticket = proposed(ann)
    reject_proposal(ticket=ticket, actor=ann, at=minute(1))
    change_priority(ticket=ticket, priority=Priority.P1, actor=ann, at=minute(2), reason="Worse")
    assert kinds() == [REJECTED]
    change_priority(ticket=ticket, priority=Priority.P0, actor=ann, at=minute(3), reason="All of them")
    sweep(now=minute(40))
    assert kinds() == [REJECTED, WRONG]


def test_what_was_broken_before_the_rejection_does_not_make_it_wrong(ann):
    ticket = proposed(ann)
    sweep(now=minute(31))
    reject_proposal(ticket=ticket, actor=ann, at=minute(40))
    assert kinds() == [REJECTED]


def test_the_share_of_wrong_proposals_is_a_figure(ann):
    for number in range(3):
        ticket = proposed(ann)
        decide = confirm_proposal if number else reject_proposal
        decide(ticket=ticket, actor=ann, at=minute(1))
    card = Scorecard(load_people())
    for incident in proposal_incidents(PERIOD):
        card.add_incident(incident)
    row = dict(zip(COLUMNS, scorecard_row(THE_DESK, card.lines()[THE_DESK]), strict=True))
    assert (row["proposals_decided"], row["proposals_rejected"], row["wrong_rejections"]) == (3, 1, 0)
    assert row["proposals_rejected_percent"] == 33.3


def test_a_week_of_many_costs_the_queries_of_one(ann, django_assert_num_queries):
    for _number in range(3):
        reject_proposal(ticket=proposed(ann), actor=ann, at=minute(1))
    with django_assert_num_queries(2):
        assert len(kinds()) == 3
