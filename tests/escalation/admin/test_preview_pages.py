"""The preview on the pages of policies and contracts: unsaved values, chosen times, zones, access."""

from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from customers.models import Contract
from escalation.models import Calendar, Policy
from tests.adminpages import add_url, page_url
from tests.factories import (
    AdminFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    ServicePlanFactory,
    staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"], time_zone="Asia/Shanghai")


@pytest.fixture
def default():
    return Policy.objects.get(is_default=True)


@pytest.fixture
def berlin():
    return CustomerFactory(name="Aurora Live", time_zone="Europe/Berlin")


def url(name, row=None):
    return reverse(f"admin:{name}_preview", args=[row.pk] if row else [])


def policy_post(**changes):
    """What the form of a policy posts, with one window."""
    calendar = Calendar.objects.get(name="24x7").pk
    return {
        "name": "x",
        "minutes_first_response_0": 45,
        "calendar_first_response_0": calendar,
        **changes,
    }


def previewed(client, row, data):
    name = "escalation_policy" if row is None or isinstance(row, Policy) else "customers_contract"
    response = client.post(url(name, row), data)
    assert response.status_code == 200
    return response.content.decode()


def dues(client, row, **changes):
    policy = {f"minutes_{kind}_{p}": 60 for kind in ("first_response", "next_response") for p in range(4)}
    calendars = {name.replace("minutes", "calendar"): Calendar.objects.get(name="24x7").pk for name in policy}
    return previewed(client, row, policy | calendars | changes)


def test_the_unsaved_windows_of_a_policy_are_previewed_and_nothing_is_saved(login, director, default):
    before = default.versions.count()
    html = dues(login(director), default, minutes_first_response_0=45)
    assert "2026-11-18 20:45 (UTC+8, Shanghai)" in html  # now, and 45 minutes
    assert "2026-11-18 21:00 (UTC+8, Shanghai)" in html
    assert default.versions.count() == before


def test_the_time_is_chosen_in_the_readers_zone_and_shown_in_the_customers(login, director, default):
    html = dues(
        login(director), default, preview_at="2026-12-01T23:50", preview_zone="Europe/Berlin",
        minutes_first_response_0=30,
    )  # fmt: skip
    assert "2026-12-02 00:20 (UTC+8, Shanghai)" in html
    assert "2026-12-01 17:20 (UTC+1, Berlin)" in html


def test_a_policy_that_is_not_saved_yet_is_previewed(login, director):
    html = previewed(login(director), None, policy_post(name="", plan=""))
    assert "20:45" in html
    assert not Policy.objects.filter(name="x").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"minutes_first_response_1": "soon"}, "First response, P1 High, minutes: Enter a whole number."),
        ({"calendar_first_response_0": ""}, "Choose the working calendar for these minutes."),
        ({"minutes_next_response_2": ""}, "The default policy must cover every response"),
        ({"preview_at": "yesterday"}, "Arriving at: Enter a valid date/time."),
        ({"preview_at": "2426-11-18T12:00"}, "within ten years"),
        ({"preview_zone": "Mars/Base"}, "not a time zone"),
    ],
)
def test_invalid_input_is_explained_in_place_of_the_preview(login, director, default, changes, sentence):
    html = dues(login(director), default, **changes)
    assert sentence in html
    assert "<table" not in html


def test_text_from_the_form_is_escaped_in_the_preview(login, director, default):
    html = dues(login(director), default, preview_zone="<script>alert(1)</script>")
    assert "<script>" not in html


def test_a_reader_previews_the_windows_in_force_whatever_is_posted(login, default):
    client = login(staff(groups=["Account manager"], time_zone="Asia/Shanghai"))
    html = dues(client, default, minutes_first_response_0=9999)
    assert "2026-11-18 20:30 (UTC+8, Shanghai)" in html
    assert client.post(url("escalation_policy"), {}).status_code == 403


def test_a_preview_answers_post_requests_only(login, director, default):
    assert login(director).get(url("escalation_policy", default)).status_code == 405


