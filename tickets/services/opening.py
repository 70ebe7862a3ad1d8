"""Opens tickets."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from customers.models import Contact, Customer
from tickets.choices import Channel, Fact, Status
from tickets.events import CustomerWrote, TicketOpened, publish
from tickets.lib.single_row import insert_row
from tickets.message_content import MessageContent
from tickets.models import Mailbox, Message, Ticket
from tickets.services.conversation import receipt_time, store_customer_message
from tickets.services.first_owner import FirstOwner, choose_first_owner
from tickets.services.proposals import WantedProposal, store_proposal
from tickets.services.tags import add_tags
from tickets.services.timeline import entries_together, record
from tickets.triage.rule_matching import RuleVerdict

NO_RULES = RuleVerdict()


def open_within(
    *,
    subject: str,
    content: MessageContent,
    received_at: datetime,
    at: datetime,
    priority: int,
    actor: User | None = None,
    customer: Customer | None = None,
    contact: Contact | None = None,
    channel: str = Channel.EMAIL,
    mailbox: Mailbox | None = None,
    language: str = "en",
    follows: Ticket | None = None,
    is_drill: bool = False,
    present: User | None = None,
    rules: RuleVerdict = NO_RULES,
    proposal: WantedProposal | None = None,
) -> Ticket:
    """Open a ticket with the customer's first message. Its promise starts at ``received_at``; both times are UTC.

    Needs the caller's transaction, which an error must end; `open_ticket` has one of its own. ``received_at`` is when
    our server received the mail, or when the call happened that ``actor`` records. Raises DeskError if it is after
    ``at``. Only a fire drill sets ``is_drill``. ``present`` is a colleague known to be there, which may save a query.
    ``rules`` choose owner and scenario. A ``proposal`` that runs is the ticket's priority until somebody decides.
    """
    received_at, scenario = receipt_time(received_at, at=at, actor=actor), rules.scenario_name
    chosen = choose_first_owner(
        customer=customer, at=at, wanted=rules.owner_id, scenario=scenario, present=present
    )
    ticket = Ticket(
        subject=subject[:500],
        priority=proposal.priority if proposal is not None and proposal.runs else priority,
        channel=channel,
        customer=customer,
        contact=contact,
        owner=chosen.user,
        mailbox=mailbox,
        language=language,
        follows=follows,
        is_drill=is_drill,
        scenario=scenario,
        opened_at=received_at,
        updated_at=at,
        unanswered_since=received_at,
    )
    insert_row(ticket)
    with entries_together():
        message = ticket.first_message = store_customer_message(
            ticket, content, received_at=received_at, at=at, contact=contact, channel=channel, actor=actor
        )
        _record_opening(message, Fact.OPENED, chosen, at=at, actor=actor)
        if rules.names:
            record(ticket, Fact.RULES, at=at, actor=None, rules=rules.names)
        publish(TicketOpened(ticket=ticket, at=at, actor=actor))
        add_tags(ticket, rules.tags, at=at, is_new=True)
        proposed = store_proposal(ticket, message, proposal, usual=priority, at=at) if proposal else None
        publish(CustomerWrote(ticket, at, actor, message, is_first=True, proposal=proposed))
    return ticket


open_ticket = transaction.atomic(open_within)


@transaction.atomic
def open_past_ticket(
    *,
    subject: str,
    content: MessageContent,
    received_at: datetime,
    at: datetime,
    priority: int,
    customer: Customer | None,
    contact: Contact | None,
    mailbox: Mailbox,
    language: str,
) -> Ticket:
    """A ticket of imported mail: closed since ``received_at`` (UTC). It is announced to nobody and promises nothing."""
    chosen = choose_first_owner(customer=customer, at=at)
    ticket = Ticket.objects.create(
        subject=subject[:500],
        status=Status.CLOSED,
        is_history=True,
        priority=priority,
        customer=customer,
        contact=contact,
        owner=chosen.user,
        mailbox=mailbox,
        language=language,
        opened_at=received_at,
        updated_at=received_at,
        resolved_at=received_at,
        closed_at=received_at,
    )
    message = ticket.first_message = store_customer_message(
        ticket,
        content,
        received_at=received_at,
        at=at,
        contact=contact,
        channel=Channel.EMAIL,
        actor=None,
    )
    _record_opening(message, Fact.IMPORTED, chosen, at=at, actor=None)
    return ticket


def _record_opening(
    first: Message, fact: Fact, chosen: FirstOwner, *, at: datetime, actor: User | None
) -> None:
    owner, rule = chosen.user.pk, chosen.rule.value
    record(first.ticket, fact, at=at, actor=actor, owner=owner, rule=rule, message=first.pk)
