"""Loads everything the page of one ticket shows, once: conversation, promises, chain, customer, history."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import F, Prefetch

from customers.addresses import address_key
from customers.phrases import listed
from customers.public_domains import company_domain
from escalation.chains.progress import ChainProgress, Chains
from escalation.chains.step_times import AT_THE_START, step_time
from escalation.choices import ClockChange, ClockState, Whom
from escalation.clocks.acknowledgements import holding_acknowledgement
from escalation.clocks.served_channels import UNREAD, Served, served_ways_by_clock
from escalation.enforcement.next_step import next_owner
from escalation.lib.desk_reasons import in_readers_words
from escalation.models import (
    Acknowledgement,
    Clock,
    ClockEvent,
    Escalation,
    EscalationStep,
)
from escalation.people.staff_snapshot import People
from escalation.templatetags.promises import person
from supportdesk.pages.ticket.customer_card import CustomerCard, card_of
from supportdesk.pages.ticket.lead_options import LeadOptions, lead_options_of
from supportdesk.pages.ticket.shown_words import add_words, messages_to_show, messages_without_words
from tickets.choices import Channel, Fact, MessageKind
from tickets.models import Message, Participant, Proposal, Ticket, TimelineEntry
from tickets.models.ticket import TicketQuerySet
from tickets.services.domain_claims import may_name_domain
from tickets.services.outgoing.reply_mail import recipient_of
from tickets.services.proposals import open_proposal
from tickets.timeline_text import timeline_sentence

LAST_MESSAGES = 6  # older messages are folded
MOST_MESSAGES = 50  # on one page
MOST_PROMISES = 8  # beside them
HISTORY = 200


@dataclass(frozen=True)
class Conversation:
    """The messages, oldest first: ``before`` has those that are on pages of their own, without their words.

    A reply is held if there is a message to read that is newer than ``newest``, the key of the newest one here; it
    goes to ``recipient``.
    """

    earlier: Sequence[Message]
    latest: Sequence[Message]
    newest: int
    recipient: str
    participants: Sequence[Participant] = ()
    before: Sequence[Message] = ()
    # Key of the mail that opened the ticket and got no receipt mail, as it may be from a machine.
    unacknowledged: int = 0

    @property
    def messages(self) -> Sequence[Message]:
        return (*self.before, *self.earlier, *self.latest)

    @property
    def copies(self) -> list[str]:
        """Whom an answer reaches beside its recipient."""
        addresses = [participant.address for participant in self.participants]
        return [address for address in addresses if address_key(address) != address_key(self.recipient)]


@dataclass(frozen=True)
class ChainStep:
    """One line of a promise's chain: a step that fired, was skipped, is next or is still to come.

    ``step`` is None for an escalation by hand. A step that ``waits`` happens some time after ``at``: the promise is
    paused, so nobody knows when. With ``said``, the line is an acknowledgement and not a step.
    """

    step: EscalationStep | None
    at: datetime
    fired: Escalation | None = None
    is_next: bool = False
    is_skipped: bool = False
    waits: bool = False
    to: User | None = None  # who would get the ticket, as far as is known now
    said: Acknowledgement | None = None

    @property
    def told(self) -> str:
        return listed(str(Whom(value).label) for value in (self.step.tell if self.step else ()))


@dataclass(frozen=True)
class PromisePanel:
    clock: Clock
    events: Sequence[ClockEvent]
    chain: Sequence[ChainStep]
    in_hand: Acknowledgement | None = None  # of the person who has the ticket now
    said_by: Collection[int] = ()  # the users who acknowledged the last firing
    decisions: LeadOptions | None = None  # only for leads, as nobody else decides

    @property
    def proposed_reason(self) -> str:
        """Why a waiver is proposed, if one is."""
        causes = [event.cause for event in self.events if event.change == ClockChange.WAIVER_PROPOSED]
        return causes[-1] if causes and self.clock.has_proposed_waiver else ""

    @property
    def began_backdated(self) -> bool:
        return any(event.is_backdated for event in self.events if event.change == ClockChange.STARTED)

    @property
    def ended_backdated(self) -> bool:
        at, by = self.clock.stopped_at, self.clock.answered_by_id
        return any(event.is_backdated for event in self.events if (event.at, event.message_id) == (at, by))

    served: Sequence[Served] = ()  # the ways through which the answer was promised


@dataclass(frozen=True)
class HistoryLine:
    """One line of the history."""

    at: datetime
    actor: str
    text: str
    reason: str


@dataclass(frozen=True)
class TicketPage:
    ticket: Ticket
    conversation: Conversation
    promises: Sequence[PromisePanel]
    card: CustomerCard | None
    history: Sequence[HistoryLine]
    colleagues: Sequence[User]
    has_older_promises: bool = False  # which only the list of promises shows
    tags: Sequence[str] = ()
    proposal: Proposal | None = None  # of a priority that nobody has decided about
    nameable_domain: str = ""  # of an unknown writer, if everybody from there can be given a customer

    @property
    def opened_backdated(self) -> bool:
        """True if the message that opened the ticket was written down later."""
        first = next(iter(self.conversation.messages), None)
        return first is not None and first.at == self.ticket.opened_at and first.is_backdated

    @property
    def open_promise(self) -> PromisePanel | None:
        """The open promise that falls due first, leaving out paused ones."""
        ticking = (promise for promise in self.promises if promise.clock.is_open)
        waiting = [promise for promise in ticking if promise.clock.state != ClockState.PAUSED]
        return min(waiting, key=lambda promise: promise.clock.due_at, default=None)


def ticket_page(
    ticket: Ticket, *, visible: TicketQuerySet, now: datetime, for_lead: bool = False
) -> TicketPage:
    """Load the page. `ticket` needs its people loaded; `visible` limits the customer's other tickets.

    At most 19 queries, one more each with more than MOST_MESSAGES, participants, tags and a proposed priority; for a
    lead, two more for each running promise whose priority was changed.
    """
    people = People.at(now)
    conversation = _conversation(ticket)
    loaded = _promises(ticket, people, now)
    promises = _with_ways(loaded[:MOST_PROMISES], conversation)
    clocks = [promise.clock for promise in promises]
    entries = list(ticket.timeline.select_related("actor").order_by("-at", "-pk")[:HISTORY])
    return TicketPage(
        ticket=ticket,
        conversation=replace(conversation, unacknowledged=_unacknowledged(conversation, entries)),
        promises=[_decidable(promise, now) for promise in promises] if for_lead else promises,
        card=card_of(ticket.customer, ticket, clocks, visible=visible, now=now) if ticket.customer else None,
        history=_history(entries, {key: person(user) for key, user in people.users.items()}),
        colleagues=sorted(people.users.values(), key=person),
        has_older_promises=len(loaded) > MOST_PROMISES,
        tags=[tag.name for tag in ticket.tags.all()] if getattr(ticket, "has_tags", True) else (),
        proposal=_proposal(ticket),
        nameable_domain=_nameable_domain(ticket),
    )


def _proposal(ticket: Ticket) -> Proposal | None:
    is_there = ticket.is_active and getattr(ticket, "has_proposal", True)
    return open_proposal(ticket) if is_there else None


def _nameable_domain(ticket: Ticket) -> str:
    address = ticket.contact.email if ticket.contact is not None and ticket.customer is None else ""
    return company_domain(address) if may_name_domain(address) else ""


def _conversation(ticket: Ticket) -> Conversation:
    newest = list(messages_to_show().filter(ticket=ticket).order_by("-at", "-pk")[: MOST_MESSAGES + 1])
    shown = newest[:MOST_MESSAGES][::-1]
    add_words(shown)
    before = _older(ticket, shown) if len(newest) > MOST_MESSAGES else []
    messages = [*before, *shown]
    asked = [message for message in messages if message.kind == MessageKind.INBOUND]
    confirmed = [message for message in asked if not message.is_unconfirmed]
    return Conversation(
        before=before,
        earlier=shown[:-LAST_MESSAGES],
        latest=shown[-LAST_MESSAGES:],
        newest=max((message.pk for message in messages), default=0),
        recipient=recipient_of(ticket, confirmed[-1] if confirmed else None),
        participants=list(ticket.participants.all()) if getattr(ticket, "has_participants", True) else (),
    )


def _older(ticket: Ticket, shown: Sequence[Message]) -> list[Message]:
    rows = messages_without_words().select_related("author", "contact", "outbound").filter(ticket=ticket)
    rows = rows.defer(*UNREAD)
    return list(rows.exclude(pk__in=[message.pk for message in shown]).order_by("at", "pk"))


def _unacknowledged(conversation: Conversation, entries: Sequence[TimelineEntry]) -> int:
    """The key of the mail that opened the ticket and got no receipt mail.

    0 if there is none, or if the history is too long to tell.
    """
    first = next(iter(conversation.messages), None)
    is_mail = first is not None and first.channel == Channel.EMAIL and bool(first.sender_address)
    if first is None or not is_mail or first.kind != MessageKind.INBOUND or not first.is_automatic:
        return 0
    told = any(entry.fact == Fact.ACKNOWLEDGED for entry in entries)
    return 0 if told or len(entries) >= HISTORY else first.pk


def _promises(ticket: Ticket, people: People, now: datetime) -> list[PromisePanel]:
    """Panels of the promises: what is still owed and then the newest first, one more than MOST_PROMISES at most."""
    clocks = list(
        Clock.objects.filter(ticket=ticket)
        .select_related(
            "policy_version__policy", "calendar", "contract__plan", "waived_by", "waiver_proposed_by"
        )
        .prefetch_related(
            Prefetch("events", ClockEvent.objects.with_messages().select_related("actor").order_by("pk")),
            Prefetch(
                "escalations", Escalation.objects.select_related("step", "from_owner", "to_owner", "by")
            ),
            Prefetch("acknowledgements", Acknowledgement.objects.select_related("user")),
        )
        .order_by(F("stopped_at").desc(nulls_first=True), "-started_at", "-pk")[: MOST_PROMISES + 1]
    )
    for clock in clocks:
        clock.ticket = ticket
    chains = Chains.of_clocks([clock for clock in clocks if clock.is_open])
    return [
        PromisePanel(
            clock,
            list(clock.events.all()),
            _chain(clock, chains.of_clock(clock), people) if clock.is_open else _fired(clock),
            holding_acknowledgement(clock, clock.acknowledgements.all(), now=now),
            _said_by(clock, now),
        )
        for clock in clocks
    ]


def _with_ways(promises: Sequence[PromisePanel], conversation: Conversation) -> list[PromisePanel]:
    served = served_ways_by_clock([promise.clock for promise in promises], conversation.messages)
    return [replace(promise, served=served.get(promise.clock.pk, ())) for promise in promises]


def _decidable(promise: PromisePanel, now: datetime) -> PromisePanel:
    return replace(promise, decisions=lead_options_of(promise.clock, promise.events, now=now))


def _chain(clock: Clock, steps: Sequence[EscalationStep], people: People) -> list[ChainStep]:
    """The steps that fired, the skipped ones in their place, and the steps ahead."""
    happened = sorted(clock.escalations.all(), key=lambda escalation: escalation.fired_at)
    progress = ChainProgress(
        clock, steps, [escalation for escalation in happened if escalation.step is not None]
    )
    ahead = {step.pk for _at, step in progress.steps_ahead}
    fired = {escalation.step_id for escalation in happened}
    held = {event.holder_id for event in clock.events.all()}
    passed = [step for step in steps if step.pk not in ahead | fired and step.percent != AT_THE_START]
    lines = [ChainStep(escalation.step, escalation.fired_at, escalation) for escalation in happened]
    lines += [ChainStep(step, step_time(clock, step), is_skipped=True) for step in passed if progress.fired]
    lines += [ChainStep(None, said.at, said=said) for said in clock.acknowledgements.all()]
    return [*sorted(lines, key=lambda line: line.at), *_to_come(progress, held, people)]


def _to_come(progress: ChainProgress, held: set[int], people: People) -> Iterator[ChainStep]:
    moment, coming = progress.next_step or (None, None)
    is_before = is_ahead = coming in [step for _at, step in progress.steps_ahead]
    is_paused = progress.clock.state == ClockState.PAUSED
    if moment is not None and coming is not None and not (is_ahead or is_paused):  # a repeat
        yield ChainStep(coming, moment, is_next=True, to=next_owner(progress.clock, coming, held, people))
    for at, step in progress.steps_ahead:
        if is_paused:
            yield ChainStep(step, at, waits=True)
        elif moment is not None and step == coming:
            is_before = False
            yield ChainStep(step, moment, is_next=True, to=next_owner(progress.clock, step, held, people))
        else:
            yield ChainStep(step, at, is_skipped=is_before)


def _said_by(clock: Clock, now: datetime) -> set[int]:
    """Users who need not acknowledge again: they acknowledged the last firing or, before any, are still covered."""
    last = max(clock.escalations.all(), key=lambda each: (each.fired_at, each.pk), default=None)
    mine = (
        each for each in clock.acknowledgements.all() if each.escalation_id == (last.pk if last else None)
    )
    return {each.user_id for each in mine if last is not None or each.until > now}


def _fired(clock: Clock) -> list[ChainStep]:
    """The escalations of a promise that ended; it has no steps ahead."""
    happened = sorted(clock.escalations.all(), key=lambda escalation: escalation.fired_at)
    return [ChainStep(escalation.step, escalation.fired_at, escalation) for escalation in happened]


def _history(entries: Sequence[TimelineEntry], names: Mapping[int, str]) -> list[HistoryLine]:
    """The history, newest first."""
    return [
        HistoryLine(entry.at, person(entry.actor), timeline_sentence(entry, names), _reason(entry))
        for entry in entries
    ]


def _reason(entry: TimelineEntry) -> str:
    return in_readers_words(entry.reason, by_person=entry.actor_id is not None)
