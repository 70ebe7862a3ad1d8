"""The link by which whoever is paged takes it: in which notifications it stands, and whom it invites."""

import re
from urllib.parse import urlsplit

import pytest

from escalation.choices import NoticeKind
from escalation.enforcement.acknowledge import escalate_now
from escalation.enforcement.sweep import sweep
from escalation.models import Escalation, Notification
from escalation.notifications.acknowledge_links import invitation
from escalation.notifications.rendering import reader_for, render
from tests.factories import ContactFactory, CustomerFactory, DutyRotaFactory, set_desk, staff
from tests.talk import minute, opened

pytestmark = pytest.mark.django_db
GROUP = ["Account manager"]


@pytest.fixture
def ann():
    boss = staff("boss", groups=GROUP, reports_to=staff("top", groups=GROUP))
    set_desk(duty_manager=staff("dora", groups=GROUP))
    return staff("ann", groups=GROUP, reports_to=boss)


@pytest.fixture
def ticket(ann):
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))


def text(*rows: Notification) -> str:
    return render(rows, reader_for(rows[0].recipient, at=minute(31)), at=minute(31)).text


def invited(words: str) -> list[tuple[str, int]]:
    """Whom the links in a text invite, and to which firing."""
    tokens = [urlsplit(link).path.split("/")[2] for link in re.findall(r"Acknowledge: (\S+)", words)]
    invitations = [invitation(token, now=minute(31)) for token in tokens]
    return [(invited_person.user.username, invited_person.escalation.pk) for invited_person in invitations]


def notification_to(kind: NoticeKind, who: str) -> Notification:
    return Notification.objects.filter(kind=kind, recipient__username=who).latest("pk")


def test_everybody_who_is_paged_gets_a_link_of_their_own(ticket):
    for at in (15, 30):
        sweep(now=minute(at))
    for kind, who in (
        (NoticeKind.PAGED, "ann"),
        (NoticeKind.REMINDER, "ann"),
        (NoticeKind.ESCALATED_TO_YOU, "boss"),
    ):
        row = notification_to(kind, who)
        assert invited(text(row)) == [(who, row.escalation_id)]


def test_a_notice_that_only_informs_has_no_acknowledgement_link(ticket):
    sweep(now=minute(30))
    assert invited(text(notification_to(NoticeKind.ESCALATED_FROM_YOU, "ann"))) == []


def test_a_group_chat_gets_no_link(ticket):
    sweep(now=minute(30))
    row = notification_to(NoticeKind.ESCALATED_TO_YOU, "boss")
    row.recipient, row.rota = None, DutyRotaFactory()
    row.save()
    words = render([row], reader_for(row.rota, at=minute(31)), at=minute(31))
    assert "/ack/" not in words.text + words.short


def test_a_digest_has_a_link_for_each_ticket(ticket, ann):
    opened(contact=ticket.contact)
    sweep(now=minute(30))
    rows = list(Notification.objects.filter(kind=NoticeKind.ESCALATED_TO_YOU).order_by("pk"))
    assert {who for who, _firing in invited(text(*rows))} == {"boss"}
    firings = set(Escalation.objects.filter(step__percent=100).values_list("pk", flat=True))
    assert {firing for _who, firing in invited(text(*rows))} == firings
    assert len(firings) == 2


def test_a_notification_of_an_escalation_by_hand_says_who_and_why(ticket, ann):
    escalate_now(ticket=ticket, actor=ann, at=minute(5), reason="Their CEO called.")
    words = text(notification_to(NoticeKind.ESCALATED_TO_YOU, "boss"))
    assert f"{ann.first_name} escalated {ticket.number} manually. It is yours now" in words
    assert f"Reason given by {ann.first_name}: Their CEO called." in words
    assert "was not answered in time" not in words