def contract_post(contract, **changes):
    data = {
        "customer": contract.customer.pk,
        "plan": contract.plan.pk,
        "reference": contract.reference,
        "starts_on": contract.starts_on,
        "ends_on": contract.ends_on or "",
        "windows-TOTAL_FORMS": 0,
        "windows-INITIAL_FORMS": 0,
    }
    return data | changes


def own_window(number, priority, minutes, row=None):
    prefix, calendar = f"windows-{number}", Calendar.objects.get(name="24x7").pk
    return {
        f"{prefix}-kind": "first_response", f"{prefix}-priority": priority, f"{prefix}-minutes": minutes,
        f"{prefix}-calendar": calendar, f"{prefix}-id": row.pk if row else "",
        "windows-TOTAL_FORMS": number + 1, "windows-INITIAL_FORMS": 1 if row else 0,
    }  # fmt: skip


def strict_plan(minutes=15):
    plan = ServicePlanFactory(name="Gold")
    version = PolicyVersionFactory(policy=PolicyFactory(plan=plan), number=1)
    PolicyTargetFactory(version=version, priority=0, minutes=minutes)
    return plan


def test_a_contract_is_previewed_with_the_plan_chosen_in_the_form(login, berlin):
    contract = ContractFactory(customer=berlin)
    client = login(AdminFactory())
    html = previewed(client, contract, contract_post(contract, plan=strict_plan().pk))
    assert "Aurora Live on Gold" in html
    assert "2026-11-18 13:15 (UTC+1, Berlin)" in html
    contract.refresh_from_db()
    assert contract.plan.name != "Gold"


def test_a_contract_that_is_not_saved_yet_is_previewed(login, berlin):
    draft = Contract(customer=berlin, plan=strict_plan(), starts_on=date(2026, 11, 1))
    response = login(AdminFactory()).post(url("customers_contract"), contract_post(draft))
    assert "13:15 (UTC+1, Berlin)" in response.content.decode()
    assert not Contract.objects.exists()


def test_before_the_first_day_of_a_contract_its_preview_says_what_applies_instead(login, berlin):
    contract = ContractFactory(customer=berlin, plan=strict_plan())
    client = login(AdminFactory())
    html = previewed(client, contract, contract_post(contract, starts_on="2026-12-01"))
    assert "Aurora Live has no contract on this day" in html
    assert "13:30 (UTC+1, Berlin)" in html  # the default policy
    html = previewed(
        client, contract, contract_post(contract, starts_on="2026-12-01", preview_at="2026-12-02T12:00")
    )
    assert "Aurora Live on Gold" in html


def test_a_contract_with_mistakes_gives_their_sentences(login, berlin):
    contract = ContractFactory(customer=berlin, ends_on=date(2026, 6, 30))
    other = ContractFactory(customer=berlin, starts_on=date(2026, 7, 1))
    client = login(AdminFactory())
    html = previewed(client, contract, contract_post(contract, ends_on=""))
    assert "End it first." in html
    assert str(other.plan) in html
    assert "<table" not in html
    html = previewed(client, contract, contract_post(contract, starts_on=""))
    assert "Start date: This field is required." in html


def test_a_contract_one_may_not_see_does_not_exist(login, berlin):
    contract = ContractFactory(customer=berlin)
    client = login(staff(groups=["Account manager"]))
    assert client.post(url("customers_contract", contract), contract_post(contract)).status_code == 404


def test_an_account_manager_previews_the_contracts_of_own_customers(login):
    manager = staff("ann", groups=["Account manager"])
    contract = ContractFactory(
        customer=CustomerFactory(account_manager=manager, name="Star"), plan=strict_plan()
    )
    html = previewed(login(manager), contract, {"plan": 99})
    assert "Star on Gold" in html


def test_a_customer_one_may_not_see_is_not_previewed_by_its_number(login, berlin):
    user = staff("ann", groups=["Account manager"])
    user.user_permissions.add(Permission.objects.get(codename="add_contract"))
    draft = Contract(customer=berlin, plan=strict_plan(), starts_on=date(2026, 11, 1))
    html = login(user).post(url("customers_contract"), contract_post(draft)).content.decode()
    assert "Select a valid choice" in html
    assert "Aurora" not in html


