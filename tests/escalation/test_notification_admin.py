"""The page of a notification: what whoever sees its ticket reads of it, and what not."""

import pytest

from escalation.models import Notification
from escalation.services.notices import Notice, NoticeKind
from escalation.services.notify import tell
from tests.adminpages import page_url
from tests.factories import ClockFactory, TicketFactory, staff
from tests.talk import dispatched, minute

pytestmark = pytest.mark.django_db


def test_the_digest_it_went_out_in_names_no_other_ticket(login):
    ann, boss = staff("ann", groups=["Account manager"]), staff("boss")
    for number in range(5):
        ticket = TicketFactory(
            priority=0 if number else 3, owner=boss if number else ann, subject=f"Secret {number}"
        )
        tell(boss, Notice(NoticeKind.REMINDER, ticket, ClockFactory(ticket=ticket)), at=minute(3))
    dispatched(3)
    row = Notification.objects.get(ticket__owner=ann)
    assert row.mail is not None
    assert "Secret" in row.mail.subject
    html = login(ann).get(page_url(row)).content.decode()
    assert row.mail.get_state_display() in html
    assert "Secret" not in html
