"""The chain as it is edited on the pages of policies and contracts."""

from dataclasses import replace

import pytest
from django.urls import reverse

from customers.models import Contract
from customers.names import name_of
from escalation.chains.editing import revise_chain, spec_of
from escalation.chains.validation import StepSpec
from escalation.choices import Medium, Whom
from escalation.models import Policy
from tests.adminpages import add_url, page_url
from tests.chainpages import chain_post, step_post
from tests.escalation.admin.test_policy import policy_form
from tests.factories import (
    NOW,
    ContractFactory,
    CustomerFactory,
    DutyRotaFactory,
    EscalationFactory,
    ServicePlanFactory,
    staff,
)
from tests.talk import minute

pytestmark = pytest.mark.django_db

WARN = StepSpec(percent=50, tell=(Whom.HOLDER.value,))
UP = StepSpec(percent=100, tell=(Whom.ACCOUNT_MANAGER.value,), reassign_to=Whom.MANAGER.value)


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"])


@pytest.fixture
def default():
    return Policy.objects.get(is_default=True)


@pytest.fixture
def calendar(default):
    return default.versions.get().targets.first().calendar


def chain_of(home):
    return {spec_of(step) for step in home.steps.current()}


def full_step():
    return StepSpec(
        minutes_from_due=-15,
        highest_priority=0,
        lowest_priority=1,
        tell=(Whom.HOLDER.value, Whom.DUTY_PERSON.value),
        reassign_to=Whom.PERSON.value,
        person=staff("omar"),
        rota=DutyRotaFactory(),
        channels=(Medium.VOICE.value, Medium.SMS.value, Medium.MAIL.value),
        ack_minutes=10,
        ack_required=True,
        repeat_minutes=5,
        repeat_cap=6,
    )


def test_every_field_of_a_step_is_saved_and_shown_again(login, director, default, calendar, frozen):
    before, step = chain_of(default), full_step()
    data = policy_form(default, calendar) | chain_post(default.steps.current(), [step])
    assert login(director).post(page_url(default), data).status_code == 302
    assert chain_of(default) == before | {step}
    written = default.steps.get(minutes_from_due=-15)
    assert (written.created_by, written.created_at) == (director, NOW)
    formset = login(director).get(page_url(default)).context["inline_admin_formsets"][0].formset
    shown = next(form for form in formset if form.instance == written)
    assert (shown["amount"].value(), shown["unit"].value()) == (15, "before")
    assert shown["channels"].value() == ["voice", "sms", "mail"]


def test_saving_again_changes_no_step(login, director, default, calendar):
    revise_chain(policy=default, steps=[*chain_of(default), full_step()], actor=None, at=minute(0))
    before = set(default.steps.values_list("pk", "retired_at"))
    data = policy_form(default, calendar)
    assert login(director).post(page_url(default), data).status_code == 302
    assert set(default.steps.values_list("pk", "retired_at")) == before


def test_editing_a_step_that_fired_retires_it_and_creates_a_new_one(login, director, default, calendar):
    old = default.steps.current().get(percent=50, highest_priority=0)
    EscalationFactory(step=old)
    data = policy_form(default, calendar)
    number = next(n for n in range(19) if data[f"steps-{n}-id"] == old.pk)
    data |= step_post(number, replace(spec_of(old), percent=40))
    assert login(director).post(page_url(default), data).status_code == 302
    old.refresh_from_db()
    assert (old.percent, old.retired_by) == (50, director)
    assert default.steps.current().get(percent=40).created_by == director
    assert (
        "50%"
        in login(director).get(page_url(default)).context["adminform"].form.instance.steps.get(pk=old.pk).when
    )


def test_an_unchanged_step_is_saved_without_being_validated_again(login, director, default, calendar):
    assert default.duty_rota is None
    page_duty = default.steps.current().get(tell=["account_manager"], percent=0)
    data = policy_form(default, calendar)
    assert login(director).post(page_url(default), data).status_code == 302
    number = next(n for n in range(19) if data[f"steps-{n}-id"] == page_duty.pk)
    response = login(director).post(page_url(default), data | {f"steps-{number}-ack_minutes": 5})
    assert "neither the step nor the policy has one" in response.content.decode()


def test_a_step_that_fired_can_be_taken_away(login, director, default, calendar):
    old = default.steps.current().get(percent=50, highest_priority=0)
    EscalationFactory(step=old)
    data = policy_form(default, calendar)
    number = next(n for n in range(19) if data[f"steps-{n}-id"] == old.pk)
    response = login(director).post(page_url(default), data | {f"steps-{number}-DELETE": "on"})
    assert response.status_code == 302
    assert not default.steps.current().filter(pk=old.pk).exists()
    page = login(director).get(page_url(default)).content.decode()
    assert "notifies the owner" in page[page.index("Earlier steps of the chain") :]


