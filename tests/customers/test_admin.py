"""Lists and pages of customers, contacts and contracts, seen by those who may and those who may not.

Tests every module of customers.admin.
"""

from datetime import date

import pytest

from customers.models import Absence, Contact, Contract, Customer, MailDomain, ServicePlan, StaffProfile
from tests.adminpages import add_url, errors, list_url, listed, offered, page_url, said
from tests.factories import (
    AbsenceFactory,
    AdminFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    MailDomainFactory,
    ServicePlanFactory,
    SkillFactory,
    TeamFactory,
    UserFactory,
    set_desk,
    staff,
)

pytestmark = pytest.mark.django_db

MODELS = [Customer, Contact, Contract, ServicePlan, StaffProfile, Absence]


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


@pytest.fixture
def lead(ann):
    lead = staff("lead", groups=["Team lead"])
    ann.staff_profile.reports_to = lead
    ann.staff_profile.save(update_fields=["reports_to"])
    return lead


@pytest.fixture
def foreign():
    """A customer somebody else looks after."""
    return CustomerFactory(name="Secret Games", account_manager=staff("bob"))


def customer_form(customer, **changes):
    formsets = {}
    for prefix, total in (("domains", 0), ("contacts", 0), ("contracts", 0)):
        formsets |= {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": 0}
    fields = ["name", "code", "scenario", "language", "time_zone"]
    return formsets | {name: getattr(customer, name) for name in fields} | {"is_active": "on"} | changes


@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Duty manager", "Support director"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_list_opens_for_every_group(login, group, model):
    ContractFactory()
    AbsenceFactory()
    assert login(staff(groups=[group])).get(list_url(model)).status_code == 200


def test_an_account_manager_lists_own_customers_and_a_director_all(login, client, ann, foreign):
    own = CustomerFactory(account_manager=ann)
    assert listed(login(ann), Customer) == [own]
    assert set(listed(login(staff(groups=["Support director"])), Customer)) == {own, foreign}


def test_a_foreign_customer_looks_like_one_that_does_not_exist(login, ann, foreign):
    client = login(ann)
    response = client.get(page_url(foreign), follow=True)
    foreign.pk += 1000
    missing = client.get(page_url(foreign), follow=True)
    assert response.redirect_chain == missing.redirect_chain
    assert "Secret Games" not in response.content.decode()


@pytest.mark.parametrize("query", ["q=Secret", "account_manager__id__exact=1", "name__startswith=S", "o=1"])
def test_no_search_or_filter_reaches_a_foreign_customer(login, ann, foreign, query):
    response = login(ann).get(f"{list_url(Customer)}?{query}", follow=True)
    assert "Secret Games" not in response.content.decode()


def test_contacts_and_contracts_of_foreign_customers_are_not_listed_searched_or_offered(login, ann, foreign):
    contact, contract = ContactFactory(customer=foreign), ContractFactory(customer=foreign)
    client = login(ann)
    assert listed(client, Contact) == listed(client, Contract) == []
    assert listed(client, Contact, q=contact.name) == []
    for row in (contact, contract):
        assert client.get(page_url(row)).status_code == 302
        assert client.get(page_url(row).replace("change", "delete")).status_code in (302, 403)
        assert client.get(page_url(row).replace("change", "history")).status_code in (302, 403)
    assert "Secret Games" not in client.get(list_url(Contact)).content.decode()
    assert offered(client, Contact._meta.get_field("customer")) == []


def test_a_filter_names_the_chosen_customer_only_if_it_is_visible(login, ann, foreign):
    own = CustomerFactory(name="Own Live", account_manager=ann)
    client = login(ann)
    chosen = {name: client.get(list_url(Contact), {"customer__id__exact": row.pk}).content.decode()
              for name, row in (("own", own), ("foreign", foreign))}  # fmt: skip
    assert "Own Live" in chosen["own"]
    assert "Secret Games" not in chosen["foreign"]


def test_a_filter_by_customer_is_the_same_size_for_three_and_thirty(login, ann, count_queries):
    client = login(ann)
    client.get(list_url(Contact))

    def costs():
        size = len(client.get(list_url(Contact)).content)
        return size, count_queries(lambda: client.get(list_url(Contact)))

    CustomerFactory.create_batch(3, account_manager=ann)
    few = costs()
    CustomerFactory.create_batch(27, account_manager=ann)
    assert costs() == few


def test_the_autocomplete_offers_visible_customers_only(login, ann, foreign):
    CustomerFactory(name="Own Live", account_manager=ann)
    assert offered(login(ann), Contact._meta.get_field("customer")) == ["Own Live"]


def test_a_contact_cannot_be_put_under_a_foreign_customer_by_its_number(login, ann, foreign):
    data = {"name": "Li", "email": "li@x.example", "customer": foreign.pk}
    response = login(ann).post(add_url(Contact), data)
    assert "valid choice" in errors(response)
    assert "Secret Games" not in response.content.decode()
    assert not Contact.objects.exists()


def test_an_account_manager_adds_a_contact_to_an_own_customer(login, ann):
    own = CustomerFactory(account_manager=ann)
    data = {"name": "Li", "email": "li@x.example", "customer": own.pk, "is_active": "on"}
    assert login(ann).post(add_url(Contact), data).status_code == 302
    assert Contact.objects.get().customer == own


def test_a_contact_gets_no_colleague_s_address(login, ann):
    own = CustomerFactory(account_manager=ann)
    ann.email = "ann@desk.example"
    ann.save()
    client, data = (
        login(ann),
        {"name": "Li", "email": "Ann@desk.example", "customer": own.pk, "is_active": "on"},
    )
    response = client.post(add_url(Contact), data)
    assert "This is a colleague&#x27;s address" in response.content.decode()
    assert not Contact.objects.exists()
    there = ContactFactory(customer=own, email="ann@desk.example")
    assert client.post(page_url(there), data | {"email": "ann@desk.example"}).status_code == 302
    there.refresh_from_db()
    assert there.name == "Li"


def test_no_contact_of_a_customer_gets_a_colleague_s_address_on_the_customer_s_page(login, ann, lead):
    own = CustomerFactory(account_manager=ann)
    lead.email = "lead@desk.example"
    lead.save()
    data = customer_form(own, account_manager=ann.pk)
    data |= {
        "contacts-TOTAL_FORMS": 1,
        "contacts-0-email": "lead@desk.example",
        "contacts-0-customer": own.pk,
    }
    response = login(lead).post(page_url(own), data)
    assert "This is a colleague&#x27;s address" in response.content.decode()
    assert not Contact.objects.exists()


def test_an_account_manager_may_not_change_a_customer(login, ann):
    own = CustomerFactory(account_manager=ann)
    assert login(ann).post(page_url(own), customer_form(own, name="Mine now")).status_code == 403


def test_a_lead_writes_a_domain_in_any_case_and_it_is_kept_in_lower_case(login, ann, lead):
    own = CustomerFactory(account_manager=ann)
    data = customer_form(own, account_manager=ann.pk)
    data |= {"domains-TOTAL_FORMS": 1, "domains-0-domain": " @Live.Example ", "domains-0-customer": own.pk}
    response = login(lead).post(page_url(own), data)
    assert response.status_code == 302
    assert MailDomain.objects.get().domain == "live.example"


@pytest.mark.parametrize(
    ("domain", "complaint"),
    [
        ("QQ.com", "qq.com is a public email provider"),
        ("live.example", "already exists"),
        ("not a domain", "domain name"),
    ],
)
def test_a_domain_that_identifies_nobody_is_refused_with_a_sentence(login, ann, lead, domain, complaint):
    MailDomainFactory(domain="live.example")
    own = CustomerFactory(account_manager=ann)
    data = customer_form(own, account_manager=ann.pk)
    data |= {"domains-TOTAL_FORMS": 1, "domains-0-domain": domain, "domains-0-customer": own.pk}
    response = login(lead).post(page_url(own), data)
    assert complaint in errors(response)


def test_the_list_shows_the_plan_in_force_and_who_looks_after_the_customer(login, ann):
    own = CustomerFactory(account_manager=ann)
    ContractFactory(customer=own, plan=ServicePlanFactory(name="Gold plan"), starts_on=date(2020, 1, 1))
    past = ContractFactory(
        plan__name="Old plan",
        customer__account_manager=ann,
        starts_on=date(2020, 1, 1),
        ends_on=date(2020, 2, 1),
    )
    page = login(ann).get(list_url(Customer)).content.decode()
    assert past.customer.name in page
    assert "Gold plan" in page
    assert "Old plan" not in page
    assert ann.get_full_name() in page


@pytest.mark.parametrize("query", ["Show Time", "show-time", "shows.example"])
def test_a_customer_is_found_by_name_code_and_domain(login, query):
    customer = MailDomainFactory(
        domain="shows.example", customer__name="Show Time", customer__code="show-time"
    ).customer
    CustomerFactory()
    assert listed(login(AdminFactory()), Customer, q=query) == [customer]


def test_an_overlapping_contract_is_refused_on_the_page(login, ann, lead):
    own = CustomerFactory(account_manager=ann)
    ContractFactory(customer=own, starts_on=date(2026, 1, 1))
    data = {"customer": own.pk, "plan": ServicePlanFactory().pk, "starts_on": "2026-06-01", "ends_on": ""}
    response = login(lead).post(add_url(Contract), data)
    assert "covers some of these days" in errors(response)
    assert Contract.objects.count() == 1


def test_a_contract_is_written_and_changed_through_its_page(login, ann, lead):
    own = CustomerFactory(account_manager=ann)
    data = {"customer": own.pk, "plan": ServicePlanFactory().pk, "starts_on": "2026-06-01", "ends_on": ""}
    data |= {"windows-TOTAL_FORMS": 0, "windows-INITIAL_FORMS": 0}
    data |= {"steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0}
    client = login(lead)
    assert client.post(add_url(Contract), data).status_code == 302
    contract = Contract.objects.get()
    assert client.post(page_url(contract), data | {"ends_on": "2026-12-31"}).status_code == 302
    contract.refresh_from_db()
    assert contract.ends_on == date(2026, 12, 31)


def test_a_contract_that_ends_before_it_starts_is_refused_with_a_sentence(login, ann, lead):
    own = CustomerFactory(account_manager=ann)
    data = {
        "customer": own.pk, "plan": ServicePlanFactory().pk, "starts_on": "2026-06-01", "ends_on": "2026-05-01",
    }  # fmt: skip
    response = login(lead).post(add_url(Contract), data)
    assert "before the start" in errors(response)


@pytest.mark.parametrize(
    ("model", "make"),
    [
        (Customer, lambda: ContractFactory(customer__account_manager=UserFactory())),
        (Contact, ContactFactory),
        (Contract, ContractFactory),
        (StaffProfile, lambda: staff(reports_to=UserFactory(), deputy=UserFactory(), team=TeamFactory())),
        (Absence, AbsenceFactory),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_thirty_rows_cost_the_queries_of_three(login, count_queries, model, make):
    client = login(AdminFactory())
    rows = [make() for _number in range(3)]
    listed(client, model)
    few = count_queries(lambda: listed(client, model))
    rows += [make() for _number in range(27)]
    assert count_queries(lambda: listed(client, model)) == few
    assert len(listed(client, model)) == len(rows)


def test_people_see_and_enter_absences_of_their_own_people_only(login, ann, lead):
    theirs, other = AbsenceFactory(user=ann), AbsenceFactory()
    client = login(lead)
    assert listed(client, Absence) == [theirs]
    assert client.get(page_url(other)).status_code == 302
    times = {
        "starts_at_0": "2026-12-01",
        "starts_at_1": "09:00",
        "ends_at_0": "2026-12-02",
        "ends_at_1": "09:00",
    }
    assert client.post(add_url(Absence), times | {"user": ann.pk}).status_code == 302
    refused = client.post(add_url(Absence), times | {"user": other.user.pk})
    assert "valid choice" in errors(refused)


def test_the_desk_settings_are_one_page_without_a_list(login):
    duty = UserFactory()
    desk = set_desk(duty_manager=None)
    client = login(staff(groups=["Support director"]))
    assert client.get(list_url(type(desk))).headers["Location"] == page_url(desk)
    assert client.get(add_url(type(desk))).status_code == 403
    assert client.post(page_url(desk), {"duty_manager": duty.pk}).status_code == 302
    desk.refresh_from_db()
    assert desk.duty_manager == duty


def test_a_staff_profile_that_reports_to_itself_is_refused_with_a_sentence(login):
    boss = staff("boss")
    client = login(AdminFactory())
    data = {"user": boss.pk, "reports_to": boss.pk, "language": "en", "time_zone": "Asia/Shanghai"}
    response = client.post(page_url(boss.staff_profile), data)
    assert "A person cannot report to themselves" in errors(response)


def test_the_team_list_counts_members(login):
    team = TeamFactory(lead=UserFactory())
    staff(team=team)
    staff(team=team)
    SkillFactory()
    assert [row.member_count for row in listed(login(AdminFactory()), type(team))] == [2]


@pytest.mark.parametrize(
    "group", ["Account manager", "Team lead", "Duty manager", "Support director", "Operator"]
)
def test_users_and_groups_are_for_administrators(login, group):
    client = login(staff(groups=[group]))
    assert client.get("/auth/user/").status_code == 403
    assert client.get("/auth/group/").status_code == 403


def test_an_administrator_makes_a_login_with_groups(login):
    client = login(AdminFactory())
    for path in ("/auth/user/", "/auth/group/", "/auth/user/add/", "/auth/group/add/"):
        assert client.get(path).status_code == 200
    data = {
        "username": "new", "email": "new@desk.example", "first_name": "N", "last_name": "E", "is_staff": "on",
        "usable_password": "true", "password1": "a-long-Passw0rd", "password2": "a-long-Passw0rd",
        "staff_profile-TOTAL_FORMS": 0, "staff_profile-INITIAL_FORMS": 0,
    }  # fmt: skip
    response = client.post("/auth/user/add/", data, follow=True)
    assert "added successfully" in said(response)[0]


def test_the_filter_by_account_manager_names_colleagues_and_nobody_else(login, ann):
    UserFactory(is_staff=False, first_name="Outsider")
    page = login(ann).get(list_url(Customer)).content.decode()
    assert ann.get_full_name() in page
    assert "Outsider" not in page


@pytest.mark.parametrize("path", ["/search/?s=Secret", "/search/?s=Secret&extended=1"])
def test_the_command_search_of_the_theme_finds_no_foreign_rows(login, ann, foreign, path):
    assert "Secret Games" not in login(ann).get(path).content.decode()


def choices_of(response, field):
    return set(response.context["adminform"].form.fields[field].queryset)


@pytest.mark.parametrize("field", ["account_manager", "backup_account_manager"])
@pytest.mark.parametrize("lacking", [{"groups": []}, {"is_active": False}, {"is_staff": False}])
def test_nobody_looks_after_a_customer_who_cannot_open_its_tickets(login, ann, lead, field, lacking):
    customer = CustomerFactory(account_manager=ann)
    gone = UserFactory(**lacking)
    client = login(lead)
    assert gone not in choices_of(client.get(page_url(customer)), field)
    people = {"account_manager": ann.pk, field: gone.pk}
    response = client.post(page_url(customer), customer_form(customer, **people))
    assert "Select a valid choice" in errors(response)
    customer.refresh_from_db()
    assert getattr(customer, field) != gone


def test_a_customer_of_somebody_who_left_is_still_saved(login, ann, lead):
    customer = CustomerFactory(account_manager=ann)
    ann.groups.clear()
    client = login(AdminFactory())
    page = client.get(page_url(customer)).content.decode()
    assert "cannot open tickets" in page
    client.post(page_url(customer), customer_form(customer, account_manager=ann.pk, hotline="110"))
    customer.refresh_from_db()
    assert (customer.hotline, customer.account_manager) == ("110", ann)


@pytest.mark.parametrize(("field", "is_offered"), [("user", True), ("deputy", False), ("reports_to", False)])
def test_a_login_without_permissions_has_a_profile_and_stands_in_for_nobody(login, ann, field, is_offered):
    nobody = UserFactory(groups=[])
    page = login(AdminFactory()).get(page_url(ann.staff_profile))
    assert (nobody in choices_of(page, field)) is is_offered


@pytest.mark.parametrize("field", ["account_manager", "backup_account_manager"])
def test_the_list_and_the_page_ask_for_somebody_else_when_a_colleague_left(login, ann, lead, field):
    kept = CustomerFactory(name="Kept", account_manager=ann)
    asks = CustomerFactory(**{"name": "Asks", "account_manager": ann, field: UserFactory(groups=[])})
    CustomerFactory(name="Closed", account_manager=UserFactory(groups=[]), is_active=False)
    client = login(AdminFactory())
    assert listed(client, Customer, needs="manager") == [asks]
    assert "left, choose somebody" in client.get(list_url(Customer), {"q": "Asks"}).content.decode()
    assert "left, choose somebody" not in client.get(list_url(Customer), {"q": "Kept"}).content.decode()
    (warning,) = said(client.get(page_url(asks)))
    assert "can no longer open tickets" in warning
    assert said(client.get(page_url(kept))) == []


def domain_form(customer, domain):
    return customer_form(customer) | {"domains-TOTAL_FORMS": 1, "domains-0-domain": domain}


@pytest.mark.parametrize(
    ("domain", "refusal"),
    [
        ("secret.example", "already exists"),
        ("secret.example.", "already exists"),
        ("@secret.example ", "already exists"),
        ("EU.Secret.example", "does not stand for one customer alone"),
        ("vendor.example", "does not stand for one customer alone"),
        ("mail.vendor.example", "does not stand for one customer alone"),
    ],
)
def test_a_lead_cannot_claim_a_domain_of_another_customer_or_of_the_desk(
    client, lead, ann, foreign, domain, refusal
):
    MailDomainFactory(customer=foreign, domain="secret.example")
    UserFactory(is_staff=True, email="boss@mail.vendor.example")
    aurora = CustomerFactory(account_manager=ann)
    client.force_login(lead)
    text = client.post(page_url(aurora), domain_form(aurora, domain)).content.decode()
    assert MailDomain.objects.filter(customer=aurora).count() == 0
    assert refusal in text
    assert foreign.name not in text


def test_a_customer_may_have_a_domain_and_one_below_it(client, lead, ann):
    aurora = CustomerFactory(account_manager=ann)
    MailDomainFactory(customer=aurora, domain="aurora.example")
    client.force_login(lead)
    form = customer_form(aurora) | {
        "domains-TOTAL_FORMS": 2,
        "domains-INITIAL_FORMS": 1,
        "domains-0-id": aurora.domains.get().pk,
        "domains-0-customer": aurora.pk,
        "domains-0-domain": "aurora.example",
        "domains-1-domain": "EU.Aurora.example.",
    }
    client.post(page_url(aurora), form)
    assert set(aurora.domains.values_list("domain", flat=True)) == {"aurora.example", "eu.aurora.example"}


@pytest.fixture
def secret_address(foreign):
    MailDomainFactory(customer=foreign, domain="secret.example")
    return "ceo@mail.secret.example"


def contact_form(customer, email):
    return {"name": "Jo", "customer": customer.pk, "email": email, "language": "", "is_active": "on"}


def test_nobody_gives_their_customer_a_contact_of_anothers_domain(client, ann, foreign, secret_address):
    aurora = CustomerFactory(account_manager=ann)
    client.force_login(ann)
    answer = client.post(add_url(Contact), contact_form(aurora, secret_address))
    assert "belongs to the domain of another customer" in answer.content.decode()
    inline = {
        "contacts-TOTAL_FORMS": 1,
        "contacts-0-name": "Jo",
        "contacts-0-email": secret_address,
        "contacts-0-is_active": "on",
    }
    client.post(page_url(aurora), customer_form(aurora) | inline)
    assert not Contact.objects.filter(email=secret_address).exists()


def test_nobody_moves_a_contact_of_anothers_domain_to_their_customer(client, ann, secret_address):
    aurora = CustomerFactory(account_manager=ann)
    contact = ContactFactory(customer=aurora, email="jo@aurora.example")
    client.force_login(ann)
    client.post(page_url(contact), contact_form(aurora, secret_address))
    contact.refresh_from_db()
    assert contact.email == "jo@aurora.example"


def test_a_director_may_put_somebody_under_another_customer_than_their_domain(client, secret_address):
    aurora = CustomerFactory()
    client.force_login(staff("dora", groups=["Support director"]))
    client.post(add_url(Contact), contact_form(aurora, secret_address))
    assert Contact.objects.get(email=secret_address).customer == aurora


def test_no_second_contact_has_an_address_in_another_spelling(client, ann):
    aurora = CustomerFactory(account_manager=ann)
    ContactFactory(customer=CustomerFactory(), email="wang@münchen.example")
    client.force_login(ann)
    answer = client.post(add_url(Contact), contact_form(aurora, "Wang@xn--mnchen-3ya.example"))
    assert "Another contact has this address" in answer.content.decode()
    assert aurora.contacts.count() == 0


def test_a_lead_cannot_claim_a_public_suffix(client, lead, ann):
    aurora = CustomerFactory(account_manager=ann)
    client.force_login(lead)
    text = client.post(page_url(aurora), domain_form(aurora, "co.uk")).content.decode()
    assert "Many companies have domains below co.uk" in text
    assert not aurora.domains.exists()
