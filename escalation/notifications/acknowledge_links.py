"""The signed link in a notification, by which one person acknowledges one escalation without signing in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.db.models import Case, When
from django.urls import reverse

from escalation.models import Acknowledgement, Escalation
from tickets.access import may_see

VALID = timedelta(days=1)
READS = "tickets.view_ticket"
LOADED = ("clock__ticket__customer", "clock__ticket__owner")


def ack_link(*, user: User, escalation: Escalation) -> str:
    """The full URL. It works for a day, until somebody answers the step."""
    return settings.SITE_URL + reverse("ack", args=[_signer().sign(f"{user.pk}.{escalation.pk}")])


def _signer() -> Signer:
    return Signer(salt="escalation.acknowledge", sep=".")


@dataclass(frozen=True)
class Invitation:
    """The person a link was sent to and the escalation it asks them to take.

    ``escalation.clock.ticket`` has its customer and owner loaded.
    """

    user: User
    escalation: Escalation
    is_expired: bool = False

    @property
    def is_over(self) -> bool:
        """True if the promise was kept or ended meanwhile."""
        return not self.escalation.clock.is_open

    @cached_property
    def said(self) -> Acknowledgement | None:
        """The answer to the step, by this link or otherwise, which ends the link: the person's own, else anybody's."""
        answers = self.escalation.clock.acknowledgements.filter(at__gte=self.escalation.fired_at)
        is_own = Case(When(user=self.user, then=1), default=0)
        return answers.select_related("user").order_by(is_own.desc(), "-at", "-pk").first()

    @property
    def is_own_answer(self) -> bool:
        return self.said is not None and self.said.user_id == self.user.pk


def invitation(token: str, *, now: datetime) -> Invitation | None:
    """The invitation of a link; None if it is forged, or if its person left or may not see the ticket."""
    try:
        user_pk, escalation_pk = map(int, _signer().unsign(token).split("."))
    except (BadSignature, ValueError):
        return None
    user = (
        User.objects.select_related("staff_profile").filter(pk=user_pk, is_active=True, is_staff=True).first()
    )
    escalation = Escalation.objects.select_related(*LOADED).filter(pk=escalation_pk).first()
    if user is None or escalation is None or not user.has_perm(READS):
        return None
    if not may_see(user, escalation.clock.ticket):
        return None
    return Invitation(user, escalation, is_expired=escalation.fired_at <= now - VALID)