def form_with_only(default, calendar, *steps):
    """The form with these steps alone, none of those that stand."""
    rest = {name: value for name, value in policy_form(default, calendar).items() if "steps-" not in name}
    return rest | chain_post((), steps)


def refused(client, default, calendar, *steps):
    before = chain_of(default)
    response = client.post(page_url(default), form_with_only(default, calendar, *steps))
    assert response.status_code == 200
    assert chain_of(default) == before
    return response


def test_an_invalid_step_is_refused_beside_its_fields(login, director, default, calendar):
    wrong = replace(WARN, tell=(Whom.PERSON.value,))
    response = refused(login(director), default, calendar, wrong, UP)
    formset = response.context["inline_admin_formsets"][0].formset
    assert "Say who the named person is." in str(formset.forms[0].errors)
    assert not formset.forms[1].errors


def test_a_chain_that_does_not_end_with_a_person_is_refused(login, director, default, calendar):
    response = refused(login(director), default, calendar, WARN)
    assert "must end with a person" in str(
        response.context["inline_admin_formsets"][0].formset.non_form_errors()
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("amount", "", "required"),
        ("amount", "-5", "greater than or equal to 0"),
        ("amount", "1001", "between 0% and 1000%"),
        ("ack_minutes", "0", "greater than or equal to 1"),
        ("channels_0", "pigeon", "valid choice"),
        ("channels_0", "", "at least one channel"),
        ("repeat_minutes", "0", "greater than or equal to 1"),
        ("lowest_priority", "9", "valid choice"),
        ("tell", ["boss"], "boss is not one of the available choices"),
    ],
)
def test_invalid_input_in_a_step_is_reported(login, director, default, calendar, name, value, sentence):
    data = form_with_only(default, calendar, UP) | {f"steps-0-{name}": value}
    response = login(director).post(page_url(default), data)
    assert sentence in str(response.context["inline_admin_formsets"][0].formset.forms[0].errors)


def test_the_highest_priority_of_a_step_cannot_be_below_its_lowest(login, director, default, calendar):
    data = policy_form(default, calendar) | chain_post(
        (), [replace(UP, highest_priority=2, lowest_priority=1)]
    )
    response = login(director).post(page_url(default), data)
    assert "less urgent one" in response.content.decode()
    assert "Constraint" not in response.content.decode()


def contract_form(contract, **changes):
    data = {
        "customer": contract.customer.pk, "plan": contract.plan.pk, "reference": contract.reference,
        "starts_on": contract.starts_on, "ends_on": contract.ends_on or "",
        "windows-TOTAL_FORMS": 0, "windows-INITIAL_FORMS": 0,
    }  # fmt: skip
    return data | changes


def test_a_contract_gets_steps_of_its_own_and_loses_them_again(login, director):
    contract = ContractFactory()
    client = login(director)
    data = contract_form(contract) | chain_post((), [WARN, UP])
    assert client.post(page_url(contract), data).status_code == 302
    assert chain_of(contract) == {WARN, UP}
    data = contract_form(contract) | chain_post(contract.steps.current())
    gone = {f"steps-{number}-DELETE": "on" for number in range(2)}
    assert client.post(page_url(contract), data | gone).status_code == 302
    assert chain_of(contract) == set()
    assert contract.steps.count() == 2


def test_a_new_contract_may_bring_steps_along(login, director):
    draft = ContractFactory.build(customer=ContractFactory().customer, plan=ServicePlanFactory())
    draft.customer.contracts.all().delete()
    data = contract_form(draft) | chain_post((), [UP])
    assert login(director).post(add_url(Contract), data).status_code == 302
    assert chain_of(Contract.objects.get(plan=draft.plan)) == {UP}


def test_a_contracts_chain_that_does_not_end_with_a_person_is_refused(login, director):
    contract = ContractFactory()
    response = login(director).post(page_url(contract), contract_form(contract) | chain_post((), [WARN]))
    assert "must end with a person" in response.content.decode()
    assert not contract.steps.exists()


