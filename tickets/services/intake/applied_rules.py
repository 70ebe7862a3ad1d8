"""What the email rules say about one mail. They read the subject and the new words only."""

from __future__ import annotations

from tickets.choices import Priority, RulePriority
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.intake.senders import Sender
from tickets.triage.facts import MailFacts, facts_of
from tickets.triage.rule_book import active_rules
from tickets.triage.rule_matching import RuleMatch, RuleVerdict, judge


def verdict_on(incoming: IncomingMail, sender: Sender) -> RuleVerdict:
    """Apply the active rules to the mail. No query unless a rule was changed since the last mail."""
    rules = active_rules(incoming.mailboxes.rules_stamp)
    return judge(rules, _facts(incoming, sender)) if rules else RuleVerdict()


def set_priority_of(match: RuleMatch | None) -> Priority | None:
    """The priority that the rule sets; None if it sets none or only proposes one."""
    if match is None or match.rule.priority is None or match.rule.how != RulePriority.SET:
        return None
    return Priority(match.rule.priority)


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
