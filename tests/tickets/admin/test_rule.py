"""The admin of mail rules: who writes them, what is refused, the dry run, and the record of changes."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from tests.adminpages import add_url, errors, list_url, listed, page_url
from tests.factories import NOW, CustomerFactory, InboundEmailFactory, TicketFactory, staff
from tests.rawmail import rawmail
from tickets.mail.classify import MailKind
from tickets.models import Proposal, Rule

pytestmark = pytest.mark.django_db

TRY = "admin:tickets_rule_try"


def data(**fields: object) -> dict[str, object]:
    return {
        "name": "Black",
        "position": 5,
        "is_active": "on",
        "words": "black",
        "priority": 1,
        "how": "set",
        **fields,
    }


@pytest.fixture
def lead():
    return staff("mia", groups=["Team lead"])


def test_a_lead_writes_a_rule_and_its_changes_are_recorded_with_their_values(login, lead):
    client = login(lead)
    client.post(add_url(Rule), data())
    rule = Rule.objects.get(name="Black")
    client.post(page_url(rule), data(priority=0, words="black\ndark"))
    rule.refresh_from_db()
    assert (rule.priority, rule.words) == (0, "black\ndark")
    change = LogEntry.objects.get(object_id=str(rule.pk), action_flag=2)
    assert "priority (1 → 0)" in change.get_change_message()
    assert change.user == lead


def test_a_change_gives_the_rules_another_stamp(login, lead):
    rule = Rule.objects.create(name="Black", words="black", priority=1)
    stamp = rule.stamp
    login(lead).post(page_url(rule), data(is_active=""))
    rule.refresh_from_db()
    assert not rule.is_active
    assert rule.stamp != stamp


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"words": ""}, "at least one condition"),
        ({"priority": ""}, "Choose what the rule does"),
        ({"header_value": "x"}, "name of the header"),
    ],
)
def test_a_rule_without_condition_or_outcome_is_refused(login, lead, fields, problem):
    response = login(lead).post(add_url(Rule), data(**fields))
    assert problem in errors(response)
    assert not Rule.objects.filter(name="Black").exists()


def test_account_managers_read_rules_and_nobody_deletes_them(login, lead):
    rule = Rule.objects.create(name="Black", words="black", priority=1)
    client = login(staff("ann", groups=["Account manager"]))
    assert "proposes P1" in client.get(list_url(Rule)).content.decode()
    assert client.post(page_url(rule), data()).status_code == 403
    assert client.post(reverse(TRY), data()).status_code == 403
    assert login(lead).get(reverse("admin:tickets_rule_delete", args=[rule.pk])).status_code == 403


def test_the_dry_run_shows_only_mail_that_the_reader_may_see_and_saves_nothing(
    login, lead, frozen, django_assert_max_num_queries
):
    mine = TicketFactory(owner=lead, customer=CustomerFactory())
    for ticket, subject in ((mine, "Mine"), (TicketFactory(), "Foreign")):
        InboundEmailFactory(raw=rawmail(), kind=MailKind.PERSON, ticket=ticket, subject=subject)
    client = login(lead)
    client.get(page_url(mine))
    with django_assert_max_num_queries(14):
        html = client.post(reverse(TRY), data()).content.decode()
    assert "1 of 1 email" in html
    assert "Mine" in html
    assert "Foreign" not in html
    assert not Rule.objects.filter(name="Black").exists()


def test_the_dry_run_of_a_rule_with_a_mistake_says_so(login, lead):
    assert "at least one condition" in login(lead).post(reverse(TRY), data(words="")).content.decode()


def test_the_dry_run_is_offered_on_the_page_of_a_rule(login, lead):
    rule = Rule.objects.create(name="Black", words="black", priority=1)
    for url in (add_url(Rule), page_url(rule)):
        assert reverse(TRY) in login(lead).get(url).content.decode()
    assert login(lead).get(reverse(TRY)).status_code == 405


def test_the_list_says_how_many_proposals_of_a_rule_were_wrong(login, lead):
    rule = Rule.objects.create(name="Black", words="black", priority=0)
    for is_confirmed in (True, False, True, None):
        Proposal.objects.create(
            ticket=TicketFactory(), rule=rule, rule_name=rule.name, priority=0, usual=2, reach="pages",
            since=NOW, is_confirmed=is_confirmed, decided_at=None if is_confirmed is None else NOW,
        )  # fmt: skip
    html = login(lead).get(list_url(Rule)).content.decode()
    assert "1 of 3 (33%)" in html


@pytest.mark.parametrize(
    ("group", "seen"),
    [
        ("Account manager", {"Black", "Ours"}),
        ("Team lead", {"Black", "Ours", "Sender"}),
        ("Support director", {"Black", "Ours", "Sender", "Theirs"}),
    ],
)
def test_a_rule_shows_no_customer_whom_its_reader_may_not_see(login, group, seen):
    """Nor the address of one, to somebody who only reads rules."""
    reader = staff("ann", groups=[group])
    Rule.objects.all().delete()
    Rule.objects.create(name="Black", words="black", priority=1)
    Rule.objects.create(name="Ours", customer=CustomerFactory(account_manager=reader), priority=1)
    Rule.objects.create(name="Sender", sender="aurora.example", priority=1)
    theirs = Rule.objects.create(name="Theirs", customer=CustomerFactory(), priority=1)
    client = login(reader)
    assert {rule.name for rule in listed(client, Rule)} == seen
    assert client.get(page_url(theirs)).status_code == (200 if "Theirs" in seen else 302)
    tried = client.post(reverse(TRY), data(name="Theirs", position=1))
    assert tried.status_code == (403 if group == "Account manager" else 200)


def test_the_list_says_which_tags_a_rule_adds(login, lead):
    client = login(lead)
    client.post(add_url(Rule), data(priority="", tags="SDK；api"))
    assert Rule.objects.get(name="Black").tags == "sdk, api"
    assert "tags: sdk, api" in client.get(list_url(Rule)).content.decode()


def test_a_lead_gives_an_owner_to_the_mail_of_customers_they_see_only(login, lead):
    ann = staff("ann", reports_to=lead)
    aurora = CustomerFactory(account_manager=ann)
    client = login(lead)
    answer = client.post(add_url(Rule), data(words="", sender="bcorp.example", owner=lead.pk))
    assert "Name one of your customers" in errors(answer)
    assert not Rule.objects.filter(name="Black").exists()
    client.post(add_url(Rule), data(words="", sender="bcorp.example", owner=lead.pk, customer=aurora.pk))
    assert Rule.objects.get(name="Black").owner == lead


def test_a_director_gives_an_owner_to_everybodys_mail(login, lead):
    login(staff("dora", groups=["Support director"])).post(add_url(Rule), data(owner=lead.pk))
    assert Rule.objects.get(name="Black").owner == lead
