"""The page of scorecards: whose lines one sees, and that each figure opens as many rows as it says.

With choice, columns and drawing, and the filter by which the lists show the rows.
"""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from escalation.choices import ClockState
from escalation.models import Calendar, PolicyVersion
from escalation.scorecards.behind import PARAMETER
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.figures import Figure
from tests.escalation.exports.test_recomputed_packs import END, WEEK
from tests.escalation.scorecards.playedweek import PlayedWeek
from tests.factories import (
    NOW,
    AdminFactory,
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    OutboundMessageFactory,
    TeamFactory,
    TicketFactory,
    staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
URL = "/scorecards/"
DAYS = {"start": f"{WEEK.monday}", "end": f"{WEEK.monday + timedelta(days=6)}"}
HOUR = timedelta(hours=1)


@pytest.fixture
def played(frozen):
    frozen.move_to(END + timedelta(days=1))
    return PlayedWeek(1)


def page(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200
    return response


def cells(response):
    """The cells of all lines that open something: their column, text and address."""
    lines = [response.context["desk"], *response.context["lines"]]
    return [(line.name, cell) for line in lines for cell in line.cells if cell.url]


def figure_of(cell):
    (address,) = parse_qs(urlsplit(cell.url).query)[PARAMETER]
    return Figure(parse_qs(address)["figure"][0])


def rows_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.context["cl"].result_count


COUNTS = [
    Figure.MET, Figure.BREACHED, Figure.WAIVED, Figure.CANCELLED, Figure.NEAR_MISSES, Figure.LATE_DOWNGRADES,
    Figure.VOIDED, Figure.ESCALATIONS, Figure.SOLVED, Figure.WROTE_AGAIN, Figure.REOPENED,
]  # fmt: skip


@pytest.mark.parametrize("figure", COUNTS)
def test_each_figure_opens_as_many_rows_as_it_says(login, played, figure):
    client = login(AdminFactory())
    for dimension in (Dimension.TEAM, Dimension.PERSON, Dimension.PLAN):
        shown = [
            (name, cell)
            for name, cell in cells(page(client, by=dimension.value, **DAYS))
            if figure_of(cell) == figure and str(cell.title) == str(figure.label)
        ]
        assert shown
        for name, cell in (shown[0], shown[-1]):
            assert (name, rows_of(client, cell.url)) == (name, int(cell.text))


@pytest.mark.parametrize(
    "figure", [Figure.JUDGED, Figure.FIRST_RESPONSES, Figure.NEXT_RESPONSES, Figure.HELD, Figure.SOLVED]
)
def test_a_share_or_percentile_opens_the_rows_that_it_is_of(login, played, figure):
    client = login(AdminFactory())
    opening = [
        (name, cell) for name, cell in cells(page(client, by="person", **DAYS)) if figure_of(cell) == figure
    ]
    somebody = opening[-1][0]
    shown = [cell for name, cell in opening if name == somebody]
    numbers = {rows_of(client, cell.url) for cell in shown}
    assert len(numbers) == 1
    assert numbers.pop() > 0


@pytest.mark.parametrize("heat", [0, 1, 2], ids=["arrived", "due", "breached"])
def test_each_hour_of_the_heat_maps_opens_its_rows(login, played, heat):
    client = login(AdminFactory())
    table = page(client, **DAYS).context["heat"][heat]
    shown = [cell for _hour, row in table.rows for cell in row if cell.url]
    assert shown
    for cell in (shown[0], shown[-1]):
        assert rows_of(client, cell.url) == int(cell.text)


def test_each_week_of_the_trend_opens_its_rows_and_the_last_is_the_period(login, played):
    client = login(AdminFactory())
    response = page(client, **DAYS)
    bars = response.context["trend"].bars
    for bar in bars:
        for cell in (bar.met, bar.breached):
            if cell.url:
                assert rows_of(client, cell.url) == int(cell.text)
    met, breached = response.context["desk"].cells[:2]
    assert (bars[-1].met.text, bars[-1].breached.text) == (met.text, breached.text)
    assert bars[-2].met.url


def test_each_row_of_the_list_leads_to_its_explanation(login, played):
    client = login(AdminFactory())
    (met,) = [cell for cell in page(client, **DAYS).context["desk"].cells if str(cell.title) == "Met"]
    html = LexborHTMLParser(client.get(met.url).content.decode())
    links = [a.attributes["href"] for a in html.css("#result_list a") if "/promise/" in a.attributes["href"]]
    assert len(links) == min(50, int(met.text))
    assert client.get(links[0]).status_code == 200


# ------------------------------------------------------------------------------------------------------------
# Who sees what


def kept(owner, **fields):
    """A promise that its owner kept an hour before NOW."""
    ticket = TicketFactory(owner=owner, opened_at=NOW - 2 * HOUR, **fields)
    answer = OutboundMessageFactory(ticket=ticket, at=NOW - HOUR, author=owner)
    terms = {"calendar": Calendar.objects.first(), "policy_version": PolicyVersion.objects.first()}
    clock = ClockFactory(
        ticket=ticket, state=ClockState.MET, stopped_at=NOW - HOUR, answered_by=answer, **terms
    )
    ClockEventFactory(clock=clock)
    return clock


def named(name, **fields):
    person = staff(name, **fields)
    person.first_name, person.last_name = name, ""
    person.save()
    return person


@pytest.fixture
def people():
    """Ann and Ben of North, whom Lea leads, and Zoe of South."""
    lea = named("lea", groups=["Team lead"])
    north, south = TeamFactory(name="North", lead=lea), TeamFactory(name="South")
    ann, ben = (named(name, groups=["Account manager"], team=north) for name in ("ann", "ben"))
    zoe = named("zoe", groups=["Account manager"], team=south)
    for person in (ann, ben, zoe):
        kept(person, customer=CustomerFactory(name=f"Of {person.username}", account_manager=person))
    return {"ann": ann, "ben": ben, "zoe": zoe, "lea": lea}


SEEN = [
    ("ann", "person", ["ann"]),
    ("ann", "team", []),
    ("ann", "customer", ["Of ann"]),
    ("ann", "account_manager", ["ann"]),
    ("lea", "person", ["ann", "ben"]),
    ("lea", "team", ["North"]),
    ("lea", "customer", ["Of ann", "Of ben"]),
    ("dora", "person", ["ann", "ben", "zoe"]),
    ("dora", "team", ["North", "South"]),
    ("otto", "customer", ["Of ann", "Of ben", "Of zoe"]),
]


@pytest.mark.parametrize(("reader", "by", "names"), SEEN)
def test_people_see_themselves_leads_their_team_directors_and_auditors_all(login, people, reader, by, names):
    people["dora"] = staff("dora", groups=["Support director"])
    people["otto"] = staff("otto", groups=["Auditor"])
    lines = page(login(people[reader]), by=by).context["lines"]
    assert sorted(line.name for line in lines) == names
    assert {line.cells[0].text for line in lines} <= {"1", "2"}


def test_the_line_of_all_counts_only_what_the_reader_may_open(login, people):
    assert page(login(people["ann"])).context["desk"].cells[0].text == "1"
    assert page(login(people["lea"])).context["desk"].cells[0].text == "2"


@pytest.mark.parametrize("by", ["person", "account_manager"])
def test_the_scorecard_of_somebody_else_is_not_found_whether_there_is_one_or_not(login, people, by):
    client = login(people["ann"])
    assert client.get(URL, {"by": by, "key": people["ann"].pk}).status_code == 200
    assert [
        client.get(URL, {"by": by, "key": key}).status_code for key in (people["zoe"].pk, 999_999, "")
    ] == [
        404,
        404,
        404,
    ]


def test_a_customer_or_team_of_others_is_not_found(login, people):
    client = login(people["ann"])
    foreign = kept(people["zoe"], customer=CustomerFactory(account_manager=people["zoe"])).ticket.customer_id
    assert client.get(URL, {"by": "customer", "key": foreign}).status_code == 404
    assert client.get(URL, {"by": "team", "key": "South"}).status_code == 404


def test_the_rows_behind_a_figure_of_somebody_else_are_not_found_either(login, people):
    director = login(staff("dora", groups=["Support director"]))
    urls = {line.name: line.cells[0].url for line in page(director, by="person").context["lines"]}
    client = login(people["ann"])
    assert client.get(urls["ann"]).context["cl"].result_count == 1
    assert client.get(urls["zoe"]).status_code == 404


@pytest.mark.parametrize(
    "text", ["x", "figure=met", "figure=met&by=team&key=&start=2026&end=never", "cell=9"]
)
def test_an_address_that_no_page_wrote_is_not_found(login, text):
    client = login(AdminFactory())
    assert client.get(reverse("admin:escalation_clock_changelist"), {PARAMETER: text}).status_code == 404


def test_who_may_not_see_promises_may_not_see_scorecards(login):
    assert login(staff(groups=[])).get(URL).status_code == 403


# ------------------------------------------------------------------------------------------------------------
# What was asked for


def test_days_that_make_no_sense_are_named_and_this_week_is_shown(login):
    client = login(AdminFactory())
    senseless = [("2026-11-20", "2026-11-01"), ("x", ""), ("1000-01-01", "1000-01-02"), ("2001-01-01", "2026-01-01"),
                 ("9999-12-30", "9999-12-31")]  # fmt: skip
    for start, end in senseless:
        response = page(client, start=start, end=end)
        assert "This week is shown instead." in response.content.decode()


@pytest.mark.parametrize("period", ["this-week", "last-week", "this-month", "last-quarter", "nonsense"])
def test_every_period_and_dimension_opens(login, people, period):
    client = login(AdminFactory())
    for dimension in Dimension:
        assert page(client, by=dimension.value, period=period).context["chosen"].period.end <= NOW


def test_lines_of_nothing_are_not_found(login):
    assert login(AdminFactory()).get(URL, {"by": "moon"}).status_code == 404


def test_the_page_has_no_script_handler_or_style_of_its_own(login, people):
    html = LexborHTMLParser(page(login(AdminFactory()), by="person").content.decode())
    main = html.css_first(".scores")
    assert main.css_first("script") is None
    assert [
        name for node in main.css("*") for name in node.attributes if name.startswith("on") or name == "style"
    ] == []


def test_thirty_people_cost_the_queries_of_three(login):
    client, costs = login(AdminFactory()), []
    for number in (3, 27):
        for _each in range(number):
            person = staff()
            kept(person, customer=CustomerFactory(account_manager=person))
        page(client, by="person")
        with CaptureQueriesContext(connection) as queries:
            response = page(client, by="person")
        costs.append(len(queries))
    assert len(response.context["lines"]) == 30
    assert costs[0] == costs[1] <= 26
