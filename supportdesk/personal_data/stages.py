"""The stages of an erasure after the address book, in their order. Each takes one batch in the caller's transaction.

A batch says where it stopped (``after``), so that the next one goes on there. Done twice, it finds nothing the second
time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django_q.models import Task

from customers.models import Contact, Customer
from customers.search.column import rewrite_index
from customers.traces import Traces, spellings_in_json
from escalation.exports.redaction import redact_week, weeks_with_packs
from escalation.models import ClockEvent, Notification
from supportdesk.models import Erasure
from supportdesk.personal_data.belongings import APART, belonging_models, belongings_of, models_of_the_desk
from supportdesk.personal_data.columns import INDEXES, UNTOUCHED, searched_columns
from supportdesk.personal_data.removal import empty_raw, empty_rows, give_up, mark_rows
from supportdesk.personal_data.subjects import Subject
from tickets.models import (
    InboundEmail,
    MailMark,
    Message,
    MissingMail,
    OutboundEmail,
    Participant,
    Ticket,
    TimelineEntry,
)
from tickets.services.erasing import erase_with_repetitions
from tickets.services.locking import lock_mails_of, lock_ticket, lock_ticket_of
from tickets.words_digest import WORDS

AT_ONCE = 200
RAW_AT_ONCE = 500
IN_A_MESSAGE = (*WORDS, "sender_name", "reply_to", "sent_through", "failure", "void_reason")
# What came after the decision is a new matter.
# The texts about a ticket in which a person is named, besides its messages.
NAMED_IN: dict[type[Model], tuple[str, ...]] = {
    OutboundEmail: ("subject", "text", "html"),
    InboundEmail: ("subject", "reason", "error"),
    TimelineEntry: ("reason",),
    Notification: ("detail",),
    Participant: ("name",),
}
RECORDED: dict[type[Model], str] = {
    Message: "created_at",
    InboundEmail: "stored_at",
    OutboundEmail: "created_at",
    Contact: "created_at",
}


@dataclass(frozen=True)
class StageResult:
    counts: Counter[str] = field(default_factory=Counter)
    after: str = ""
    is_last: bool = False


OVER = StageResult(is_last=True)


def erase_tickets(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """The next of their tickets, with everything that belongs to it."""
    key = _next_key(subject.tickets, erasure)
    if key is None:
        return OVER
    lock_mails_of(key)
    lock_ticket(Ticket(pk=key))
    return StageResult(empty_rows(belongings_of({Ticket: {key}}), traces, erasure), str(key))


def erase_messages(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """The next message that they wrote in a ticket of others."""
    key = _next_key(subject.messages_elsewhere(traces).filter(created_at__lte=erasure.at), erasure)
    if key is None:
        return OVER
    counts = _erase_message(Message.objects.get(pk=key), traces, erasure)
    return StageResult(counts, str(key))


def erase_mails(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """Mail of theirs that belongs to no ticket, and what the comparison of mailboxes and marks keep of them."""
    mails = subject.mails_without_ticket(traces).filter(stored_at__lte=erasure.at)
    keys = list(_after(mails, erasure).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    if keys:
        return StageResult(empty_rows(belongings_of({InboundEmail: keys}), traces, erasure), str(keys[-1]))
    theirs = reduce(or_, (Q(sender__icontains=needle) for needle in _addresses(traces)), Q(pk=None))
    for rows in (MissingMail.objects.filter(theirs), MailMark.objects.filter(theirs)):
        rows.delete()
    _forget_tasks(traces.everywhere())
    return OVER


def _forget_tasks(traces: Traces) -> None:
    """The queue keeps what its last tasks were given and said, pickled: an error may name somebody."""
    for task in Task.objects.iterator(AT_ONCE):
        if traces.are_in(f"{task.args} {task.kwargs} {task.result}"):
            task.delete()


def mark_messages(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """The next message of others in which they stand: among tickets of their customer by name, elsewhere by address.

    One on which the ledger rests cannot be changed in part, as its digest is sealed: its words go as a whole.
    """
    key = _next_key(marked_messages(subject, traces).filter(created_at__lte=erasure.at), erasure)
    if key is None:
        return OVER
    message = Message.objects.select_related("ticket").get(pk=key)
    customer = subject.customer
    is_theirs = customer is not None and message.ticket.customer_id == customer
    meant = traces.among_their_own() if is_theirs else traces.without_names()
    if not any(meant.are_in(getattr(message, name)) for name in IN_A_MESSAGE):
        return StageResult(after=str(key))
    if ClockEvent.objects.filter(message=key).exists():
        return StageResult(_erase_message(message, traces, erasure), str(key))
    lock_ticket_of(message)
    return StageResult(Counter(marked=mark_rows({Message: [key]}, meant)), str(key))


def marked_messages(subject: Subject, traces: Traces) -> QuerySet[Message]:
    """Messages in which they seem to stand; the words decide."""
    wanted, customer = _with(traces.without_names(), IN_A_MESSAGE), subject.customer
    if customer is not None:
        wanted |= Q(ticket__customer=customer) & _with(traces.among_their_own(), IN_A_MESSAGE)
    return Message.objects.filter(wanted)


def _erase_message(message: Message, traces: Traces, erasure: Erasure) -> Counter[str]:
    """With what repeats its words; then what else is known of it."""
    if message.erased_at is None:
        erase_with_repetitions(message=message, actor=erasure.actor, at=erasure.at, reason=erasure.reason)
    else:
        lock_mails_of(message.ticket_id)
        lock_ticket_of(message)
    return Counter(message=1) + empty_rows(
        belongings_of({Message: {message.pk}}, without={Ticket}), traces, erasure
    )


def mark_elsewhere(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """Every other text of the desk, table by table: ``after`` is the table and the key at which to go on."""
    models = [model for model in models_of_the_desk() if model not in UNTOUCHED | INDEXES | {Message}]
    number, after = json.loads(erasure.after) if erasure.after else (0, None)
    if number >= len(models):
        return OVER
    model = models[number]
    meant = traces.without_names() if model in belonging_models() else traces.everywhere()
    rows = _rows_with(model, meant, erasure)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    changed = mark_rows({model: keys}, meant) if keys else 0
    place = [number, _plain(keys[-1])] if len(keys) == AT_ONCE else [number + 1, None]
    return StageResult(Counter(marked=changed) if changed else Counter(), json.dumps(place))


def mark_their_customer(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """The notes and terms of their customer, which know them by name, and the texts about tickets of the customer."""
    if subject.customer is None:
        return OVER
    own = traces.among_their_own()
    if not erasure.after:
        rows = belongings_of({Customer: {subject.customer}}, without=APART | {Contact})
        return StageResult(Counter(marked=mark_rows(rows, own)), "0")
    tickets = Ticket.objects.filter(customer=subject.customer).filter(_about(subject.customer, own))
    key = _next_key(tickets, erasure)
    if key is None:
        return OVER
    lock_mails_of(key)
    lock_ticket(Ticket(pk=key))
    rows = belongings_of({Ticket: {key}})
    others = {model: keys for model, keys in rows.items() if model not in {Message, *UNTOUCHED}}
    return StageResult(Counter(marked=mark_rows(others, own)), str(key))


def _about(customer: int, traces: Traces) -> Q:
    """Tickets whose subject, mails, notifications, participants or timeline name them."""
    named = _with(traces, ("subject",))
    for model, columns in NAMED_IN.items():
        rows: QuerySet[Any] = model._base_manager.filter(ticket__customer=customer)
        named |= Q(pk__in=rows.filter(_with(traces, columns)).order_by().values("ticket"))
    return named


def empty_raw_mails(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """The bytes of mails of others in which their addresses stand, as in a copy that went to them."""
    addresses = [needle.lower().encode() for needle in _addresses(traces)]
    rows = _after(InboundEmail.objects.filter(stored_at__lte=erasure.at), erasure).order_by("pk")
    found, last = [], ""
    for mail in rows.select_related("moved_bytes")[:RAW_AT_ONCE].iterator(10) if addresses else ():
        last, raw = str(mail.pk), mail.original.lower()
        if any(address in raw for address in addresses):
            found.append(mail.pk)
    if not last:
        return OVER
    return StageResult(Counter(rawmail=empty_raw(found)) if found else Counter(), last)


def redact_packs(subject: Subject, traces: Traces, erasure: Erasure) -> StageResult:
    """The next week whose pack was kept: a redacted revision takes the place of the sheets that name them."""
    week = next((week for week in weeks_with_packs() if week > erasure.after), None)
    if week is None:
        return OVER
    tickets = set(subject.tickets.order_by().values_list("pk", flat=True))
    report = redact_week(
        week,
        traces=traces,
        tickets=tickets,
        mark=subject.mark,
        number=erasure.pk,
        at=erasure.at,
        actor=erasure.actor,
    )
    give_up(report.removed, erasure.at)
    return StageResult(Counter(pack=1) if report.removed else Counter(), week)


def rewrite_indexes(_subject: Subject, _traces: Traces, _erasure: Erasure) -> StageResult:
    for model in INDEXES:
        rewrite_index(model)
    return OVER


def count_in_ledger(_subject: Subject, traces: Traces, _erasure: Erasure) -> StageResult:
    """Lines of the ledger in which somebody named them as a reason stay: they are sealed. They are counted."""
    found = ClockEvent.objects.filter(_with(traces.everywhere(), ("cause",))).order_by()
    kept = sum(traces.are_in(cause) for cause in found.values_list("cause", flat=True).iterator(AT_ONCE))
    return StageResult(Counter(kept_in_ledger=kept) if kept else Counter(), is_last=True)


STAGES: dict[str, Callable[[Subject, Traces, Erasure], StageResult]] = {
    "tickets": erase_tickets,
    "messages": erase_messages,
    "mails": erase_mails,
    "mentions": mark_messages,
    "customer": mark_their_customer,
    "elsewhere": mark_elsewhere,
    "raw": empty_raw_mails,
    "packs": redact_packs,
    "indexes": rewrite_indexes,
    "ledger": count_in_ledger,
}


def _next_key(rows: QuerySet[Any], erasure: Erasure) -> int | None:
    key: int | None = _after(rows, erasure).order_by("pk").values_list("pk", flat=True).first()
    return key


def _after(rows: QuerySet[Any], erasure: Erasure) -> QuerySet[Any]:
    return rows.filter(pk__gt=int(erasure.after)) if erasure.after else rows


def _addresses(traces: Traces) -> list[str]:
    return [*traces.addresses, *(f"@{domain}" for domain in traces.domains)]


def _with(traces: Traces, columns: Iterable[str]) -> Q:
    """Rows of which one of the columns has a trace, or seems to."""
    conditions = (Q(**{f"{name}__icontains": needle}) for name in columns for needle in traces.needles)
    return reduce(or_, conditions, Q(pk=None))


def _rows_with(model: type[Model], traces: Traces, erasure: Erasure) -> QuerySet[Any]:
    rows: QuerySet[Any] = model._base_manager.all()
    wanted = Q(pk=None)
    for column in searched_columns(model):
        if isinstance(column, JSONField):
            name = f"{column.name}_as_text"
            rows = rows.annotate(**{name: Cast(column.name, TextField())})
            for needle in traces.needles:
                for spelling in spellings_in_json(needle):
                    wanted |= Q(**{f"{name}__icontains": spelling})
        else:
            wanted |= _with(traces, (column.name,))
    if model in RECORDED:
        rows = rows.filter(**{f"{RECORDED[model]}__lte": erasure.at})
    return rows.filter(wanted)


def _plain(key: Any) -> Any:
    return key if isinstance(key, int | str) else str(key)
