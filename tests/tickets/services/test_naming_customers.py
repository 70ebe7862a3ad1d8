"""Whose customer an unknown writer is: contacts, tickets, owners and domains follow, and nobody is exposed."""

from datetime import timedelta

import pytest

from customers.models import Contact, MailDomain
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    MailDomainFactory,
    UserFactory,
    set_desk,
    staff,
)
from tests.rawmail import rawmail
from tests.talk import opened
from tickets.choices import Fact, OwnerRule, Status
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.domain_claims import may_name_domain
from tickets.services.intake import process, receive_raw
from tickets.services.intake.senders import customer_of
from tickets.services.naming_customers import adopt_domain, name_customer
from tickets.services.ownership import assign
from tickets.services.status_and_priority import set_status

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def intake():
    owner = AdminFactory()
    set_desk(intake_owner=owner)
    return owner


@pytest.fixture
def ann(intake):
    return staff("ann", groups=["Account manager"])


@pytest.fixture
def aurora(ann):
    return CustomerFactory(name="Aurora Live", account_manager=ann)


@pytest.fixture
def li(intake):
    return ContactFactory(customer=None, email="li@aurora.example")


def name(contact, customer, actor, **more):
    return name_customer(contact=contact, customer=customer, actor=actor, at=LATER, **more)


def test_every_ticket_of_the_person_that_is_not_closed_becomes_the_customers(li, aurora, intake):
    running, resolved, closed = opened(contact=li), opened(contact=li), opened(contact=li)
    for ticket, status in ((resolved, Status.RESOLVED), (closed, Status.CLOSED)):
        set_status(ticket=ticket, status=status, actor=intake, at=NOW, reason="done")
    others = opened(contact=ContactFactory(customer=None, email="wang@aurora.example"))
    assert name(li, aurora, intake) == 2
    assert set(Ticket.objects.filter(customer=aurora)) == {running, resolved}
    li.refresh_from_db()
    assert li.customer == aurora
    others.refresh_from_db()
    assert others.customer is None


def test_the_timeline_says_who_named_which_customer(li, aurora, intake):
    ticket = opened(contact=li)
    name(li, aurora, intake)
    entry = ticket.timeline.get(fact=Fact.CUSTOMER)
    assert (entry.actor, entry.at, entry.data["name"]) == (intake, LATER, "Aurora Live")


def test_a_ticket_that_waited_with_the_intake_owner_goes_to_the_account_manager(li, aurora, ann, intake):
    ticket = opened(contact=li)
    assert ticket.owner == intake
    name(li, aurora, intake)
    ticket.refresh_from_db()
    entry = ticket.timeline.filter(fact=Fact.OWNER).last()
    assert (ticket.owner, entry.data["rule"]) == (ann, OwnerRule.ACCOUNT_MANAGER)


def test_a_ticket_that_somebody_was_given_stays_with_them(li, aurora, intake):
    ticket, ben = opened(contact=li), UserFactory(is_staff=True)
    assign(ticket=ticket, to=ben, actor=intake, at=NOW)
    name(li, aurora, intake)
    ticket.refresh_from_db()
    assert ticket.owner == ben


def test_with_the_domain_everybody_from_there_is_the_customers_now_and_later(li, aurora, intake):
    wang = ContactFactory(customer=None, email="Wang@AURORA.example")
    first, second = opened(contact=li), opened(contact=wang)
    assert name(li, aurora, intake, whole_domain=True) == 2
    assert set(Ticket.objects.filter(customer=aurora)) == {first, second}
    assert MailDomain.objects.get().domain == "aurora.example"
    raw = rawmail(sender="Zhao <zhao@aurora.example>")
    process(receive_raw(raw=raw, received_at=LATER, via="imap").pk, now=LATER)
    assert Ticket.objects.filter(customer=aurora).count() == 3


def test_a_domain_that_the_customer_has_already_is_no_mistake(li, aurora, intake):
    MailDomainFactory(customer=aurora, domain="aurora.example")
    name(li, aurora, intake, whole_domain=True)
    assert MailDomain.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "li@qq.com",
        "li@eu.qq.com",
        "li@localhost",
        "li@desk.example",
        "li@vendor.example",
        "li@head-office.example",
        "li@bravo.example",
        "li@eu.bravo.example",
        "li@b\u00fccher.example",
    ],
    ids=[
        "public",
        "below a public one",
        "no domain of the internet",
        "a mailbox of ours",
        "colleagues",
        "above colleagues",
        "another customer",
        "below another customer",
        "another customer in its own letters",
    ],
)
def test_a_domain_that_cannot_stand_for_one_customer_is_refused_without_saying_whose_it_is(
    aurora, intake, address
):
    MailboxFactory(address="support@desk.example")
    UserFactory(is_staff=True, email="ann@vendor.example")
    UserFactory(is_staff=True, email="ben@support.head-office.example")
    bravo = CustomerFactory(name="Bravo Stream")
    for domain in ("bravo.example", "xn--bcher-kva.example"):
        MailDomainFactory(customer=bravo, domain=domain)
    contact = ContactFactory(customer=None, email=address)
    ticket = opened(contact=contact)
    assert not may_name_domain(address)
    with pytest.raises(DeskError) as refusal:
        name(contact, aurora, intake, whole_domain=True)
    assert "Bravo" not in str(refusal.value)
    contact.refresh_from_db()
    ticket.refresh_from_db()
    assert (contact.customer, ticket.customer) == (None, None)
    assert name(contact, aurora, intake) == 1


def test_somebody_elses_contact_is_refused(aurora, intake):
    contact = ContactFactory()
    with pytest.raises(DeskError):
        name(contact, aurora, intake)


