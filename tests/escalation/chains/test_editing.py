"""Revising a chain retires steps and writes new ones; open promises on it are looked at again."""

from dataclasses import replace

import pytest
from django.contrib.contenttypes.models import ContentType

from escalation.chains.editing import policy_behind, revise_chain, spec_of
from escalation.chains.validation import StepSpec
from escalation.choices import ClockState, Whom
from escalation.models import EscalationStep, Policy
from tests.factories import (
    ClockFactory,
    ContractFactory,
    DutyRotaFactory,
    EscalationFactory,
    EscalationStepFactory,
    PolicyFactory,
    PolicyVersionFactory,
    ServicePlanFactory,
    TicketFactory,
    staff,
)
from tests.talk import minute
from tickets.errors import DeskError

pytestmark = pytest.mark.django_db

WARN = StepSpec(percent=50, tell=(Whom.HOLDER.value,))
UP = StepSpec(percent=100, tell=(Whom.ACCOUNT_MANAGER.value,), reassign_to=Whom.MANAGER.value)
LAST = StepSpec(percent=200, reassign_to=Whom.DUTY_MANAGER.value, repeat_minutes=15)


@pytest.fixture
def default():
    return Policy.objects.get(is_default=True)


@pytest.fixture
def gold():
    return PolicyFactory(name="Gold promise", plan=ServicePlanFactory())


def revise(home, *steps, at=1, actor=None):
    key = "policy" if isinstance(home, Policy) else "contract"
    return revise_chain(**{key: home}, steps=steps, actor=actor, at=minute(at))


def standing(home):
    return [spec_of(step) for step in home.steps.current().order_by("percent")]


def running(policy, *, next_at=60, **fields):
    """An open promise under a policy."""
    version = policy.versions.first() or PolicyVersionFactory(policy=policy)
    ticket = TicketFactory(priority=fields.pop("priority", 1))
    return ClockFactory(ticket=ticket, policy_version=version, next_step_at=minute(next_at), **fields)


def next_of(clock):
    clock.refresh_from_db()
    return clock.next_step_at


def test_new_steps_are_written_with_who_wrote_them_and_when(gold):
    author = staff("dana")
    revision = revise(gold, WARN, UP, actor=author)
    assert standing(gold) == [WARN, UP]
    assert {(step.created_by, step.created_at) for step in gold.steps.all()} == {(author, minute(1))}
    assert (len(revision.added), revision.kept, revision.retired) == (2, [], [])


def test_an_edited_step_is_retired_and_keeps_its_content(gold):
    revise(gold, WARN, UP)
    old, unchanged = gold.steps.order_by("percent")
    author = staff("dana")
    fired = EscalationFactory(step=old)
    changed = replace(WARN, tell=(Whom.HOLDER.value, Whom.BACKUP.value))
    revision = revise(gold, changed, UP, at=2, actor=author)
    assert standing(gold) == [changed, UP]
    assert (revision.kept, revision.retired) == ([unchanged], [old])
    old.refresh_from_db()
    assert (old.tell, old.retired_at, old.retired_by) == (["holder"], minute(2), author)
    fired.refresh_from_db()
    assert fired.step == old


def test_the_same_steps_change_nothing(gold):
    revise(gold, WARN, UP)
    before = list(gold.steps.order_by("pk").values())
    clock = running(gold)
    revision = revise(gold, UP, WARN, at=2)
    assert (revision.added, revision.retired, revision.moved) == ([], [], 0)
    assert list(gold.steps.order_by("pk").values()) == before
    assert next_of(clock) == minute(60)


def test_without_steps_a_policy_follows_the_default_chain_again(gold):
    revise(gold, UP)
    revise(gold, at=2)
    assert standing(gold) == []
    assert gold.steps.count() == 1


def test_the_next_sweep_looks_at_open_promises_of_a_revised_policy(gold, default):
    open_one = running(gold)
    nothing_left = running(gold)
    nothing_left.next_step_at = None
    nothing_left.save()
    done = running(gold, stopped_at=minute(0), state=ClockState.MET)
    other = running(default)
    assert revise(gold, UP).moved == 2
    assert (next_of(open_one), next_of(nothing_left)) == (minute(1), minute(1))
    assert (next_of(done), next_of(other)) == (minute(60), minute(60))


