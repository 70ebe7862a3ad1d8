"""Who sees which ticket, attachment and mail."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User

from tests.factories import (
    AdminFactory,
    AttachmentFactory,
    CustomerFactory,
    InboundEmailFactory,
    OutboundEmailFactory,
    TicketFactory,
    staff,
)
from tickets.access import may_see, visible_attachments, visible_inbound, visible_outbound, visible_tickets

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann", reports_to=staff("boss"))


def test_people_see_tickets_they_own_whoever_the_customer_is(ann):
    owned = TicketFactory(owner=ann, customer=None)
    escalated = TicketFactory(owner=ann, customer=CustomerFactory(account_manager=staff("bob")))
    TicketFactory()
    assert set(visible_tickets(ann)) == {owned, escalated}


def test_people_see_tickets_of_their_customers_whoever_owns_them(ann):
    moved_up = TicketFactory(customer=CustomerFactory(account_manager=ann), owner=staff("lead"))
    backed_up = TicketFactory(customer=CustomerFactory(backup_account_manager=ann), owner=staff("bob"))
    assert set(visible_tickets(ann)) == {moved_up, backed_up}


def test_a_manager_sees_what_reports_own_and_look_after(ann):
    owned = TicketFactory(owner=ann)
    looked_after = TicketFactory(customer=CustomerFactory(account_manager=ann))
    boss = ann.staff_profile.reports_to
    assert set(visible_tickets(boss)) == {owned, looked_after}


def test_a_report_does_not_see_the_managers_tickets(ann):
    TicketFactory(owner=ann.staff_profile.reports_to)
    assert not visible_tickets(ann).exists()


def test_a_ticket_without_a_customer_is_seen_by_its_owner_only(ann):
    CustomerFactory()  # one without anybody looking after it either
    ticket = TicketFactory(customer=None)
    assert not may_see(ann, ticket)
    assert may_see(ticket.owner, ticket)


def test_tickets_of_a_customer_without_an_account_manager_are_hidden_from_others(ann):
    assert not may_see(ann, TicketFactory(customer=CustomerFactory(account_manager=None)))


def test_administrators_see_every_ticket_with_one_query(django_assert_num_queries):
    TicketFactory.create_batch(2)
    admin = AdminFactory()
    with django_assert_num_queries(1):
        assert len(visible_tickets(admin)) == 2


def test_the_cost_does_not_grow_with_people_or_customers(ann, count_queries):
    boss = ann.staff_profile.reports_to
    boss.has_perm("")  # permissions are read once for each request

    def seen():
        return list(visible_tickets(boss))

    TicketFactory(owner=ann)
    few = count_queries(seen)
    for _number in range(10):
        TicketFactory(customer=CustomerFactory(account_manager=staff(reports_to=ann)))
    assert count_queries(seen) == few == 2
    assert len(seen()) == 11


@pytest.mark.parametrize(
    "sees",
    [visible_tickets, visible_attachments, visible_inbound, visible_outbound],
    ids=lambda f: f.__name__,
)
def test_anonymous_and_inactive_users_see_nothing(sees):
    gone = AdminFactory(is_active=False)
    ticket = TicketFactory(owner=gone)
    AttachmentFactory(message__ticket=ticket)
    InboundEmailFactory(ticket=ticket)
    OutboundEmailFactory(ticket=ticket)
    assert not sees(AnonymousUser()).exists()
    assert not sees(gone).exists()


def test_files_and_mails_follow_their_ticket(ann):
    ticket = TicketFactory(owner=ann)
    shown = {
        visible_attachments: AttachmentFactory(message__ticket=ticket),
        visible_inbound: InboundEmailFactory(ticket=ticket),
        visible_outbound: OutboundEmailFactory(ticket=ticket),
    }
    AttachmentFactory()
    InboundEmailFactory(ticket=TicketFactory())
    OutboundEmailFactory()
    for sees, row in shown.items():
        assert list(sees(ann)) == [row]


def test_mail_that_became_no_ticket_is_for_those_who_may_release_it(ann):
    parked = InboundEmailFactory(ticket=None)
    on_a_ticket = InboundEmailFactory(ticket=TicketFactory())
    ann.user_permissions.add(Permission.objects.get(codename="change_inboundemail"))
    assert list(visible_inbound(User.objects.get(pk=ann.pk))) == [parked]
    assert set(visible_inbound(AdminFactory())) == {parked, on_a_ticket}


def test_mail_that_belongs_to_no_ticket_is_for_those_who_see_everything(ann):
    parked, pack = InboundEmailFactory(ticket=None), OutboundEmailFactory(ticket=None)
    assert not visible_inbound(ann).exists()
    assert not visible_outbound(ann).exists()
    assert list(visible_inbound(AdminFactory())) == [parked]
    assert list(visible_outbound(AdminFactory())) == [pack]


@pytest.mark.parametrize("most_listed", [0, 200])
def test_a_long_list_of_customers_shows_the_same_tickets_as_a_short_one(
    monkeypatch: pytest.MonkeyPatch, most_listed: int
) -> None:
    monkeypatch.setattr("tickets.access.MOST_LISTED", most_listed)
    manager = staff()
    looked_after = TicketFactory(customer=CustomerFactory(account_manager=manager))
    TicketFactory()
    assert list(visible_tickets(manager)) == [looked_after]


def test_a_copy_is_visible_through_its_ticket_and_hidden_until_it_has_one(ann):
    ann.user_permissions.add(Permission.objects.get(codename="change_inboundemail"))
    ann = User.objects.get(pk=ann.pk)
    first = InboundEmailFactory(ticket=TicketFactory(owner=ann))
    copy = InboundEmailFactory(copy_of=first, ticket=first.ticket)
    InboundEmailFactory(copy_of=InboundEmailFactory(ticket=TicketFactory()), ticket=None)
    assert set(visible_inbound(ann)) == {first, copy}
    assert visible_inbound(AdminFactory()).count() == 4
