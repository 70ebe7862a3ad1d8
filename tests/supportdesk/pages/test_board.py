"""The board: order, access, counters, filters, what it costs, and the list as a download."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from escalation.choices import ClockKind, ClockState
from escalation.models import Clock
from supportdesk.pages.board.queries import (
    board_counters,
    board_rows,
    compliance,
    duties,
    mail_trouble,
    promised_clocks,
)
from supportdesk.pages.board.shared import FRESH_TROUBLE
from tests.factories import (
    AbsenceFactory,
    AdminFactory,
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    EscalationStepFactory,
    HeartbeatFactory,
    InboundEmailFactory,
    OutboundEmailFactory,
    TicketFactory,
    UserFactory,
    findable,
    set_desk,
    staff,
)
from tickets.access import visible_tickets
from tickets.choices import IntakeState, OutboxState, Priority, Status
from tickets.models import SearchBacklog, Ticket

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
HOUR = timedelta(hours=1)


@pytest.fixture
def admin(now: datetime) -> User:
    HeartbeatFactory(at=now)
    return AdminFactory()


def clock_due(due_at: datetime, **fields: Any) -> Clock:
    return ClockFactory(started_at=due_at - 8 * HOUR, due_at=due_at, **fields)


def tickets_in(html: str) -> list[int]:
    return [int(key) for key in re.findall(r'data-row="(\d+)"', html)]


def board_html(client: Client, query: str = "", **headers: str) -> str:
    return client.get(f"/?{query}", headers=headers).content.decode()


def test_the_promise_that_falls_due_next_stands_first_and_breached_ones_before_it(now: datetime) -> None:
    later, breached, next_one = (clock_due(now + hours * HOUR) for hours in (3, -1, 1))
    rows = board_rows(Ticket.objects.all(), now=now).rows
    assert [row.clock for row in rows] == [breached, next_one, later]


def test_tickets_without_a_promise_follow_with_the_latest_activity_first(now: datetime) -> None:
    older = TicketFactory(status=Status.WAITING, updated_at=now - HOUR)
    newer = TicketFactory(status=Status.WAITING, updated_at=now)
    TicketFactory(status=Status.RESOLVED)
    promised = clock_due(now + HOUR)
    assert [row.ticket for row in board_rows(Ticket.objects.all(), now=now).rows] == [
        promised.ticket,
        newer,
        older,
    ]


def test_a_ticket_with_two_open_promises_stands_once_with_the_stricter_one(now: datetime) -> None:
    strict = clock_due(now + HOUR)
    clock_due(now + 2 * HOUR, ticket=strict.ticket, kind=ClockKind.NEXT_RESPONSE)
    twin = clock_due(now + HOUR, ticket=strict.ticket, kind="update")
    assert list(promised_clocks(Ticket.objects.all())) == [strict]
    assert twin.pk > strict.pk


def test_pages_list_tickets_with_promises_first_and_then_the_others_without_a_gap(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportdesk.pages.board.queries.PAGE", 2)
    clocks = [clock_due(now + hours * HOUR) for hours in (1, 2, 3)]
    without_promise = [TicketFactory(updated_at=now - hours * HOUR) for hours in (1, 2)]
    pages = [board_rows(Ticket.objects.all(), now=now, page=page) for page in (1, 2, 3, 4)]
    listed = [row.ticket for page in pages for row in page.rows]
    assert listed == [*(clock.ticket for clock in clocks), *without_promise]
    assert [page.has_next for page in pages] == [True, True, False, False]


def test_counting_stops_at_the_cap(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supportdesk.pages.board.queries.CAP", 1)
    for hours in (1, 2, 3):
        clock_due(now + hours * HOUR)
    rows = board_rows(Ticket.objects.all(), now=now)
    assert (rows.promised, rows.is_capped) == (2, True)


@pytest.mark.parametrize(
    ("promise", "expected"), [("", [-1, 1, 2, None]), ("soon", [1]), ("breached", [-1]), ("none", [None])]
)
def test_the_list_holds_tickets_whose_promise_matches_the_filter(
    now: datetime, promise: str, expected: list[int | None]
) -> None:
    for hours in (-1, 1, 2):
        clock_due(now + hours * HOUR)
    TicketFactory()
    rows = board_rows(Ticket.objects.all(), now=now, promise=promise).rows
    assert [row.clock and (row.clock.due_at - now) // HOUR for row in rows] == expected


def test_the_board_counters_count_breached_soon_running_and_unassigned(now: datetime) -> None:
    owner = staff()
    set_desk(intake_owner=owner)
    TicketFactory(owner=owner)
    for hours in (-1, 1, 2):
        clock_due(now + hours * HOUR)
    counted = board_counters(Ticket.objects.all(), now=now)
    assert (counted.breached, counted.soon, counted.running, counted.unassigned) == (1, 1, 2, 1)


def test_the_board_counts_mail_that_needs_attention(now: datetime) -> None:
    InboundEmailFactory(state=IntakeState.PARKED)
    InboundEmailFactory(state=IntakeState.FAILED)
    OutboundEmailFactory(state=OutboxState.BOUNCED)
    OutboundEmailFactory(state=OutboxState.FAILED, created_at=now - timedelta(days=8))
    trouble = mail_trouble(now=now)
    assert (trouble.parked, trouble.failed, trouble.unsent) == (1, 1, 1)


def test_duty_now_and_next_where_a_later_shift_replaces_an_earlier_one(now: datetime) -> None:
    rota = DutyRotaFactory()
    regular = DutyShiftFactory(rota=rota)
    swapped = DutyShiftFactory(rota=rota, starts_at=now - HOUR, ends_at=now + HOUR)
    DutyShiftFactory(rota=rota, starts_at=now + 6 * HOUR, ends_at=now + 18 * HOUR)
    (duty,) = duties(now=now)
    assert duty.now is not None
    assert duty.next is not None
    assert (duty.now.shift, duty.now.ends_at) == (swapped, now + HOUR)
    assert (duty.next.shift, duty.next.starts_at) == (regular, now + HOUR)


@pytest.mark.parametrize(
    ("away", "said"),
    [
        ([], "On duty Ann until"),
        (["ann"], "On duty Ann is away Ben answers as deputy →"),
        (["ann", "ben"], "On duty Ann is away Dora answers as duty manager →"),
        (["ann", "ben", "dora"], "On duty Ann is away nobody would answer a page →"),
    ],
)
def test_the_board_says_who_would_answer_a_page_now(
    login: Login, frozen: object, now: datetime, admin: User, away: list[str], said: str
) -> None:
    ben, dora = staff("ben"), staff("dora")
    team = {"ann": staff("ann", deputy=ben), "ben": ben, "dora": dora}
    for name, user in team.items():
        User.objects.filter(pk=user.pk).update(first_name=name.title())
    set_desk(duty_manager=dora)
    shift = DutyShiftFactory(user=team["ann"])
    DutyShiftFactory(rota=shift.rota, starts_at=shift.ends_at, ends_at=shift.ends_at + HOUR)
    for name in away:
        AbsenceFactory(user=team[name])
    client = login(admin)
    assert said in duty_line(board_html(client))
    refreshed = client.get("/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="board-duty" hx-swap-oob="true"' in refreshed
    assert said in duty_line(refreshed)


def duty_line(html: str) -> str:
    """What is read of it, without icons and initials."""
    line = html[html.index('id="board-duty"') :].partition("</p>")[0].partition("<p")[2]
    words = re.sub(r"<span[^>]*aria-hidden.*?</span>", "", "<p" + line)
    return " ".join(re.sub(r"<[^>]+>", " ", words).split())


def test_without_anybody_on_duty_the_board_names_the_duty_manager(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    set_desk(duty_manager=UserFactory(first_name="Dora"))
    DutyShiftFactory(starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    assert "nobody Dora answers as duty manager" in duty_line(board_html(login(admin)))


@pytest.mark.parametrize(
    ("group", "is_told"), [("Support director", True), ("Operator", True), ("Team lead", False)]
)
def test_operators_and_directors_read_that_no_administrator_can_be_notified(
    login: Login, frozen: object, group: str, is_told: bool
) -> None:
    AdminFactory(email="")
    html = board_html(login(staff(groups=[group])))
    assert ("No administrator can be notified" in html) == is_told
    assert "/auth/user/" not in html


def test_a_waived_ticket_is_marked_and_leaves_the_breached_ones(
    login: Login, admin: User, frozen: object, now: datetime
) -> None:
    clock_due(now - HOUR)
    clock_due(now - HOUR, waiver_proposed_at=now, waiver_proposed_by=admin)
    clock_due(now - HOUR, waived_at=now, waived_by=admin)
    html = board_html(login(admin))
    assert html.count('class="waived"') == 2
    assert html.count("</span> waived</small>") == 1
    assert html.count("</span> waiver proposed</small>") == 1
    assert len(tickets_in(html)) == 3
    assert board_counters(Ticket.objects.all(), now=now).breached == 2
    assert len(tickets_in(board_html(login(admin), "promise=breached"))) == 2


def test_the_share_of_the_week_stands_beside_the_one_without_waived_breaches(
    login: Login, admin: User, frozen: object, now: datetime
) -> None:
    clock_due(now, state=ClockState.MET)
    clock_due(now, state=ClockState.BREACHED)
    clock_due(now, state=ClockState.BREACHED, waived_at=now, waived_by=admin)
    this, _last = compliance(Ticket.objects.all(), now=now)
    assert (this.percent, this.adjusted_percent) == (33.3, 50.0)
    words = login(admin).get(reverse("admin:board_kept")).text
    assert "33.3%" in words
    assert "50.0% without waived" in words


@pytest.mark.parametrize(
    ("group", "is_told"), [("Support director", True), ("Team lead", True), ("Account manager", False)]
)
def test_readers_of_weekly_packs_read_that_one_is_missing(
    login: Login, frozen: object, now: datetime, group: str, is_told: bool
) -> None:
    set_desk()
    ClockEventFactory(clock=ClockFactory(started_at=now - timedelta(days=7)))
    assert ("A weekly pack is due and missing" in board_html(login(staff(groups=[group])))) == is_told


def test_an_administrator_without_an_address_is_led_to_where_to_enter_it(
    login: Login, frozen: Any, now: datetime
) -> None:
    reader = AdminFactory(email="")
    page = reverse("admin:auth_user_change", args=[reader.pk])
    html = board_html(login(reader))
    assert f'href="{page}#id_email"' in html
    assert 'name="email"' in login(reader).get(page).content.decode()
    User.objects.filter(pk=reader.pk).update(email="root@desk.example")
    frozen.move_to(now + FRESH_TROUBLE)
    assert "No administrator can be notified" not in board_html(login(reader))


def test_promises_kept_this_week_and_last_by_due_time(now: datetime) -> None:
    last_week = now - timedelta(days=7)
    for due, state in (
        (now, ClockState.MET),
        (now, ClockState.MET),
        (now - HOUR, ClockState.BREACHED),
        (now, ClockState.CANCELLED),
        (last_week, ClockState.BREACHED),
    ):
        clock_due(due, state=state, stopped_at=due, breached_at=due if state == ClockState.BREACHED else None)
    this, last = compliance(Ticket.objects.all(), now=now)
    assert (this.percent, last.percent) == (66.7, 0.0)


def test_the_share_of_promises_kept_is_loaded_after_the_board(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    clock_due(now, state=ClockState.MET, stopped_at=now)
    client = login(admin)
    assert reverse("admin:board_kept") in board_html(client)
    assert "100.0%" in client.get(reverse("admin:board_kept")).content.decode()


def test_a_week_without_promises_has_no_percentage(now: datetime) -> None:
    assert compliance(Ticket.objects.all(), now=now)[0].percent is None


def test_an_account_manager_sees_the_own_tickets_and_customers_and_no_others(
    login: Login, frozen: object, now: datetime
) -> None:
    HeartbeatFactory(at=now)
    anna = staff(groups=["Account manager"])
    own_ticket = clock_due(now + HOUR, ticket=TicketFactory(owner=anna)).ticket
    cared = clock_due(
        now + 2 * HOUR, ticket=TicketFactory(customer=CustomerFactory(account_manager=anna))
    ).ticket
    hidden = clock_due(now + 3 * HOUR).ticket
    html = board_html(login(anna))
    assert tickets_in(html) == [own_ticket.pk, cared.pk]
    assert hidden.customer.name not in html


def test_whoever_may_not_view_tickets_sees_none(login: Login, frozen: object, now: datetime) -> None:
    HeartbeatFactory(at=now)
    somebody = staff(groups=[])
    clock_due(now + HOUR, ticket=TicketFactory(owner=somebody))
    client = login(somebody)
    assert tickets_in(board_html(client)) == []
    assert client.get(reverse("admin:board_export")).status_code == 403


def test_the_row_names_number_customer_owner_and_the_next_step_with_its_recipient(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    manager = staff("manager")
    clock = clock_due(
        now + HOUR, next_step_at=now + HOUR, ticket=TicketFactory(owner=staff(reports_to=manager))
    )
    EscalationStepFactory(policy=clock.policy_version.policy)
    html = board_html(login(admin))
    ticket = clock.ticket
    for words in (
        ticket.number,
        ticket.customer.name,
        ticket.owner.first_name,
        f"→ {manager.first_name}",
        "1:00:00",
    ):
        assert words in html


def test_the_filter_narrows_the_list_and_not_the_counters(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    wanted = clock_due(now + HOUR, ticket=TicketFactory(priority=Priority.P0)).ticket
    clock_due(now + HOUR, ticket=TicketFactory(priority=Priority.P3))
    html = board_html(login(admin), "priority=0")
    assert tickets_in(html) == [wanted.pk]
    assert re.search(r"<b>2</b><span>SLAs running", html)


def test_a_tag_stays_chosen_while_one_filters_on(login: Login, admin: User) -> None:
    tagged, _other = TicketFactory(owner=admin), TicketFactory(owner=admin)
    tagged.tags.create(name="推流")
    html = board_html(login(admin), "tag=推流")
    assert tickets_in(html) == [tagged.pk]
    assert re.search(r'<input type="hidden" name="tag" value="推流"', html)


def test_a_filter_that_is_not_understood_is_told(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    assert "Select a valid choice" in board_html(login(admin), "owner=99999&page=x")


def test_a_page_number_beyond_every_number_is_the_first(login: Login, admin: User, now: datetime) -> None:
    ticket = clock_due(now).ticket
    assert tickets_in(board_html(login(admin), "page=" + "9" * 30)) == [ticket.pk]


def test_resolved_tickets_are_found_by_search(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    done = TicketFactory(status=Status.RESOLVED, subject="Echo")
    findable(done)
    client = login(admin)
    assert tickets_in(board_html(client)) == []
    assert tickets_in(board_html(client, "q=echo")) == [done.pk]
    SearchBacklog.objects.create(source="tickets")
    assert "Older tickets are still being added to the search." in board_html(client, "q=echo")
    assert "Older tickets are still being added" not in board_html(client)


def test_an_unwell_desk_shows_why(login: Login, frozen: Any, now: datetime, admin: User) -> None:
    client = login(admin)
    assert "SLAs are not being enforced" not in board_html(client)
    frozen.shift(timedelta(minutes=10))
    assert "SLAs are not being enforced: the last sweep was 10 min ago." in board_html(client)


def test_a_refresh_brings_list_counters_and_health_without_the_page_around(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    clock = clock_due(now + HOUR)
    response = login(admin).get("/", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert tickets_in(html) == [clock.ticket_id]
    assert 'id="board-pulse" hx-swap-oob="true"' in html
    assert "<html" not in html
    assert "HX-Request" in response.headers["Vary"]


def test_a_board_restored_from_the_browser_history_is_a_whole_page(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in login(admin).get("/", headers=headers).content.decode()


def test_hostile_words_are_shown_as_words(login: Login, frozen: object, now: datetime, admin: User) -> None:
    clock_due(now + HOUR, ticket=TicketFactory(subject="<script>alert(1)</script>"))
    html = board_html(login(admin))
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize("see_all", [True, False])
def test_thirty_rows_cost_the_queries_of_three(
    login: Login,
    frozen: object,
    now: datetime,
    count_queries: Callable[[Callable[[], Any]], int],
    see_all: bool,
) -> None:
    HeartbeatFactory(at=now)
    reader = AdminFactory() if see_all else staff(groups=["Account manager"])
    customer = CustomerFactory(account_manager=reader)
    set_desk(duty_manager=staff())
    client = login(reader)

    def add(number: int) -> None:
        for _each in range(number):
            clock = clock_due(now + HOUR, next_step_at=now, ticket=TicketFactory(customer=customer))
            EscalationStepFactory(policy=clock.policy_version.policy)
            TicketFactory(customer=customer, owner=staff())

    add(3)
    client.get("/")
    three = count_queries(lambda: client.get("/"))
    add(27)
    assert count_queries(lambda: client.get("/")) == three
    assert three <= 14


def test_the_list_is_exported_as_it_is_filtered(
    login: Login, frozen: object, now: datetime, admin: User
) -> None:
    wanted = TicketFactory(priority=Priority.P0)
    other = TicketFactory(priority=Priority.P3)
    response = login(admin).get(reverse("admin:board_export") + "?priority=0")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert wanted.subject in text
    assert other.subject not in text


def test_the_export_holds_only_what_its_reader_may_see(login: Login, frozen: object) -> None:
    anna = staff(groups=["Account manager"])
    own_ticket, hidden = TicketFactory(owner=anna), TicketFactory()
    response = login(anna).get(reverse("admin:board_export"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert own_ticket.subject in text
    assert hidden.subject not in text


def test_counters_and_list_agree_on_what_a_reader_sees(now: datetime) -> None:
    anna = staff(groups=["Account manager"])
    own_clock = clock_due(now + HOUR, ticket=TicketFactory(owner=anna))
    clock_due(now + HOUR)
    assert board_counters(visible_tickets(anna), now=now).running == 1
    assert [row.clock for row in board_rows(visible_tickets(anna), now=now).rows] == [own_clock]


def test_a_promise_with_nobody_left_to_tell_turns_the_board_red_for_everybody(
    login: Login, now: datetime, admin: User
) -> None:
    ticket = TicketFactory(subject="Black screen", owner=staff("ann"))
    ClockFactory(ticket=ticket, stranded_at=now - HOUR)
    ClockFactory(stranded_at=now, stopped_at=now)
    ClockFactory(stranded_at=now, state=ClockState.PAUSED)
    stranger = staff("stranger")
    for reader, may_see in ((admin, True), (stranger, False)):
        html = board_html(login(reader))
        assert "The escalation chain has ended for 1 SLA, with nobody left to take it." in html
        assert "pulse-red" in html
        assert ("Black screen" in html) == may_see


def test_a_board_on_which_somebody_is_left_for_everything_is_not_red(login: Login, admin: User) -> None:
    ClockFactory()
    assert "pulse-red" not in board_html(login(admin))


@pytest.mark.parametrize(("group", "is_asked"), [("Account manager", False), ("Team lead", True)])
def test_the_board_asks_leads_for_new_account_managers(login, group, is_asked):
    CustomerFactory(account_manager=staff("gone", groups=[]))
    page = login(staff("reader", groups=[group])).get("/").content.decode()
    assert ("/customers/customer/?needs=manager" in page) is is_asked
    assert ("1 customer needs a new account manager" in page) is is_asked
