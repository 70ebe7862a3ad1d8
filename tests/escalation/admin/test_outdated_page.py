"""The page of running promises under older versions: who sees which, what it costs, re-targeting some of them."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from escalation.models import Clock, Policy
from escalation.policies.editing import Window, revise_policy
from tests.adminpages import page_url, said
from tests.factories import ClockFactory, ContactFactory, CustomerFactory, PolicyFactory, TicketFactory, staff
from tests.talk import clock_of, minute, opened
from tickets.choices import Priority
from tickets.services.status_and_priority import change_priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"], time_zone="Asia/Shanghai")


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


@pytest.fixture
def default():
    return Policy.objects.get(is_default=True)


def page_of(policy):
    return reverse("admin:escalation_policy_outdated", args=[policy.pk])


def double_windows(policy, at=-1):
    """The policy's next version: every window twice as long."""
    targets = policy.versions.latest("number").targets.select_related("calendar")
    windows = [Window(each.kind, each.priority, 2 * each.minutes, each.calendar) for each in targets]
    return revise_policy(policy=policy, windows=windows, actor=None, at=minute(at))


def ticket_of(manager, *, at=-5, **more):
    return opened(at, contact=ContactFactory(customer=CustomerFactory(account_manager=manager)), **more)


def retarget(client, policy, *clocks, reason="new terms"):
    return client.post(page_of(policy), {"clock": [clock.pk for clock in clocks], "reason": reason})


def test_the_page_says_where_a_lowered_promise_keeps_its_due_time(login, director, ann, default):
    lowered, other = ticket_of(ann), ticket_of(ann)
    change_priority(ticket=lowered, priority=Priority.P2, actor=ann, at=minute(-4), reason="one room")
    double_windows(default)
    html = login(director).get(page_of(default)).content.decode()
    rows = {
        number: row
        for row in html.split("<tr>")
        for number in (lowered.number, other.number)
        if number in row
    }
    assert "the stricter due time stays" in rows[lowered.number]
    assert "the stricter due time stays" not in rows[other.number]


def test_the_page_of_a_policy_counts_its_promises_under_older_versions_and_links_to_them(
    login, director, ann, default
):
    ticket_of(ann)
    client = login(director)
    assert page_of(default) not in client.get(page_url(default)).content.decode()
    double_windows(default)
    html = client.get(page_url(default)).content.decode()
    assert "1 running SLA follows an older version" in html
    assert page_of(default) in html


def test_each_outdated_promise_is_shown_with_both_due_times_and_their_difference(
    login, director, ann, default
):
    ticket = ticket_of(ann)
    double_windows(default)
    html = login(director).get(page_of(default)).content.decode()
    for words in (
        ticket.number,
        "First response",
        "P0",
        minute(25).isoformat(),
        minute(55).isoformat(),
        "+30 min",
    ):
        assert words in html


def test_a_reader_sees_own_promises_only_and_changes_none(login, ann, default):
    own_ticket, foreign = ticket_of(ann), ticket_of(staff("bob"))
    double_windows(default)
    client = login(ann)
    html = client.get(page_of(default)).content.decode()
    assert own_ticket.number in html
    assert f"{foreign.number} " not in html
    assert 'type="checkbox" name="clock"' not in html
    assert "1 running SLA follows" in client.get(page_url(default)).content.decode()
    assert retarget(client, default, clock_of(own_ticket)).status_code == 403
    assert clock_of(own_ticket).due_at == minute(25)


def test_chosen_promises_are_put_under_the_version_in_force(login, director, ann, default):
    chosen, unchosen = ticket_of(ann), ticket_of(ann)
    version = double_windows(default)
    response = retarget(login(director), default, clock_of(chosen))
    assert response.url == page_of(default)
    clock = clock_of(chosen)
    assert (clock.policy_version, clock.due_at) == (version, minute(55))
    assert (clock.events.last().actor, clock.events.last().cause) == (director, "new terms")
    assert clock_of(unchosen).due_at == minute(25)


