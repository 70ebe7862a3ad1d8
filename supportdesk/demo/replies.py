"""Answers a customer: by mail, by phone, or in the group in which they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from tickets.choices import Channel, Status
from tickets.message_content import NewFile
from tickets.models import Ticket
from tickets.services.conversation import log_contact, reply
from tickets.services.stored_files import stored

LOGGED_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class DemoReply:
    """One reply. On any `channel` but mail the author enters it afterwards; `reached` names the person spoken to."""

    body: str
    channel: Channel
    reached: str
    then: Status
    files: Sequence[NewFile] = ()


def send_reply(answer: DemoReply, ticket: Ticket, *, author: User, at: datetime) -> None:
    if answer.channel == Channel.EMAIL:
        with stored(answer.files, at=at) as files:
            reply(ticket=ticket, actor=author, at=at, body=answer.body, files=files, then=answer.then)
        return
    log_contact(
        ticket=ticket,
        actor=author,
        at=at,
        happened_at=max(at - LOGGED_AFTER, ticket.opened_at),
        channel=answer.channel,
        reached=answer.reached,
        body=answer.body,
        then=answer.then,
    )