def test_naming_twice_changes_nothing_more(li, aurora, intake):
    ticket = opened(contact=li)
    name(li, aurora, intake)
    assert name(Contact.objects.get(pk=li.pk), aurora, intake) == 0
    assert ticket.timeline.filter(fact=Fact.CUSTOMER).count() == 1


def test_a_new_domain_of_a_customer_brings_the_tickets_of_unknown_people_there(li, aurora, intake):
    ticket = opened(contact=li)
    assert adopt_domain(
        domain=MailDomainFactory(customer=aurora, domain="aurora.example"), actor=intake, at=LATER
    )
    ticket.refresh_from_db()
    assert ticket.customer == aurora


def test_the_next_mail_of_somebody_who_has_a_customer_by_now_moves_the_ticket(li, aurora, intake):
    first = rawmail(sender="Li <li@aurora.example>", message_id="<one@aurora.example>")
    ticket = process(receive_raw(raw=first, received_at=NOW, via="imap").pk, now=NOW).ticket
    MailDomainFactory(customer=aurora, domain="aurora.example")
    answer = rawmail(
        sender="Li <li@aurora.example>",
        message_id="<two@aurora.example>",
        headers={"In-Reply-To": "<one@aurora.example>"},
    )
    process(receive_raw(raw=answer, received_at=LATER, via="imap").pk, now=LATER)
    ticket.refresh_from_db()
    assert (ticket.customer, ticket.messages.filter(kind="inbound").count()) == (aurora, 2)


def test_a_domain_brings_people_below_it_unless_a_nearer_one_is_a_customers(li, aurora, intake):
    MailDomainFactory(customer=CustomerFactory(), domain="labs.aurora.example")
    MailDomainFactory(customer=aurora, domain="aurora.example")  # both from before overlaps were refused
    below = opened(contact=ContactFactory(customer=None, email="wang@eu.Aurora.example"))
    for address in ("zhao@labs.aurora.example", "chen@x.labs.aurora.example", "sun@notaurora.example"):
        opened(contact=ContactFactory(customer=None, email=address))
    mine = opened(contact=li)
    assert name(li, aurora, intake, whole_domain=True) == 2
    assert set(Ticket.objects.filter(customer=aurora)) == {mine, below}


@pytest.mark.parametrize("claimed", ["b\u00fccher.example", "xn--bcher-kva.example"])
def test_a_domain_counts_in_its_own_letters_and_in_ascii(aurora, intake, claimed):
    tickets = {
        opened(contact=ContactFactory(customer=None, email=f"{number}@{domain}"))
        for number, domain in enumerate(("b\u00fccher.example", "xn--bcher-kva.example"))
    }
    adopt_domain(domain=MailDomainFactory(customer=aurora, domain=claimed), actor=intake, at=LATER)
    assert set(Ticket.objects.filter(customer=aurora)) == tickets
    assert {customer_of("x@b\u00fccher.example"), customer_of("x@xn--bcher-kva.example")} == {aurora}


@pytest.mark.parametrize("is_answer", [True, False])
def test_the_next_mail_of_somebody_who_has_a_customer_by_now_moves_all_their_tickets(
    li, aurora, intake, is_answer
):
    first = rawmail(sender="Li <li@aurora.example>", message_id="<one@aurora.example>")
    answered = process(receive_raw(raw=first, received_at=NOW, via="imap").pk, now=NOW).ticket
    other = opened(contact=li)
    MailDomainFactory(customer=aurora, domain="aurora.example")
    headers = {"In-Reply-To": "<one@aurora.example>"} if is_answer else {}
    second = rawmail(
        sender="Li <li@aurora.example>", message_id="<two@aurora.example>", headers=headers, subject="Again"
    )
    newest = process(receive_raw(raw=second, received_at=LATER, via="imap").pk, now=LATER).ticket
    assert set(Ticket.objects.filter(customer=aurora)) == {answered, other, newest}


def test_a_person_of_another_customers_domain_is_named_by_those_who_see_all_customers(aurora, ann, intake):
    stray = ContactFactory(customer=None, email="jo@eu.bravo.example")
    bravo = CustomerFactory(name="Bravo Games")
    MailDomainFactory(customer=bravo, domain="bravo.example")
    with pytest.raises(DeskError, match="domain of another customer") as refusal:
        name(stray, aurora, ann)
    assert "Bravo" not in str(refusal.value)
    stray.refresh_from_db()
    assert stray.customer is None
    name(stray, aurora, intake)
    stray.refresh_from_db()
    assert stray.customer == aurora


def test_a_domain_above_another_customers_is_refused(aurora, intake):
    MailDomainFactory(domain="games.group.example")
    boss = ContactFactory(customer=None, email="boss@group.example")
    with pytest.raises(DeskError, match="one customer alone"):
        name(boss, aurora, intake, whole_domain=True)


@pytest.mark.parametrize("address", ["boss@co.uk", "boss@com.cn", "boss@github.io"])
def test_a_domain_that_anybody_may_register_below_is_refused(aurora, intake, address):
    boss = ContactFactory(customer=None, email=address)
    with pytest.raises(DeskError, match="one customer alone"):
        name(boss, aurora, intake, whole_domain=True)
    assert not may_name_domain(address)
    assert may_name_domain("boss@company.co.uk")


@pytest.mark.parametrize("known", ["wang@bravo.example", "Li@eu.Bravo.example", "li@xn--brvo-6na.example"])
def test_a_domain_from_which_another_customers_people_write_is_refused(aurora, intake, known):
    ContactFactory(customer=CustomerFactory(), email=known)
    address = "boss@brávo.example" if "xn--" in known else "boss@bravo.example"
    boss = ContactFactory(customer=None, email=address)
    with pytest.raises(DeskError, match="one customer alone"):
        name(boss, aurora, intake, whole_domain=True)
