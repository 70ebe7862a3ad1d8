"""Who takes part in a ticket beside its contact: whom the customer copied, and whom a colleague accepted."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from customers.addresses import address_key
from tickets.mail.machine_signs import takes_no_answers
from tickets.mail.storable_text import storable_line
from tickets.mail.values import Address
from tickets.models import Participant, Ticket

LONGEST_ADDRESS = 254
MOST_PARTICIPANTS = 20  # of one ticket; a mail to a whole company adds no more


def may_take_part(address: str) -> bool:
    """True if answers can go to the address, as a copy that the mail server refuses would stop the whole answer.

    Many servers take no address with other than ASCII before its @.
    """
    try:
        validate_email(address)
    except ValidationError:
        return False
    is_ascii = address.rpartition("@")[0].isascii()
    return is_ascii and len(address) <= LONGEST_ADDRESS and not takes_no_answers(address)


def add_participants(
    ticket: Ticket, people: Sequence[Address], *, at: datetime, most: int = MOST_PARTICIPANTS
) -> None:
    """Let those of these people who may take part do so, until the ticket has ``most``. Needs the ticket's lock."""
    willing = [person for person in people if may_take_part(person.email)]
    if not willing:
        return
    there = {address_key(address) for address in ticket.participants.values_list("address", flat=True)}
    new = {person.key: person for person in willing if person.key not in there}
    Participant.objects.bulk_create(
        [
            Participant(ticket=ticket, name=_shown_name(person.name), address=person.email, added_at=at)
            for person in list(new.values())[: max(most - len(there), 0)]
        ]
    )


def _shown_name(name: str) -> str:
    """None that looks like an address, which may impersonate somebody."""
    return "" if "@" in name else storable_line(name)[:200]


def move_participants(source: Ticket, target: Ticket, *, at: datetime) -> int:
    """Let the requester and participants of a merged ticket take part in the one that goes on. Needs both locks.

    Nobody is left out, however many they are: a person merges, and MOST_PARTICIPANTS is about what a mail may add.
    Returns how many take part now.
    """
    requester = source.contact
    if requester is not None and requester.pk != target.contact_id:
        most = source.participants.count() + 1
        add_participants(source, [Address(requester.name, requester.email)], at=at, most=most)
    there = {address_key(address) for address in target.participants.values_list("address", flat=True)}
    moving = [row for row in source.participants.all() if address_key(row.address) not in there]
    Participant.objects.filter(pk__in=[row.pk for row in moving]).update(ticket=target)
    return len(there) + len(moving)