@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Duty manager"])
def test_whoever_reads_a_policy_reads_its_chain_and_changes_nothing(login, default, calendar, group):
    client = login(staff(groups=[group]))
    html = client.get(page_url(default)).content.decode()
    assert "notifies the owner, the backup account manager" in html
    data = form_with_only(default, calendar, UP)
    assert client.post(page_url(default), data).status_code == 403
    assert spec_of(default.steps.current().get(percent=0)) != UP
    assert not default.steps.filter(retired_by__isnull=False).exists()


def test_a_lead_who_writes_contracts_reads_their_steps_only(login):
    lead = staff("lea", groups=["Team lead"])
    contract = ContractFactory(customer__account_manager=lead)
    revise_chain(contract=contract, steps=[UP], actor=None, at=minute(0))
    client = login(lead)
    assert "gives it to the owner&#x27;s manager" in client.get(page_url(contract)).content.decode()
    data = contract_form(contract, reference="X-1") | chain_post(contract.steps.all(), [WARN])
    client.post(page_url(contract), data)
    assert chain_of(contract) == {UP}


def test_many_steps_cost_the_queries_of_few(login, director, default, count_queries):
    client = login(director)
    client.get(page_url(default))
    few = count_queries(lambda: client.get(page_url(default)))
    steps = [*chain_of(default), *(replace(WARN, percent=percent) for percent in range(10, 20))]
    revise_chain(policy=default, steps=steps, actor=None, at=minute(0))
    assert count_queries(lambda: client.get(page_url(default))) == few


def timeline(client, home, data, **sample):
    name = "escalation_policy" if isinstance(home, Policy) else "customers_contract"
    url = reverse(f"admin:{name}_timeline", args=[home.pk])
    response = client.post(url, data | {"sample_priority": 1} | sample)
    assert response.status_code == 200
    return response.content.decode()


def test_the_timeline_plays_the_steps_that_stand_in_the_form(login, director, default, calendar, frozen):
    mei = staff("mei")
    ann = staff("ann", reports_to=mei)
    customer = CustomerFactory(account_manager=ann)
    steps = replace(WARN, percent=25), UP
    before = chain_of(default)
    html = timeline(
        login(director), default, form_with_only(default, calendar, *steps), sample_customer=customer.pk
    )
    assert "2026-11-18 21:00 (UTC+8, Shanghai)" in html  # a quarter of four hours
    assert f"The ticket goes from {name_of(ann)} to <b>{name_of(mei)}</b>" in html
    assert "2026-11-19 00:00 (UTC+8, Shanghai)" in html
    assert chain_of(default) == before


def test_the_timeline_says_what_is_wrong_in_the_form(login, director, default, calendar):
    html = timeline(login(director), default, form_with_only(default, calendar, replace(WARN, tell=()), UP))
    assert "Choose whom the step notifies" in html
    html = timeline(login(director), default, policy_form(default, calendar), sample_priority=7)
    assert "Select a valid choice" in html


def test_a_contract_without_steps_is_played_with_its_plans_chain(login, director, frozen):
    contract = ContractFactory()
    html = timeline(login(director), contract, contract_form(contract) | chain_post())
    assert "50%" in html
    assert "200%" in html
    html = timeline(login(director), contract, contract_form(contract) | chain_post((), [UP]))
    assert "200%" not in html


def test_a_reader_plays_the_chain_in_force_for_customers_they_see(login, default):
    ann = staff("ann", groups=["Account manager"])
    own_customer, other = CustomerFactory(account_manager=ann), CustomerFactory(name="Secret Live")
    client = login(ann)
    assert "50%" in timeline(client, default, {}, sample_customer=own_customer.pk)
    assert "Select a valid choice" in timeline(client, default, {}, sample_customer=other.pk)
    assert "Secret Live" not in client.get(page_url(default)).content.decode()


def test_the_timeline_is_for_those_who_may_read_policies(login, default):
    url = reverse("admin:escalation_policy_timeline", args=[default.pk])
    assert login(staff()).post(url, {}).status_code in (403, 404)
    assert login(staff(groups=["Support director"])).get(url).status_code == 405


def test_steps_are_listed_in_the_order_in_which_they_happen(login, director):
    contract = ContractFactory()
    moments = [
        {"percent": None, "minutes_from_due": 10},
        {"percent": 0},
        {"percent": None, "minutes_from_due": -5},
        {"percent": None, "minutes_from_due": 0},
    ]
    revise_chain(contract=contract, steps=[replace(UP, **when) for when in moments], actor=None, at=minute(0))
    formset = login(director).get(page_url(contract)).context["inline_admin_formsets"][1].formset
    assert [form.instance.when for form in formset.initial_forms] == [
        "0%",
        "5 min before due",
        "at the due time",
        "10 min after due",
    ]