def test_clocks_already_due_are_left_to_the_sweep(gold):
    due = running(gold, next_at=0)
    assert revise(gold, UP).moved == 0
    assert next_of(due) == minute(0)


def test_revising_a_step_touches_only_promises_of_its_priorities(gold):
    urgent, low = running(gold, priority=0), running(gold, priority=3)
    assert revise(gold, replace(UP, lowest_priority=1)).moved == 1
    assert (next_of(urgent), next_of(low)) == (minute(1), minute(60))


def test_revising_the_default_chain_touches_the_promises_that_follow_it(default, gold):
    follower = running(gold)
    with_own_chain = running(PolicyFactory(name="Silver", plan=ServicePlanFactory()))
    EscalationStepFactory(policy=with_own_chain.policy_version.policy)
    plain = running(default)
    assert revise(default, WARN, UP, LAST).moved == 2
    assert (next_of(follower), next_of(plain), next_of(with_own_chain)) == (minute(1), minute(1), minute(60))


def test_a_policy_with_steps_for_some_priorities_follows_the_default_chain_for_the_others(default, gold):
    EscalationStepFactory(policy=gold, lowest_priority=0)
    EscalationStepFactory(policy=gold, percent=50, retired_at=minute(0))
    urgent, other = running(gold, priority=0), running(gold, priority=2)
    revise(default, WARN, UP, LAST)
    assert (next_of(urgent), next_of(other)) == (minute(60), minute(1))


def test_a_contract_has_a_chain_of_its_own(gold):
    contract = ContractFactory(plan=gold.plan)
    contracts_clock, others_clock = running(gold, contract=contract), running(gold)
    assert revise(contract, UP).moved == 1
    assert standing(contract) == [UP]
    assert (next_of(contracts_clock), next_of(others_clock)) == (minute(1), minute(60))
    revise(gold, WARN, LAST, at=2)
    assert (next_of(contracts_clock), next_of(others_clock)) == (minute(1), minute(2))
    revise(contract, at=0)
    assert standing(contract) == []
    assert next_of(contracts_clock) == minute(0)


@pytest.mark.parametrize("steps", [(), (WARN,), (replace(UP, lowest_priority=2),)])
def test_the_default_chain_always_ends_at_a_person(default, steps):
    before = standing(default)
    with pytest.raises(DeskError, match="must end with a person"):
        revise(default, *steps)
    assert standing(default) == before


def test_an_unchanged_step_is_kept_without_being_validated_again(gold):
    EscalationStepFactory(policy=gold, tell=[Whom.DUTY_PERSON.value], percent=50, reassign_to="")
    assert revise(gold, *standing(gold), UP).kept


def test_each_invalid_step_is_reported_on_a_line_of_its_own(gold):
    with pytest.raises(DeskError) as refused:
        revise(gold, replace(WARN, channels=()), replace(UP, repeat_cap=3))
    assert len(str(refused.value).splitlines()) == 2


def test_a_step_of_a_contract_can_use_the_rota_of_its_plans_policy(gold, default):
    contract = ContractFactory(plan=gold.plan)
    pages = replace(UP, tell=(Whom.DUTY_PERSON.value,))
    with pytest.raises(DeskError, match="duty rota"):
        revise(contract, pages)
    Policy.objects.filter(pk=gold.pk).update(duty_rota=DutyRotaFactory())
    revise(contract, pages)
    assert standing(contract) == [pages]


def test_a_contract_whose_plan_has_no_policy_is_served_by_the_default_one(default, gold):
    assert policy_behind(ContractFactory()) == default
    assert policy_behind(ContractFactory(plan=gold.plan)) == gold


def test_one_of_two_equal_steps_of_old_is_retired(gold):
    EscalationStepFactory.create_batch(2, policy=gold)
    revise(gold, spec_of(EscalationStep.objects.filter(policy=gold).first()), at=2)
    assert gold.steps.current().count() == 1


@pytest.mark.parametrize("number", [3, 30])
def test_a_revision_costs_the_same_for_many_promises(gold, count_queries, number):
    contract = ContractFactory(plan=gold.plan)
    for _index in range(number):
        running(gold)
    ContentType.objects.get_for_model(EscalationStep)  # a process looks it up once, for the audit
    assert count_queries(lambda: revise(gold, WARN, UP, LAST)) == 12
    assert count_queries(lambda: revise(contract, WARN, UP, LAST)) == 13