@pytest.mark.parametrize(
    "make", [ContractFactory, CustomerFactory, PolicyFactory], ids=lambda make: make.__name__
)
def test_the_pages_of_policies_contracts_and_customers_have_the_preview_panel(login, make, berlin):
    row = make()
    client = login(AdminFactory())
    for page in (page_url(row), add_url(type(row))):
        html = client.get(page).content.decode()
        assert 'hx-include="#' in html
        assert "/preview/" in html


def test_customers_zones_are_offered_on_the_page_of_a_policy(login, default, berlin):
    manager = staff("ann", groups=["Account manager"])
    CustomerFactory(account_manager=manager, time_zone="America/New_York")
    html = login(manager).get(page_url(default)).content.decode()
    assert "<option>America/New_York</option>" in html
    assert "<option>Europe/Berlin</option>" not in html


def test_a_preview_of_a_policy_asks_for_nothing_but_what_its_form_checks(
    login, count_queries, director, default
):
    client = login(director)
    dues(client, default)
    assert count_queries(lambda: dues(client, default)) == 25  # the calendar of each window


def test_a_preview_of_a_contract_costs_no_more_with_more_policies(login, count_queries, berlin):
    contract = ContractFactory(customer=berlin, plan=strict_plan())
    client, data = login(AdminFactory()), contract_post(contract)
    previewed(client, contract, data)
    few = count_queries(lambda: previewed(client, contract, data))
    for _each in range(5):
        PolicyTargetFactory(version__policy__plan=ServicePlanFactory())
    assert count_queries(lambda: previewed(client, contract, data)) == few


def test_windows_of_the_contract_are_previewed_before_they_are_saved(login, berlin):
    contract = ContractFactory(customer=berlin)
    client = login(AdminFactory())
    html = previewed(client, contract, contract_post(contract, **own_window(0, 0, 7)))
    assert "13:07 (UTC+1, Berlin)" in html
    assert not contract.windows.exists()


def test_an_own_window_that_the_form_changes_or_drops_is_not_previewed_as_saved(login, berlin):
    contract = ContractFactory(customer=berlin)
    saved = ContractWindowFactory(contract=contract, priority=0, minutes=11)
    client = login(AdminFactory())
    posted = contract_post(contract, **own_window(0, 0, 11, saved))
    assert "13:11 (UTC+1, Berlin)" in previewed(client, contract, posted)
    assert "13:12 (UTC+1, Berlin)" in previewed(client, contract, posted | {"windows-0-minutes": 12})
    html = previewed(client, contract, posted | {"windows-0-DELETE": "on"})
    assert "13:11 (UTC+1, Berlin)" not in html
    assert "13:30 (UTC+1, Berlin)" in html


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"windows-0-minutes": "0"}, "at least one minute"),
        ({"windows-0-calendar": ""}, "Calendar: This field"),
    ],
)
def test_bad_windows_of_a_contract_give_their_sentences(login, berlin, changes, sentence):
    contract = ContractFactory(customer=berlin)
    posted = contract_post(contract, **own_window(0, 0, 7)) | changes
    html = previewed(login(AdminFactory()), contract, posted)
    assert sentence in html
    assert "<table" not in html


def test_the_zone_of_the_contract_is_the_one_shown(login, berlin):
    contract = ContractFactory(customer=berlin)
    html = previewed(login(AdminFactory()), contract, contract_post(contract, time_zone="America/New_York"))
    assert "07:30 (UTC-5, New York)" in html


def on_customer(client, customer, **data):
    response = client.post(url("customers_customer", customer), data)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_of_a_customer_previews_the_contract_in_force_at_the_moment(login, berlin):
    ContractFactory(
        customer=berlin, plan=strict_plan(), starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30)
    )
    client = login(AdminFactory())
    html = on_customer(client, berlin)
    assert "Aurora Live on Gold" in html
    assert "2026-11-18 13:15 (UTC+1, Berlin)" in html
    assert all(f">{name}<" in html for name in ("P0 Urgent", "P1 High", "P2 Medium", "P3 Low"))
    html = on_customer(client, berlin, preview_at="2026-12-02T12:00")
    assert "Aurora Live has no contract on this day" in html


