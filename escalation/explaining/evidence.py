"""What a message proves: who said it, when and how, and whether it arrived."""

from customers.names import name_of
from escalation.explaining.facts import Evidence, Mail
from tickets.models import InboundEmail, Message, OutboundEmail


def evidence_of(message: Message | None) -> Evidence | None:
    """Needs author, contact, voided_by and the mails of the message loaded."""
    if message is None:
        return None
    inbound: InboundEmail | None = getattr(message, "inbound", None)
    return Evidence(
        message=message.pk,
        kind=message.kind,
        channel=message.channel,
        at=message.at,
        recorded_at=message.created_at,
        is_backdated=message.is_backdated,
        author=name_of(message.author) if message.author else "",
        sender=_sender(message),
        reached=message.reached,
        via=inbound.via if inbound else "",
        mailbox=inbound.mailbox.address if inbound else "",
        message_id=message.rfc_message_id,
        mail=_mail(getattr(message, "outbound", None)),
        failed_at=message.failed_at,
        failure=message.failure,
        voided_at=message.voided_at,
        voided_by=name_of(message.voided_by) if message.voided_by else "",
        void_reason=message.void_reason,
    )


def _sender(message: Message) -> str:
    """`Li Wei <li@company.example>`, as far as either is known."""
    name = message.sender_name or (message.contact.name if message.contact else "")
    if name and message.sender_address:
        return f"{name} <{message.sender_address}>"
    return name or message.sender_address


def _mail(mail: OutboundEmail | None) -> Mail | None:
    if mail is None:
        return None
    return Mail(mail.state, (*mail.recipients, *mail.copies), mail.accepted_at, mail.answer)