def test_refused_promises_are_listed_with_the_reason_and_the_others_are_re_targeted(
    login, director, ann, default
):
    late, fine = ticket_of(ann, at=-5), ticket_of(ann, priority=Priority.P2)
    targets = default.versions.latest("number").targets.select_related("calendar")
    windows = [
        Window(each.kind, each.priority, 3 if each.priority == 0 else 2 * each.minutes, each.calendar)
        for each in targets
    ]
    version = revise_policy(policy=default, windows=windows, actor=None, at=minute(-1))
    response = retarget(login(director), default, clock_of(late), clock_of(fine))
    html = response.content.decode()
    assert "1 SLA now follows the version in force." in said(response)
    assert f"{late.number} · First response: Under these terms the SLA would already be breached." in html
    assert clock_of(fine).policy_version == version
    assert clock_of(late).due_at == minute(25)
    assert 'value="new terms"' in html
    assert "checked" in html


@pytest.mark.parametrize(
    ("reason", "choose", "sentence"),
    [("  ", True, "Give a reason"), ("x" * 301, True, "at most 300"), ("new", False, "Choose at least one")],
)
def test_a_form_without_reason_or_choice_changes_nothing_and_keeps_its_input(
    login, director, ann, default, reason, choose, sentence
):
    clock = clock_of(ticket_of(ann))
    double_windows(default)
    html = retarget(login(director), default, *([clock] if choose else []), reason=reason).content.decode()
    assert sentence in html
    assert ("checked" in html) == choose
    assert Clock.objects.get(pk=clock.pk).due_at == minute(25)


def test_a_form_sent_twice_changes_nothing_the_second_time(login, director, ann, default):
    clock = clock_of(ticket_of(ann))
    double_windows(default)
    client = login(director)
    retarget(client, default, clock)
    assert "Choose at least one" in retarget(client, default, clock).content.decode()
    assert clock.events.filter(change="retargeted").count() == 1


@pytest.mark.parametrize("value", ["x", "9" * 40, "-1", "١"])
def test_invalid_promise_numbers_choose_nothing(login, director, default, value):
    double_windows(default)
    response = login(director).post(page_of(default), {"clock": value, "reason": "x"})
    assert "Choose at least one" in response.content.decode()


def test_a_promise_of_another_policy_is_not_reached(login, director, ann, default):
    clock = clock_of(ticket_of(ann))
    double_windows(default)
    other = PolicyFactory()
    doubled_once = revise_policy(policy=other, windows=[], actor=None, at=minute(-3))
    assert "Choose at least one" in retarget(login(director), other, clock).content.decode()
    assert Clock.objects.get(pk=clock.pk).policy_version != doubled_once


def test_a_director_who_sees_only_own_customers_reaches_no_foreign_promise(login, ann, default):
    foreign = clock_of(ticket_of(staff("bob")))
    double_windows(default)
    ann.user_permissions.add(Permission.objects.get(codename="change_policy"))
    assert "Choose at least one" in retarget(login(ann), default, foreign).content.decode()
    assert Clock.objects.get(pk=foreign.pk).due_at == minute(25)


def test_a_policy_without_versions_or_none_at_all_has_no_such_page(login, director):
    empty = PolicyFactory()
    assert login(director).get(page_of(empty)).status_code == 404
    empty.pk += 1000
    assert login(director).get(page_of(empty)).status_code == 404


def many(policy, version, number):
    calendar = version.targets.select_related("calendar").first().calendar
    for each in range(number):
        ticket = TicketFactory(customer=CustomerFactory(), subject=f"Case {each}")
        ClockFactory(
            ticket=ticket, policy_version=version, calendar=calendar, calendar_version=1, priority=each % 4
        )


def test_a_page_holds_fifty_and_costs_the_queries_of_three(login, director, default, count_queries):
    old = default.versions.latest("number")
    double_windows(default)
    many(default, old, 3)
    client = login(director)
    client.get(page_of(default))
    few = count_queries(lambda: client.get(page_of(default)))
    many(default, old, 57)
    assert count_queries(lambda: client.get(page_of(default))) == few
    assert few <= 12
    html = client.get(page_of(default)).content.decode()
    assert html.count('name="clock"') == 50
    assert "Page 1 of 2" in html
    assert client.get(page_of(default) + "?page=2").content.decode().count('name="clock"') == 10


def test_a_policy_cannot_be_deleted_in_the_admin(login, director, default):
    director.is_superuser = True
    director.save(update_fields=["is_superuser"])
    response = login(director).post(page_url(default).replace("change", "delete"), {"post": "yes"})
    assert response.status_code == 403
    assert Policy.objects.filter(pk=default.pk).exists()