def test_a_new_customer_is_previewed_under_the_default_plan(login):
    html = on_customer(login(AdminFactory()), None)
    assert "A new customer has no contract" in html
    assert "<table" in html


def test_an_account_manager_previews_own_customers_only(login, berlin):
    manager = staff("ann", groups=["Account manager"])
    own_customer = CustomerFactory(account_manager=manager, name="Star")
    client = login(manager)
    assert "Star has no contract" in on_customer(client, own_customer)
    assert client.post(url("customers_customer", berlin)).status_code == 404


def from_customer(client, row, customer, **changes):
    return dues(client, row, preview_customer=customer.pk, **changes)


def test_a_policy_is_previewed_for_one_customer_in_their_zone(login, director, default, berlin):
    html = from_customer(login(director), default, berlin, minutes_first_response_1=45)
    assert "Aurora Live has no contract on this day" in html
    assert '<p class="soft">This policy will apply to the customer then.</p>' in html
    assert "2026-11-18 13:45 (UTC+1, Berlin)" in html
    assert "2026-11-18 20:45 (UTC+8, Shanghai)" in html
    assert all(f">{name}<" in html for name in ("P0 Urgent", "P1 High", "P2 Medium", "P3 Low"))


def test_the_preview_of_a_policy_that_does_not_serve_the_customer_names_the_one_that_does(
    login, director, default, berlin
):
    plan = strict_plan()
    ContractFactory(customer=berlin, plan=plan, starts_on=date(2026, 12, 1), time_zone="America/New_York")
    client = login(director)
    html = from_customer(client, default, berlin, minutes_first_response_0=45)
    assert "13:45 (UTC+1, Berlin)" in html
    html = from_customer(client, default, berlin, minutes_first_response_0=45, preview_at="2026-12-02T12:00")
    assert "Aurora Live on Gold" in html
    assert f"This policy will not apply to the customer then: {plan.policy} will, as saved." in html
    assert "2026-12-01 23:15 (UTC-5, New York)" in html
    html = from_customer(
        client, plan.policy, berlin, minutes_first_response_0=20, preview_at="2026-12-02T12:00"
    )
    assert "This policy will apply to the customer then." in html
    assert "2026-12-01 23:20 (UTC-5, New York)" in html


def test_the_contracts_own_windows_come_before_the_form(login, director, default, berlin):
    own_window = ContractWindowFactory(contract=ContractFactory(customer=berlin), priority=0, minutes=11)
    html = from_customer(login(director), default, own_window.contract.customer, minutes_first_response_0=45)
    assert "13:11 (UTC+1, Berlin)" in html
    assert "its own response times, which take precedence: First response P0." in html


def test_a_first_response_that_the_form_leaves_out_falls_to_the_default_policy(login, director, berlin):
    plan = ServicePlanFactory(name="Silver")
    ContractFactory(customer=berlin, plan=plan)
    data = policy_post(plan=plan.pk, preview_customer=berlin.pk)
    html = previewed(login(director), None, data)
    assert "13:45 (UTC+1, Berlin)" in html  # the form's P0
    assert "17:00 (UTC+1, Berlin)" in html  # the default P1
    assert not Policy.objects.filter(plan=plan).exists()


def test_only_customers_one_may_see_are_chosen_for_a_policy(login, default, berlin):
    manager = staff("ann", groups=["Account manager"])
    own_customer = CustomerFactory(account_manager=manager, name="Star")
    client = login(manager)
    assert "Star has no contract" in from_customer(client, default, own_customer)
    html = from_customer(client, default, berlin)
    assert "Select a valid choice" in html
    assert "Aurora" not in html


def test_the_page_of_a_policy_looks_customers_up(login, director, default):
    html = login(director).get(page_url(default)).content.decode()
    assert 'name="preview_customer"' in html
    assert "admin/js/autocomplete.js" in html
    client = login(staff("ann", groups=["Account manager"]))
    lookup = {"app_label": "customers", "model_name": "contract", "field_name": "customer", "term": "Auro"}
    CustomerFactory(name="Aurora")
    assert client.get(reverse("admin:autocomplete"), lookup).json()["results"] == []
