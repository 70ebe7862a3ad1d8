"""What an erasure would take, counted before anybody decides."""

from dataclasses import dataclass

from customers.traces import Traces
from supportdesk.models import Erasure
from supportdesk.personal_data.stages import marked_messages
from supportdesk.personal_data.subjects import Subject, traces_of
from tickets.models import Attachment, InboundEmail, Message, OutboundEmail


@dataclass(frozen=True)
class ErasurePreview:
    """``elsewhere`` are messages that they wrote in tickets of others, ``mentions`` those of others that name them."""

    contacts: int
    tickets: int
    open_tickets: int
    messages: int
    files: int
    mails: int
    elsewhere: int
    mentions: int
    is_under_way: bool


def preview_erasure(subject: Subject) -> ErasurePreview:
    traces: Traces = traces_of(subject)
    tickets = subject.tickets.order_by().values("pk")
    held = subject.mails_without_ticket(traces).count()
    return ErasurePreview(
        contacts=subject.contacts.count(),
        tickets=subject.tickets.count(),
        open_tickets=subject.tickets.active().count(),
        messages=Message.objects.filter(ticket__in=tickets).count(),
        files=Attachment.objects.filter(message__ticket__in=tickets).count(),
        mails=InboundEmail.objects.filter(ticket__in=tickets).count()
        + OutboundEmail.objects.filter(ticket__in=tickets).count()
        + held,
        elsewhere=subject.messages_elsewhere(traces).count(),
        mentions=marked_messages(subject, traces).exclude(ticket__in=tickets).count(),
        is_under_way=Erasure.objects.filter(kind=subject.kind, number=subject.number, done_at=None).exists(),
    )
