"""Who hears of a proposed waiver: those who may confirm it, and then whoever proposed it."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef, Q

from customers.access import people_who_work_here, sees_all, works_here
from escalation.choices import NoticeKind
from escalation.clocks.ledger import ChangeContext
from escalation.models import Clock
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tickets.access import may_see

PERMISSION = "waive_clock"


def tell_who_may_confirm(clock: Clock, context: ChangeContext) -> None:
    """Tell the other leads who see the ticket; if there is none, the directors. Once, as a proposal stands but once."""
    notice = Notice(NoticeKind.WAIVER_PROPOSED, clock.ticket, clock, context.actor, context.cause)
    for person in _who_may_confirm(clock, proposer=context.actor):
        tell(person, notice, at=context.at)


def tell_the_proposer(
    clock: Clock, proposer: User | None, outcome: NoticeKind, *, by: User, at: datetime
) -> None:
    """Tell them who confirmed or refused; nobody is told of what they did themselves."""
    if proposer is not None and proposer != by and works_here(proposer):
        tell(proposer, Notice(outcome, clock.ticket, clock, by), at=at)


def _who_may_confirm(clock: Clock, *, proposer: User | None) -> Iterable[User]:
    """Two queries for each person who may waive at all: they are few, and a proposal is rare."""
    in_groups = Group.permissions.through.objects.filter(permission__codename=PERMISSION).values("group")
    of_their_groups = User.groups.through.objects.filter(user=OuterRef("pk"), group__in=in_groups)
    own = User.user_permissions.through.objects.filter(user=OuterRef("pk"), permission__codename=PERMISSION)
    may_waive = Q(is_superuser=True) | Q(Exists(of_their_groups)) | Q(Exists(own))
    people = people_who_work_here().filter(may_waive).order_by("pk")
    others = [person for person in people if person != proposer]
    leads = [person for person in others if not sees_all(person) and may_see(person, clock.ticket)]
    return leads or [person for person in others if sees_all(person)]
