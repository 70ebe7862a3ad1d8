"""The link of a notification: a page that asks, and a POST that acknowledges as the person it was sent to."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.signing import Signer
from django.test import Client

from escalation.choices import AcknowledgedBy
from escalation.enforcement.acknowledge import acknowledge
from escalation.enforcement.sweep import sweep
from escalation.models import Acknowledgement, ClockEvent, Escalation
from escalation.notifications.acknowledge_links import VALID, ack_link, invitation
from tests.factories import (
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    OutboundEmailFactory,
    set_desk,
    staff,
)
from tests.pageheaders import without_nonce
from tests.talk import answered, clock_of, minute, opened
from tickets.models import Ticket, TimelineEntry

pytestmark = pytest.mark.django_db
GROUP = ["Account manager"]


@pytest.fixture(autouse=True)
def _at_minute_31(time_machine):
    time_machine.move_to(minute(31), tick=False)


@pytest.fixture
def boss():
    return staff("boss", groups=GROUP, reports_to=staff("top", groups=GROUP), time_zone="UTC")


@pytest.fixture
def ticket(boss) -> Ticket:
    """A P0 that went from Ann to Boss at minute 30."""
    ann = staff("ann", groups=GROUP, reports_to=boss)
    set_desk(duty_manager=None)
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(name="Aurora Live", account_manager=ann)))
    sweep(now=minute(30))
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def link(ticket, boss) -> str:
    return path_of(ack_link(user=boss, escalation=firing()))


def firing() -> Escalation:
    return Escalation.objects.get(step__percent=100)


def path_of(address: str) -> str:
    assert address.startswith(settings.SITE_URL + "/")
    return urlsplit(address).path


def state() -> tuple[int, ...]:
    """Everything that an acknowledgement would add to."""
    return tuple(model.objects.count() for model in (Acknowledgement, ClockEvent, TimelineEntry))


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_scanner_that_follows_the_link_changes_nothing(client, link, method):
    before = state()
    response = getattr(client, method)(link)
    assert (response.status_code, state()) == (200, before)
    assert Acknowledgement.objects.count() == 0
    assert not response.cookies


def test_the_link_page_shows_the_ticket_and_the_person_asked(client, link, ticket):
    page = client.get(link).content.decode()
    for piece in (ticket.number, "Aurora Live", "P0 Urgent", "First response", "12:30", "overdue", "User"):
        assert piece in page
    for piece in (ticket.subject, "The live room is black."):
        assert piece not in page


def test_the_link_page_is_not_cached_and_leaks_no_referrer(client, link):
    headers = client.get(link).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert "noindex" in headers["X-Robots-Tag"]


def test_a_post_acknowledges_as_the_person_of_the_link(client, link, ticket, boss):
    page = client.post(link, {"act": "acknowledge"}).content.decode()
    acknowledgement = Acknowledgement.objects.get()
    assert (acknowledgement.user, acknowledgement.by, acknowledgement.at, acknowledgement.until) == (
        boss,
        AcknowledgedBy.LINK,
        minute(31),
        minute(46),
    )
    assert acknowledgement.escalation == firing()
    assert "Acknowledged, and you own the ticket" in page
    assert "12:46" in page


def test_the_acknowledge_link_needs_no_cookie_and_no_origin(link):
    strict = Client(enforce_csrf_checks=True, headers={"origin": "null"})
    assert strict.post(link, {"act": "acknowledge"}).status_code == 200
    assert Acknowledgement.objects.count() == 1


def test_a_second_post_says_it_is_acknowledged_already(client, link, time_machine):
    client.post(link, {"act": "acknowledge"})
    before = state()
    time_machine.move_to(minute(40), tick=False)
    page = client.post(link, {"act": "acknowledge"}).content.decode()
    assert "Acknowledged at" in page
    assert "12:31" in page
    assert state() == before
    assert "<form" not in client.get(link).content.decode()


def test_a_link_whose_firing_was_acknowledged_elsewhere_is_used_up(client, ticket):
    ann = ticket.customer.account_manager
    acknowledge(ticket=ticket, actor=ann, at=minute(31), by=AcknowledgedBy.PAGE)
    before = state()
    client.post(path_of(ack_link(user=ann, escalation=firing())), {"act": "take_over"})
    ticket.refresh_from_db()
    assert (state(), ticket.owner.username) == (before, "boss")


def test_a_used_link_does_not_acknowledge_the_next_firing(client, link, time_machine):
    client.post(link, {"act": "acknowledge"})
    sweep(now=minute(46))
    assert Escalation.objects.filter(step__percent=150).exists()
    time_machine.move_to(minute(47), tick=False)
    client.post(link, {"act": "acknowledge"})
    assert Acknowledgement.objects.count() == 1


def test_the_link_leads_to_the_ticket_to_take_over_what_somebody_else_holds(client, ticket):
    ann = ticket.customer.account_manager
    page = client.get(path_of(ack_link(user=ann, escalation=firing()))).content.decode()
    assert "Sign in to take over" in page
    assert f'href="/tickets/ticket/{ticket.pk}/change/"' in page


def test_taking_over_by_the_link_asks_for_sign_in_and_changes_nothing(client, ticket):
    ann = ticket.customer.account_manager
    before = state()
    response = client.post(path_of(ack_link(user=ann, escalation=firing())), {"act": "take_over"})
    assert (response.status_code, response.url) == (303, f"/tickets/ticket/{ticket.pk}/change/")
    assert client.get(response.url).url.startswith("/login/?next=")
    owner = ticket.owner
    ticket.refresh_from_db()
    assert (state(), ticket.owner) == (before, owner)


def test_taking_over_ones_own_ticket_is_not_offered(client, link):
    assert "to take over" not in client.get(link).content.decode()


def test_after_the_answer_the_link_page_offers_nothing(client, link, ticket, boss):
    answered(ticket, 31, actor=boss)
    before = state()
    for page in (client.get(link), client.post(link, {"act": "acknowledge"})):
        assert "has been answered" in page.content.decode()
        assert "<form" not in page.content.decode()
    assert state() == before


def test_the_acknowledge_link_is_valid_for_a_day(client, link, time_machine, ticket):
    time_machine.move_to(minute(30) + timedelta(days=1, seconds=-1), tick=False)
    assert "<form" in client.get(link).content.decode()
    time_machine.move_to(minute(30) + timedelta(days=1), tick=False)
    before = state()
    for response in (client.get(link), client.post(link, {"act": "acknowledge"})):
        page = response.content.decode()
        assert response.status_code == 410
        assert "This link has expired" in page
        assert "works for one day" in page
        assert "<form" not in page
        assert "Aurora Live" not in page
        assert f"/tickets/ticket/{ticket.pk}/change/" in page
    assert state() == before


def test_an_expired_link_says_so_in_the_language_of_its_person(client, link, boss, time_machine):
    boss.staff_profile.language = "zh-hans"
    boss.staff_profile.save()
    time_machine.move_to(minute(30) + VALID, tick=False)
    page = client.get(link).content.decode()
    assert "链接已过期" in page
    assert "expired" not in page


def forged(link: str, user: int, escalation: int) -> list[str]:
    token = link.strip("/").removeprefix("ack/")
    signed = f"{user}.{escalation}"
    return [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token.replace(str(user), str(user + 1), 1),
        signed,
        f"{signed}.",
        Signer(salt="another.purpose", sep=".").sign(signed),
        Signer(salt="escalation.acknowledge", sep=".").sign("boss"),
        Signer(salt="escalation.acknowledge", sep=".").sign(f"{user}.{escalation}.1"),
        Signer(salt="escalation.acknowledge", sep=".").sign(f"{user}.99999999"),
        Signer(salt="escalation.acknowledge", sep=".").sign(f"99999999.{escalation}"),
        "x",
    ]


def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(client, link, ticket, boss):
    before = state()
    pages = set()
    for token in forged(link, boss.pk, firing().pk):
        for response in (client.get(f"/ack/{token}/"), client.post(f"/ack/{token}/", {"act": "acknowledge"})):
            assert response.status_code == 404
            assert response.headers["Referrer-Policy"] == "no-referrer"
            pages.add(without_nonce(response.content))
    assert len(pages) == 1
    assert ticket.number not in pages.pop().decode()
    assert state() == before


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_a_user_who_has_left_is_refused(client, link, boss, field):
    setattr(boss, field, False)
    boss.save()
    assert client.post(link, {"act": "acknowledge"}).status_code == 404
    assert Acknowledgement.objects.count() == 0


def test_a_user_who_may_not_see_the_ticket_is_refused(client, ticket):
    eve = staff("eve", groups=GROUP)
    page = path_of(ack_link(user=eve, escalation=firing()))
    assert client.get(page).status_code == client.post(page, {"act": "acknowledge"}).status_code == 404
    assert Acknowledgement.objects.count() == 0


def test_a_user_without_any_right_to_tickets_is_refused(client, link, boss):
    boss.groups.clear()
    assert client.get(link).status_code == 404


def test_a_read_only_user_may_acknowledge_by_link_but_not_take_over(client, ticket):
    reader = staff("reader")
    reader.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    ticket.customer.backup_account_manager = reader
    ticket.customer.save()
    page = path_of(ack_link(user=reader, escalation=firing()))
    assert "to take over" not in client.get(page).content.decode()
    client.post(page, {"act": "acknowledge"})
    assert Acknowledgement.objects.get().by == AcknowledgedBy.LINK


def test_the_link_page_is_in_the_language_of_its_person(client, ticket, boss):
    boss.staff_profile.language = "zh-hans"
    boss.staff_profile.save()
    response = client.get(path_of(ack_link(user=boss, escalation=firing())))
    assert response.headers["Content-Language"] == "zh-hans"
    assert "P0 紧急" in response.content.decode()
    assert 'lang="zh-hans"' in response.content.decode()


def test_other_methods_are_refused(client, link):
    assert client.put(link).status_code == client.delete(link).status_code == 405


def test_the_token_of_a_link_names_its_person_and_firing(ticket, boss, link):
    token = link.strip("/").removeprefix("ack/")
    invited = invitation(token, now=minute(31))
    assert (invited.user, invited.escalation, invited.said, invited.is_over) == (boss, firing(), None, False)
    assert not invited.is_expired
    assert clock_of(ticket).held_until is None


def test_a_colleague_does_not_find_the_link_in_the_outbox(login, ticket, boss):
    address = ack_link(user=boss, escalation=firing())
    mail = OutboundEmailFactory(ticket=ticket, text=f"It is yours now.\n\nI have it: {address}\n")
    html = login(AdminFactory()).get(f"/tickets/outboundemail/{mail.pk}/change/").content.decode()
    assert "It is yours now." in html
    assert "/ack/…" in html
    assert address.split("/ack/")[1].strip("/") not in html


def test_the_link_ends_when_a_colleague_answers_its_step(ticket, link, client):
    assert "Acknowledged by" not in client.get(link).content.decode()
    acknowledge(ticket=ticket, actor=AdminFactory(first_name="Sam"), at=minute(31), by=AcknowledgedBy.PAGE)
    before = state()
    for page in (client.get(link), client.post(link, {"act": "acknowledge"})):
        html = page.content.decode()
        assert "Sam acknowledged it" in html
        assert "<form" not in html
    assert state() == before


def test_an_answer_to_an_earlier_step_does_not_end_the_link(ticket, link, client):
    ann = ticket.customer.account_manager
    Acknowledgement.objects.create(
        clock=clock_of(ticket), user=ann, at=minute(16), until=minute(30), by=AcknowledgedBy.PAGE
    )
    assert "<form" in client.get(link).content.decode()
