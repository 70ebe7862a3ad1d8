"""Moves the bytes of mails into a table of their own, so that lists and counts need not read past them.

Only of mails that were brought to their ticket a day ago: intake writes a mail once, and code of an earlier release
still finds what it may work on in the row itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import accumulate, takewhile

from django.db import transaction

from tickets.choices import IntakeState
from tickets.models import InboundEmail, RawMail

SETTLED = timedelta(days=1)
MOST_TOGETHER = 100
BYTES_TOGETHER = 20_000_000


def move_raw_mails(*, now: datetime, may_go_on: Callable[[], bool]) -> int:
    """Move what has settled, oldest first, for as long as ``may_go_on``. Returns how many. May run twice at once."""
    moved = 0
    while may_go_on() and (keys := _next(now)):
        done = _move(keys)
        if not done:  # another worker has them
            break
        moved += done
    return moved


def _next(now: datetime) -> list[int]:
    settled = InboundEmail.objects.filter(
        is_moved=False, state=IntakeState.PROCESSED, stored_at__lte=now - SETTLED
    )
    oldest = list(settled.order_by("stored_at").values_list("pk", "size")[:MOST_TOGETHER])
    sizes = accumulate(size for _key, size in oldest)
    number = max(1, sum(1 for _size in takewhile(lambda size: size <= BYTES_TOGETHER, sizes)))
    return [key for key, _size in oldest[:number]]


@transaction.atomic
def _move(keys: list[int]) -> int:
    rows = InboundEmail.objects.select_for_update(skip_locked=True).filter(pk__in=keys, is_moved=False)
    mails = list(rows.only("raw").order_by("pk"))
    RawMail.objects.bulk_create(RawMail.of(mail) for mail in mails if mail.raw)
    InboundEmail.objects.filter(pk__in=[mail.pk for mail in mails]).update(raw=b"", is_moved=True)
    return len(mails)
