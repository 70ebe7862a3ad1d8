"""Empties mails whose words were erased. The fingerprint stays: the same mail, fetched again, is no new one."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from tickets.models import InboundEmail, Message, RawMail


def erase_mails(mails: Collection[int]) -> None:
    """Empty these mails (their keys): the bytes, and what was read from them."""
    InboundEmail.objects.filter(pk__in=mails).update(
        raw=b"",
        sender="",
        subject="",
        envelope_from="",
        envelope_to=[],
        error="",
        authentication="",
        signs=[],
    )
    RawMail.objects.filter(mail__in=mails).delete()  # afterwards: whoever moves the bytes has the rows locked


def mails_of(message: Message) -> list[int]:
    """The keys of the mail that became the message, and of its copies that became none."""
    mine = Q(message=message)
    for mail in InboundEmail.objects.filter(message=message).only("fingerprint", "rfc_message_id"):
        mine |= Q(message=None, fingerprint=mail.fingerprint, rfc_message_id=mail.rfc_message_id)
    return list(InboundEmail.objects.filter(mine).values_list("pk", flat=True))


def erased_message_of(mail: InboundEmail) -> Message | None:
    """The erased message that this mail, or another copy of it, became. One query, over erased messages only."""
    erased = Message.objects.exclude(erased_at=None).filter(inbound__fingerprint=mail.fingerprint)
    return erased.select_related("erased_by").first()


def is_erased(mail: InboundEmail) -> bool:
    """True if nothing is left of a mail because its words were erased. No query for any other."""
    return not (mail.sender or mail.subject) and erased_message_of(mail) is not None
