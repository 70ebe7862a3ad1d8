"""Who has a ticket's page open, and who is writing there: what the page says of itself every few seconds."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User

from tickets.models import Presence, Ticket

# A page speaks every 2.5 seconds; after three in vain it is closed, hidden or offline.
GONE_AFTER = timedelta(seconds=10)
# What is younger is not written again, so that most of what pages say is only read.
WRITTEN_EVERY = timedelta(seconds=4)


def note_presence(*, ticket: Ticket, actor: User, at: datetime, is_writing: bool) -> list[Presence]:
    """Note that the person has the page open; the others who have it open, who writes first. Locks nothing.

    One query, and an UPSERT every few seconds.
    """
    about = (at - GONE_AFTER, at + GONE_AFTER)  # what is later was written while a clock was wrong
    rows = list(ticket.presences.filter(seen_at__range=about).select_related("user").order_by("pk"))
    own = next((row for row in rows if row.user_id == actor.pk), None)
    if own is None or _is_old(own.seen_at, at) or (is_writing and _is_old(own.writing_at, at)):
        _write(ticket, actor, at=at, is_writing=is_writing)
    others = [row for row in rows if row.user_id != actor.pk]
    return sorted(others, key=lambda row: not writes(row, at))


def writes(presence: Presence, at: datetime) -> bool:
    return presence.writing_at is not None and abs(at - presence.writing_at) <= GONE_AFTER


def end_presence(*, ticket: Ticket, actor: User) -> None:
    """The person has left the page."""
    ticket.presences.filter(user=actor).delete()


def forget_presences(*, at: datetime) -> int:
    """Delete the rows of pages that are closed."""
    return Presence.objects.exclude(seen_at__range=(at - GONE_AFTER, at + GONE_AFTER)).delete()[0]


def _is_old(moment: datetime | None, at: datetime) -> bool:
    return moment is None or abs(at - moment) >= WRITTEN_EVERY


def _write(ticket: Ticket, actor: User, *, at: datetime, is_writing: bool) -> None:
    """Two windows of one person share the row: what one writes, the other does not take back."""
    row = Presence(ticket=ticket, user=actor, seen_at=at, writing_at=at if is_writing else None)
    changed = ["seen_at", "writing_at"] if is_writing else ["seen_at"]
    Presence.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["ticket", "user"], update_fields=changed
    )
