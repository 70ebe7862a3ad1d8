"""What the email rules say about one mail. They read the subject and the new words only."""

from __future__ import annotations

import re

from tickets.choices import Priority, ProposalReach, RulePriority
from tickets.mail.classify import MailKind
from tickets.models import Proposal, Ticket
from tickets.services.intake.authentication import has_failed
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.intake.senders import Sender
from tickets.services.proposals import DIGEST_WINDOW, WantedProposal
from tickets.triage.facts import MailFacts, facts_of
from tickets.triage.rule_book import active_rules
from tickets.triage.rule_matching import RuleMatch, RuleVerdict, judge

_P0 = re.compile(r"(?<!\w)P0(?!\w)", re.IGNORECASE | re.ASCII)


def verdict_on(incoming: IncomingMail, sender: Sender) -> RuleVerdict:
    """Apply the active rules to the mail. No query unless a rule was changed since the last mail."""
    rules = active_rules(incoming.mailboxes.rules_stamp)
    return judge(rules, _facts(incoming, sender)) if rules else RuleVerdict()


def set_priority_of(match: RuleMatch | None) -> Priority | None:
    """The priority that the rule sets; None if it sets none or only proposes one."""
    if match is None or match.rule.priority is None or match.rule.how != RulePriority.SET:
        return None
    return Priority(match.rule.priority)


def wanted_proposal(
    incoming: IncomingMail,
    sender: Sender,
    match: RuleMatch | None,
    *,
    usual: int,
    ticket: Ticket | None = None,
) -> WantedProposal | None:
    """What the rule proposes if that is more urgent than ``usual``. ``ticket`` is the one that the mail answers.

    One query if the proposal would page.
    """
    if match is None or match.rule.priority is None or match.rule.how != RulePriority.PROPOSE:
        return None
    if match.rule.priority >= usual:
        return None
    return WantedProposal(
        match, _reach(incoming, sender, ticket), asks_again=_asks_for_p0(incoming.mail.new_text)
    )


def _asks_for_p0(words: str) -> bool:
    return bool(_P0.search(words.strip().partition("\n")[0]))


def _reach(incoming: IncomingMail, sender: Sender, ticket: Ticket | None) -> ProposalReach:
    """Only a known contact, a participant or somebody of a customer's domain pages, and their first mail of an hour.

    A proposal that was rejected since is no incident that anybody works on, so the next one pages.
    """
    customer = ticket.customer if ticket is not None else sender.customer
    is_known = sender.contact is None or sender.contact.is_active or ticket is not None
    is_forged = has_failed(incoming.mail, incoming.mailbox)
    if customer is None or not customer.is_active or not is_known or is_forged:
        return ProposalReach.SHOWN
    if incoming.classification.kind is MailKind.AUTO_GENERATED:
        return ProposalReach.RUNS
    recent = Proposal.objects.filter(
        ticket__customer=customer,
        reach=ProposalReach.PAGES,
        since__gt=incoming.received_at - DIGEST_WINDOW,
        since__lte=incoming.received_at,
    )
    return ProposalReach.JOINS if recent.exclude(is_confirmed=False).exists() else ProposalReach.PAGES


def _facts(incoming: IncomingMail, sender: Sender) -> MailFacts:
    customer = sender.customer
    return facts_of(
        incoming.mail,
        mailbox=incoming.row.mailbox_id,
        sender=incoming.author.email,
        customer=customer.pk if customer is not None else None,
        scenario=customer.scenario if customer is not None else "",
        words=incoming.mail.new_text,
    )
