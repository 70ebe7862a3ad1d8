"""The desk's own addresses: which mailbox an address belongs to, and which addresses are ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.db.models import BigIntegerField, F, Func, Subquery

from customers.addresses import address_key
from tickets.mail.bounce_addresses import own_bounce_address
from tickets.models import Mailbox, Rule
from tickets.models.mailbox import SECRETS


@dataclass(frozen=True)
class Mailboxes:
    """Every mailbox of the desk, loaded in one query; there are few."""

    rows: Sequence[Mailbox]

    @classmethod
    def load(cls) -> Mailboxes:
        """Load them from the database, or from the enclosing `remember_mailboxes`."""
        remembered = _remembered.get()
        if remembered is not None:
            return remembered
        boxes = Mailbox.objects.annotate(rules_stamp=_rules_stamp()).defer(*SECRETS, "error")
        return cls(tuple(boxes.order_by("pk")))

    @property
    def rules_stamp(self) -> int:
        """Another number whenever an email rule was changed; it came with the mailboxes."""
        return next((box.rules_stamp or 0 for box in self.rows if hasattr(box, "rules_stamp")), 0)

    def find(self, address: str) -> Mailbox | None:
        """The mailbox of an address, regardless of case and of anything after a plus sign."""
        spellings = _spellings(address)
        return next((box for box in self.rows if address_key(box.address) in spellings), None)

    def by_id(self, pk: int | None) -> Mailbox | None:
        return next((box for box in self.rows if box.pk == pk), None)

    def is_own(self, address: str) -> bool:
        """True for our addresses, including mailboxes that are switched off, as mail to those would come back to us."""
        return self.find(address) is not None or bool(_own_without_row() & _spellings(address))

    @property
    def addresses(self) -> frozenset[str]:
        """All addresses of the desk, by their keys, without plus-parts."""
        return _own_without_row() | {address_key(box.address) for box in self.rows}

    def sender(self, pk: int | None) -> Mailbox:
        """The mailbox that a ticket's mail comes from; without a ticket, or if it is gone, that of DESK_ADDRESS."""
        return self.by_id(pk) or self.default

    @property
    def default(self) -> Mailbox:
        return self.find(_bare_address(settings.DESK_ADDRESS)) or default_mailbox()


def _rules_stamp() -> Subquery:
    """The sum of the stamps of all rules, so that the rules themselves are read only after a change."""
    total = Func(F("stamp"), function="SUM", output_field=BigIntegerField())
    return Subquery(Rule.objects.order_by().annotate(total=total).values("total"))


_remembered: ContextVar[Mailboxes | None] = ContextVar("mailboxes", default=None)


@contextmanager
def remember_mailboxes() -> Iterator[Mailboxes]:
    """Load the mailboxes once for all code inside, such as one mail and its acknowledgement."""
    token = _remembered.set(Mailboxes.load())
    try:
        yield Mailboxes.load()
    finally:
        _remembered.reset(token)


def mailbox_for(address: str) -> Mailbox | None:
    """The active mailbox for mail to this address; None if the address is not ours. DESK_ADDRESS always has one."""
    boxes = Mailboxes.load()
    mailbox = boxes.find(address) or (default_mailbox() if boxes.is_own(address) else None)
    return mailbox if mailbox is not None and mailbox.is_active else None


def default_mailbox() -> Mailbox:
    """The mailbox of DESK_ADDRESS, created if it is missing."""
    name, address = parseaddr(settings.DESK_ADDRESS)
    mailbox, _created = Mailbox.objects.get_or_create(
        address__iexact=address, defaults={"address": address, "name": name or settings.DESK_NAME}
    )
    return mailbox


def own_addresses() -> frozenset[str]:
    """All addresses of the desk, by their keys, without plus-parts."""
    return Mailboxes.load().addresses


def _own_without_row() -> frozenset[str]:
    """Addresses that are ours whether or not a mailbox has them: the desk's own, and that of envelopes."""
    own = (_bare_address(settings.DESK_ADDRESS), own_bounce_address())
    return frozenset(filter(None, map(address_key, own)))


@lru_cache(maxsize=8)
def _bare_address(address: str) -> str:
    return parseaddr(address)[1] or address


def _spellings(address: str) -> frozenset[str]:
    """The address as written, and without its plus-part."""
    local, at, domain = address_key(address.strip().strip("<>")).rpartition("@")
    return frozenset({f"{local}{at}{domain}", f"{local.partition('+')[0]}{at}{domain}"})
