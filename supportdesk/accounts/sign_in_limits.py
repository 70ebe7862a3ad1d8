"""How often somebody may try: counted in the database, so that all processes and hosts count together.

A try is counted before it is made and given back if it was right, so that many at once are no way around. What is
refused is not counted, so nobody can keep a limit shut for ever. Reasons: .github/decisions/accounts.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from supportdesk.accounts.client_address import network_of
from supportdesk.models import SignInTries

LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Limit:
    """So many failed tries within a time that begins with the first of them."""

    of: str
    most: int
    within: timedelta

    @property
    def key(self) -> str:
        """What is typed as a name may be a password, so it is not kept."""
        return salted_hmac("supportdesk.accounts.tries", self.of).hexdigest()


@dataclass(frozen=True)
class Refusal:
    """``wait`` is how long until the next try counts; ``is_first`` says that nobody was refused in this time yet."""

    wait: timedelta
    is_first: bool


def limits_for(name: str, *, address: str, device: str) -> list[Limit]:
    """Those of one try. ``device`` is that of a browser which has signed in with this name before, else empty.

    Such a browser is counted by itself, so that strangers can shut nobody out of their own.
    """
    name = name.strip().lower()
    if device:
        return [Limit(f"device {device} {name}", 10, timedelta(minutes=15))]
    network = network_of(address)
    return [
        Limit(f"pair {network} {name}", 6, timedelta(minutes=5)),
        Limit(f"address {network}", 50, timedelta(minutes=10)),
        Limit(f"name {name}", 20, timedelta(minutes=15)),
    ]


@transaction.atomic
def take_try(limits: Iterable[Limit], *, at: datetime) -> Refusal | None:
    """Count a try by each limit; if one of them is used up, count none and say for how long."""
    rows = [(limit, _row_of(limit, at)) for limit in sorted(limits, key=lambda each: each.key)]
    used_up = [(limit, row) for limit, row in rows if row.number >= limit.most]
    for _limit, row in used_up or rows:
        field = "refused" if used_up else "number"
        setattr(row, field, getattr(row, field) + 1)
        row.save(update_fields=["number", "refused", "since"])
    if not used_up:
        return None
    wait = max(row.since + limit.within - at for limit, row in used_up)
    return Refusal(wait, all(row.refused == 1 for _limit, row in used_up))


def give_back_try(limits: Iterable[Limit]) -> None:
    keys = [limit.key for limit in limits]
    SignInTries.objects.filter(key__in=keys, number__gt=0).update(number=F("number") - 1)


def forget_tries(*, at: datetime) -> int:
    """Delete counts that no limit needs any more."""
    deleted, _by_model = SignInTries.objects.filter(since__lt=at - LONGEST).delete()
    return deleted


def forget_tries_of(limits: Sequence[Limit]) -> None:
    """Somebody has proven who they are by other means."""
    SignInTries.objects.filter(key__in=[limit.key for limit in limits]).delete()


def _row_of(limit: Limit, at: datetime) -> SignInTries:
    """The row, locked; counted anew if its time is over."""
    SignInTries.objects.get_or_create(key=limit.key, defaults={"since": at})
    row = SignInTries.objects.select_for_update().get(key=limit.key)
    if at >= row.since + limit.within:
        row.since, row.number, row.refused = at, 0, 0
    return row
