"""The state that all conversations of the demo share: the agenda, the people, the mailboxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth.models import User

from customers.choices import Language
from customers.models import Absence
from escalation.models import DutyRota
from supportdesk.demo.agenda import Agenda
from supportdesk.demo.companies import Company
from tickets.choices import Priority
from tickets.models import Mailbox
from tickets.services.mailboxes import default_mailbox


@dataclass(frozen=True)
class World:
    """Messages of customers arrive as raw mail from `raw_since` on; earlier ones are created through the services."""

    agenda: Agenda
    users: Mapping[str, User]
    companies: Mapping[str, Company]
    boxes: Mapping[int, Mailbox]
    rota: DutyRota
    since: datetime
    raw_since: datetime
    now: datetime
    absences: Sequence[Absence]

    def present(self, user: User, at: datetime) -> User:
        """The person or, while they are away, their deputy."""
        absences = (absence for absence in self.absences if absence.user_id == user.pk)
        if not any(absence.starts_at <= at < absence.ends_at for absence in absences):
            return user
        deputy = next(
            colleague for colleague in self.users.values() if colleague.pk == user.staff_profile.deputy_id
        )
        return self.present(deputy, at)


def create_mailboxes() -> dict[int, Mailbox]:
    """Create the desk's own mailbox, one for urgent matters and one for questions, by the priority each stands for."""
    usual = default_mailbox()
    domain = parseaddr(settings.DESK_ADDRESS)[1].rpartition("@")[2]
    urgent = _mailbox("Urgent support", f"urgent@{domain}", Priority.P1)
    questions = _mailbox("Questions 咨询", f"questions@{domain}", Priority.P3)
    return {Priority.P0: urgent, Priority.P1: urgent, Priority.P2: usual, Priority.P3: questions}


def _mailbox(name: str, address: str, priority: Priority) -> Mailbox:
    return Mailbox.objects.create(
        name=name, address=address, default_priority=priority, language=Language.ENGLISH
    )
