"""The list of tickets: who sees which rows, what the search finds, what bulk actions do and refuse.

Tests bulk, apply_to_each, once_form, customer, labels and tickets.search.notes too.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from tests.adminpages import list_url, listed, page_url, run_action, said
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
    findable,
    staff,
)
from tickets.admin import bulk, labels
from tickets.admin.apply_to_each import AT_ONCE
from tickets.choices import Fact, IntakeState, MessageKind, OutboxState, Priority, Status
from tickets.errors import DeskError
from tickets.models import SearchBacklog, Ticket
from tickets.search import finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


@pytest.fixture
def foreign():
    return TicketFactory(subject="Secret launch", customer__name="Secret Games")


def test_an_account_manager_lists_own_tickets_and_a_director_all(login, ann, foreign):
    own_ticket = TicketFactory(owner=ann)
    assert listed(login(ann), Ticket) == [own_ticket]
    assert set(listed(login(staff(groups=["Support director"])), Ticket)) == {own_ticket, foreign}


def test_a_lead_lists_the_tickets_of_the_team(login, ann, foreign):
    lead = staff(groups=["Team lead"])
    ann.staff_profile.reports_to = lead
    ann.staff_profile.save(update_fields=["reports_to"])
    own_ticket = TicketFactory(owner=ann)
    assert listed(login(lead), Ticket) == [own_ticket]


@pytest.mark.parametrize(
    "query",
    [
        "q=Secret", "q=SD%23{pk}", "q={pk}", "customer__id__exact={customer}", "owner={owner}", "status=open",
        "tag=launch",
    ],
)  # fmt: skip
def test_no_search_or_filter_reaches_a_foreign_ticket(login, ann, foreign, query):
    foreign.tags.create(name="launch")
    query = query.format(pk=foreign.pk, customer=foreign.customer_id, owner=foreign.owner_id)
    page = login(ann).get(f"{list_url(Ticket)}?{query}", follow=True).content.decode()
    assert "Secret launch" not in page
    assert "Secret Games" not in page


@pytest.mark.parametrize("tag", ["%23" * 5000, "%F0%9F"])
def test_an_odd_tag_lists_nothing(login, ann, tag):
    TicketFactory(owner=ann)
    assert login(ann).get(f"{list_url(Ticket)}?tag={tag}").status_code == 200


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_a_foreign_tickets_pages_look_like_those_of_one_that_does_not_exist(login, ann, foreign, page):
    client = login(ann)
    there = client.get(page_url(foreign).replace("change", page))
    foreign.pk += 1000
    missing = client.get(page_url(foreign).replace("change", page))
    assert there.status_code == missing.status_code
    assert there.status_code in (302, 403, 404)
    assert there.headers.get("Location") == missing.headers.get("Location")


def test_a_bulk_action_on_a_guessed_key_changes_nothing(login, ann, foreign):
    TicketFactory(owner=ann)
    response = run_action(login(ann), "set_status", [foreign], apply=1, status="closed", reason="mine now")
    foreign.refresh_from_db()
    assert foreign.status == Status.OPEN
    assert "Secret launch" not in response.content.decode()


@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Duty manager", "Support director"])
def test_nobody_deletes_tickets(login, group):
    user = staff(groups=[group])
    ticket = TicketFactory(owner=user)
    client = login(user)
    assert client.post(page_url(ticket).replace("change", "delete"), {"post": "yes"}).status_code == 403
    run_action(client, "delete_selected", [ticket], post="yes")
    assert Ticket.objects.filter(pk=ticket.pk).exists()


@pytest.mark.parametrize(
    "words",
    ["black ROOM", "黑屏", "房间", "Li Wei", "li@shows.example", "Show Time", "SD#{pk}", "sd{pk}", "{pk}"],
)
def test_a_ticket_is_found_by(login, words):
    customer = CustomerFactory(name="Show Time")
    contact = ContactFactory(name="Li Wei", email="li@shows.example", customer=customer)
    ticket = TicketFactory(subject="Black room 直播间", contact=contact, customer=customer)
    MessageFactory(ticket=ticket, body="用户进入房间后黑屏，请尽快处理。")
    MessageFactory(ticket=ticket, body="黑屏 again", kind=MessageKind.NOTE)
    other = TicketFactory(subject="Echo", customer=CustomerFactory(name="Other"))
    MessageFactory(ticket=other, body="nothing alike")
    findable(ticket, other)
    assert listed(login(AdminFactory()), Ticket, q=words.format(pk=ticket.pk)) == [ticket]


def test_a_search_says_when_there_is_more(login, monkeypatch):
    monkeypatch.setattr(finding, "MOST_FOUND", 1)
    findable(*[TicketFactory(subject="Echo") for _each in range(2)])
    client = login(AdminFactory())
    assert said(client.get(list_url(Ticket), {"q": "echo"})) == [
        "Only the newest matches are shown. Add a word to find older ones."
    ]
    SearchBacklog.objects.create(source="tickets")
    assert (
        "Older tickets are still being added to the search." in client.get(list_url(Ticket), {"q": "x"}).text
    )


def test_a_search_for_nothing_that_exists_is_an_empty_list(login):
    TicketFactory()
    assert listed(login(AdminFactory()), Ticket, q="%_没有") == []


def test_every_state_has_a_colour_so_that_its_name_is_shown_and_not_its_code():
    assert set(labels.STATUS) == set(Status)
    assert set(labels.PRIORITY) == set(Priority)
    assert set(labels.INTAKE) == set(IntakeState)
    assert set(labels.OUTBOX) == set(OutboxState)


@pytest.mark.parametrize(("choice", "count"), [("me", 1), ("team", 2), ("", 3), ("x", 3), ("²", 3)])
def test_the_owner_filter_knows_mine_and_my_teams(login, choice, count):
    boss = staff("boss", groups=["Support director"])
    TicketFactory(owner=boss)
    TicketFactory(owner=staff(reports_to=boss))
    TicketFactory()
    assert len(listed(login(boss), Ticket, owner=choice)) == count


def test_the_work_filter_tells_active_from_done(login):
    active = TicketFactory(status=Status.WAITING)
    done = TicketFactory(status=Status.RESOLVED)
    client = login(AdminFactory())
    assert listed(client, Ticket, work="active") == [active]
    assert listed(client, Ticket, work="done") == [done]


def test_filters_of_an_account_manager_name_no_foreign_customers(login, ann, foreign):
    TicketFactory(owner=ann, customer=CustomerFactory(name="Own Live", account_manager=ann))
    page = login(ann).get(list_url(Ticket)).content.decode()
    assert "Own Live" in page
    assert "Secret Games" not in page


def test_handing_over_asks_for_a_colleague_and_a_reason(login, ann):
    ticket = TicketFactory(owner=ann)
    page = run_action(login(ann), "assign_to", [ticket])
    assert ticket.number in page.content.decode()
    assert set(page.context["form"].fields) == {"to", "reason"}
    refused = run_action(login(ann), "assign_to", [ticket], apply=1, to=UserFactory().pk, reason=" ")
    assert refused.context["form"].errors["reason"]


def test_tickets_are_handed_over_through_the_service(login, frozen, ann):
    bob = staff("bob")
    tickets = TicketFactory.create_batch(2, owner=ann)
    response = run_action(login(ann), "assign_to", tickets, apply=1, to=bob.pk, reason="on leave")
    assert said(response) == ["2 were done."]
    for ticket in tickets:
        ticket.refresh_from_db()
        entry = ticket.timeline.get(fact=Fact.OWNER)
        assert (ticket.owner, entry.actor, entry.reason, entry.at) == (bob, ann, "on leave", NOW)


def test_a_colleague_who_left_is_not_offered(login, ann):
    gone = UserFactory(is_active=False)
    ticket = TicketFactory(owner=ann)
    refused = run_action(login(ann), "assign_to", [ticket], apply=1, to=gone.pk, reason="x")
    assert "valid choice" in str(refused.context["form"].errors["to"])


def test_priority_and_status_change_with_a_reason(login, ann):
    ticket = TicketFactory(owner=ann, priority=Priority.P2)
    client = login(ann)
    run_action(client, "set_priority", [ticket], apply=1, priority=1, reason="all rooms")
    run_action(client, "set_status", [ticket], apply=1, status="waiting", reason="asked for logs")
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.status) == (Priority.P1, Status.WAITING)
    assert set(ticket.timeline.values_list("fact", "reason")) >= {
        (Fact.PRIORITY, "all rooms"), (Fact.STATUS, "asked for logs"),
    }  # fmt: skip


def test_a_refused_ticket_is_named_by_its_number_and_the_others_are_changed(login, ann, monkeypatch):
    first, second = TicketFactory.create_batch(2, owner=ann)
    real = bulk.set_status

    def refusing(*, ticket, **rest):
        if ticket == first:
            raise DeskError("The customer is still waiting.")
        return real(ticket=ticket, **rest)

    monkeypatch.setattr(bulk, "set_status", refusing)
    response = run_action(login(ann), "set_status", [first, second], apply=1, status="closed", reason="x")
    second.refresh_from_db()
    assert second.status == Status.CLOSED
    assert sorted(said(response)) == ["1 was done.", f"{first}: The customer is still waiting."]


def test_more_tickets_than_a_request_can_change_are_refused(login, ann, monkeypatch):
    monkeypatch.setattr("tickets.admin.apply_to_each.AT_ONCE", 1)
    tickets = TicketFactory.create_batch(2, owner=ann)
    response = run_action(login(ann), "set_status", tickets, apply=1, status="closed", reason="x")
    assert said(response) == ["Choose at most 1 at once."]
    assert not Ticket.objects.filter(status=Status.CLOSED).exists()
    assert AT_ONCE >= 100


def test_a_read_only_user_cannot_run_a_bulk_action(login):
    operator = staff(groups=["Operator"])
    ticket = TicketFactory()
    client = login(operator)
    assert listed(client, Ticket) == [ticket]
    run_action(client, "set_status", [ticket], apply=1, status="closed", reason="x")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize("who", [AdminFactory, lambda: staff(groups=["Account manager"])], ids=["all", "own"])
def test_thirty_tickets_cost_the_queries_of_three(login, count_queries, who):
    user = who()
    client = login(user)

    def make(count):
        for _number in range(count):
            customer = CustomerFactory(account_manager=user)
            contact = ContactFactory(customer=customer)
            TicketFactory(customer=customer, contact=contact, owner=UserFactory())

    make(3)
    listed(client, Ticket)
    few = count_queries(lambda: listed(client, Ticket))
    make(27)
    assert count_queries(lambda: listed(client, Ticket)) == few
    assert len(listed(client, Ticket)) == 30


def test_counting_open_tickets_in_the_customer_list_costs_no_query_per_customer(login, count_queries):
    client = login(AdminFactory())
    customer = TicketFactory(status=Status.NEW).customer
    TicketFactory(customer=customer, status=Status.WAITING)
    TicketFactory(customer=customer, status=Status.CLOSED)
    assert {row.name: row.open_count for row in listed(client, Customer)} == {customer.name: 2}
    few = count_queries(lambda: listed(client, Customer))
    for _number in range(20):
        TicketFactory()
    assert count_queries(lambda: listed(client, Customer)) == few


def test_the_count_of_a_long_list_stops_at_its_limit(login, monkeypatch):
    monkeypatch.setattr("customers.admin.base.CappedPaginator.most", 2)
    TicketFactory.create_batch(3)
    client = login(AdminFactory())
    assert client.get(list_url(Ticket)).context["cl"].result_count == 2


def test_counting_the_list_computes_none_of_its_columns(login):
    TicketFactory()
    client = login(AdminFactory())
    with CaptureQueriesContext(connection) as captured:
        listed(client, Ticket)
    counts = [
        query["sql"] for query in captured if "COUNT(*)" in query["sql"] and "tickets_ticket" in query["sql"]
    ]
    assert len(counts) == 1
    assert "escalation_clock" not in counts[0]
    assert "LIMIT" in counts[0]


def test_a_customers_page_leads_to_its_open_tickets_and_to_a_new_contract(login):
    lead = staff(groups=["Team lead"])
    customer = CustomerFactory(account_manager=lead)
    ticket = TicketFactory(customer=customer)
    client = login(lead)
    tickets, contract = [address for address, _title in client.get(page_url(customer)).context["page_links"]]
    assert list(client.get(tickets).context["cl"].result_list) == [ticket]
    assert client.get(contract).context["adminform"].form.initial["customer"] == str(customer.pk)


def test_users_who_may_not_write_contracts_get_no_link_to_them(login, ann):
    customer = CustomerFactory(account_manager=ann)
    links = login(ann).get(page_url(customer)).context["page_links"]
    assert [str(title) for _address, title in links] == ["Open tickets"]
