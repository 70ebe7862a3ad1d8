"""The page of a notification: what whoever sees its ticket reads of it, and what not."""

import pytest

from escalation.choices import NoticeKind
from escalation.models import Notification
from escalation.notifications.channels import outcomes
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from tests.adminpages import listed, page_url
from tests.factories import ClockFactory, TicketFactory, staff
from tests.talk import dispatched, minute

pytestmark = pytest.mark.django_db


def test_a_notification_sent_in_a_digest_shows_no_other_ticket_of_it(login):
    ann, boss = staff("ann", groups=["Account manager"]), staff("boss")
    for number in range(5):
        ticket = TicketFactory(
            priority=1 if number else 3, owner=boss if number else ann, subject=f"Secret {number}"
        )
        tell(boss, Notice(NoticeKind.REMINDER, ticket, ClockFactory(ticket=ticket)), at=minute(3))
    dispatched(3)
    row = Notification.objects.get(ticket__owner=ann)
    assert row.mail is not None
    assert "Secret" in row.mail.subject
    html = login(ann).get(page_url(row)).content.decode()
    assert row.mail.get_state_display() in html
    assert "Secret" not in html


def test_a_notification_about_moved_tickets_is_visible_to_its_reader_only(login):
    ann, boss = (staff(name, groups=["Account manager"]) for name in ("ann", "boss"))
    ticket = TicketFactory(owner=ann)
    row = tell(boss, Notice(NoticeKind.BACK, ticket, detail="P0 SD#9 Secret"), at=minute(3))
    dispatched(3)
    row.refresh_from_db()
    assert row.mail is not None
    assert "Secret" in row.mail.text
    for is_visible, by in ((True, boss), (False, ann)):
        client = login(by)
        assert (row in listed(client, Notification)) is is_visible
        assert ("Secret" in client.get(page_url(row), follow=True).content.decode()) is is_visible
    assert "Secret" not in login(ann).get(page_url(row.mail), follow=True).content.decode()


def test_why_nothing_was_sent_is_read_in_the_readers_language(login, monkeypatch):
    monkeypatch.setattr("escalation.notifications.channels.outcomes.gettext", lambda text: f"译 {text}")
    ann = staff("ann", groups=["Account manager"])
    ticket = TicketFactory(owner=ann)
    row = tell(ann, Notice(NoticeKind.REMINDER, ticket), at=minute(3))
    for text in (outcomes.NO_NAME, "404 no such bot"):
        row.attempts.create(medium="chat", to="bot", at=minute(3), outcome="refused", answer=text)
    html = login(ann).get(page_url(row)).content.decode()
    assert f"译 {outcomes.NO_NAME}" in html
    assert "404 no such bot" in html
    assert "译 404" not in html
