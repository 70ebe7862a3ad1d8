"""The ticket page's Acknowledge, Take over and Escalate now: who is offered what, and what the chain shows."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from escalation.choices import AcknowledgedBy
from escalation.enforcement.acknowledge import acknowledge, escalate_now
from escalation.enforcement.sweep import sweep
from escalation.models import Acknowledgement, Escalation
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import answered, minute, opened
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
GROUP = ["Account manager"]


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(minute(31), tick=False)
    return time_machine


@pytest.fixture
def boss():
    top = staff("top", groups=GROUP, time_zone="UTC")
    return staff("boss", groups=GROUP, reports_to=top, time_zone="UTC")


@pytest.fixture
def ann(boss):
    return staff("ann", groups=GROUP, reports_to=boss, time_zone="UTC")


@pytest.fixture
def ticket(ann) -> Ticket:
    """A P0 that went from Ann to Boss at minute 30."""
    set_desk(duty_manager=staff("dora", groups=GROUP))
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)))
    sweep(now=minute(30))
    ticket.refresh_from_db()
    return ticket


def page(client, ticket: Ticket) -> str:
    return client.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()


def act(client, ticket: Ticket, name: str, token: str = "", **data):
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, name])
    return client.post(url, {"token": token or str(uuid.uuid4()), **data}, follow=True)


def has_act(html: str, ticket: Ticket, name: str) -> bool:
    return reverse("admin:tickets_ticket_act", args=[ticket.pk, name]) in html


def test_the_actions_are_above_the_conversation_and_beside_it(login, ticket, boss):
    """A narrow page shows the first, a wide one the second: the styles choose."""
    html = page(login(boss), ticket)
    bar, conversation, side = (html.index(f'class="{name}"') for name in ("t-take", "t-main", "t-side"))
    address = reverse("admin:tickets_ticket_act", args=[ticket.pk, "acknowledge"])
    assert bar < html.index(address) < conversation < side < html.rindex(address)
    assert html.count(address) == 2


def test_the_holder_may_acknowledge_and_escalate_and_a_colleague_take_over_as_well(login, ticket, boss, ann):
    holders_page, colleagues_page = page(login(boss), ticket), page(login(ann), ticket)
    assert [has_act(holders_page, ticket, name) for name in ("acknowledge", "take_over", "escalate")] == [
        True,
        False,
        True,
    ]
    assert [has_act(colleagues_page, ticket, name) for name in ("acknowledge", "take_over", "escalate")] == [
        True
    ] * 3


def test_acknowledging_on_the_page_shows_who_has_it_and_until_when(login, ticket, boss, ann):
    client = login(boss)
    html = act(client, ticket, "acknowledge").content.decode()
    assert Acknowledgement.objects.get().by == AcknowledgedBy.PAGE
    assert "Acknowledged by <b>you</b> until" in html
    assert "12:46</time>" in html
    assert not has_act(html, ticket, "acknowledge")
    other = page(login(ann), ticket)
    assert f"Acknowledged by <b>{boss.first_name}</b> until" in other
    assert f"<b>{boss.first_name}</b> acknowledged, no paging until" in other
    assert has_act(other, ticket, "acknowledge")


def test_the_same_form_sent_twice_acknowledges_once(login, ticket, boss):
    client, token = login(boss), str(uuid.uuid4())
    for _time in range(2):
        act(client, ticket, "acknowledge", token)
    act(client, ticket, "acknowledge")
    assert Acknowledgement.objects.count() == 1


def test_after_the_time_out_nobody_has_the_ticket(login, ticket, boss, ann, clock):
    acknowledge(ticket=ticket, actor=boss, at=minute(31), by=AcknowledgedBy.PAGE)
    clock.move_to(minute(46), tick=False)
    html = page(login(ann), ticket)
    assert "Acknowledged by" not in html
    assert "acknowledged, no paging until" in html


def test_taking_over_makes_the_reader_the_owner(login, ticket, ann):
    act(login(ann), ticket, "take_over")
    ticket.refresh_from_db()
    assert ticket.owner == ann
    assert Acknowledgement.objects.get().user == ann


def test_escalating_by_hand_shows_who_and_why(login, ticket, boss):
    client = login(boss)
    html = act(client, ticket, "escalate", reason="Their CEO called.").content.decode()
    escalation = Escalation.objects.get(by=boss)
    assert escalation.to_owner.username == "top"
    assert "manually" in html
    assert "Their CEO called." in html


def test_escalating_without_a_reason_is_refused_and_the_form_opens_again(login, ticket, boss):
    html = act(login(boss), ticket, "escalate", reason=" ").content.decode()
    assert "Give a reason" in html
    assert '<details class="escalate" open>' in html
    assert not Escalation.objects.filter(by=boss).exists()


def test_the_page_says_that_nobody_is_above_the_holder(login, ticket, boss):
    set_desk(duty_manager=None)
    escalate_now(ticket=ticket, actor=boss, at=minute(31), reason="Up.")
    ticket.refresh_from_db()
    html = act(login(ticket.owner), ticket, "escalate", reason="Further up.").content.decode()
    assert "There is nobody above" in html


def test_a_ticket_without_an_open_promise_offers_no_action(login, ann):
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    ticket = opened(priority=Priority.P3, contact=contact)
    answered(ticket, 20)
    html = page(login(ann), ticket)
    assert not any(has_act(html, ticket, name) for name in ("acknowledge", "take_over", "escalate"))


@pytest.mark.parametrize("name", ["acknowledge", "take_over", "escalate"])
def test_a_colleague_of_another_team_gains_nothing_by_guessing_the_number(login, ticket, name):
    response = act(login(staff("eve", groups=GROUP)), ticket, name, reason="Mine.")
    assert response.status_code == 404
    assert not Acknowledgement.objects.exists()


@pytest.mark.parametrize("name", ["acknowledge", "take_over", "escalate"])
def test_a_read_only_user_is_offered_no_action_and_is_refused(login, ticket, ann, name):
    ann.groups.clear()
    ann.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client = login(ann)
    assert not has_act(page(client, ticket), ticket, name)
    assert act(client, ticket, name, reason="Mine.").status_code == 403
    assert not Acknowledgement.objects.exists()


def test_the_acknowledge_actions_need_a_post(login, ticket, boss):
    url = reverse("admin:tickets_ticket_act", args=[ticket.pk, "acknowledge"])
    assert login(boss).get(url).status_code == 405


def test_many_acknowledgements_cost_the_queries_of_one(login, ticket, boss, ann, count_queries):
    client = login(boss)
    acknowledge(ticket=ticket, actor=boss, at=minute(31), by=AcknowledgedBy.PAGE)
    page(client, ticket)
    one_costs = count_queries(lambda: page(client, ticket))
    for who in (ann, staff("cy", groups=GROUP, reports_to=boss), ticket.owner.staff_profile.reports_to):
        ticket.customer.backup_account_manager = who
        ticket.customer.save()
        acknowledge(ticket=ticket, actor=who, at=minute(31), by=AcknowledgedBy.LINK)
    assert count_queries(lambda: page(client, ticket)) == one_costs
