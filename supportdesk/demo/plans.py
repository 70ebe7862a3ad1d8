"""Three service plans, the promises of each, and the escalation steps while nobody answers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from customers.models import Contract, ServicePlan
from escalation.chains.editing import revise_chain
from escalation.chains.validation import StepSpec
from escalation.choices import RESPONSE_KINDS, ClockKind, Medium, Way
from escalation.models import Calendar, DutyRota, Policy
from escalation.policies.editing import Ways, Window, revise_policy
from escalation.working_time.definitions import CalendarDefinition
from escalation.working_time.editing import create_calendar
from supportdesk.demo.content_files import read_content
from tickets.choices import Priority

LOUD = (Medium.VOICE.value, Medium.SMS.value, Medium.CHAT.value, Medium.MAIL.value)
QUIET = (Medium.CHAT.value, Medium.MAIL.value)
OFFICE = "Office hours Shanghai 上海工作时间"


def create_plans(*, rota: DutyRota, director: User, since: datetime) -> None:
    """Create the plans. Enterprise and Basic have policies of their own; Standard uses the desk's default policy."""
    office = _office_hours(director, since)
    calendars = {"24x7": Calendar.objects.get(always_open=True, name="24x7"), "office": office}
    for row in read_content("plans")["plan"]:
        plan = ServicePlan.objects.create(code=row["code"], name=row["name"], description=row["description"])
        policy = Policy.objects.create(name=f"{plan.name} promise", plan=plan, duty_rota=rota)
        windows = [
            *_windows(row["windows"], calendars, kinds=RESPONSE_KINDS),
            *_windows(row.get("updates", {}), calendars, kinds=(ClockKind.UPDATE,)),
        ]
        ways: Ways = {
            Priority[name]: [Way(value) for value in chosen] for name, chosen in row.get("ways", {}).items()
        }
        revise_policy(policy=policy, windows=windows, actor=director, at=since, ways=ways)
        revise_chain(policy=policy, steps=list(map(_step, row["steps"])), actor=director, at=since)
    Policy.objects.filter(is_default=True).update(duty_rota=rota)


def create_chains(*, director: User, since: datetime) -> None:
    """Create chains for the customers whose contract has steps of its own."""
    for row in read_content("plans")["contract_chain"]:
        contract = Contract.objects.filter(customer__code=row["customer"]).latest("starts_on")
        revise_chain(contract=contract, steps=list(map(_step, row["steps"])), actor=director, at=since)


def plans_by_code() -> dict[str, ServicePlan]:
    plans = {plan.code: plan for plan in ServicePlan.objects.all()}
    return {**plans, "standard": next(plan for plan in plans.values() if plan.is_default)}


def _step(row: Mapping[str, Any]) -> StepSpec:
    return StepSpec(
        percent=row.get("percent"),
        minutes_from_due=row.get("minutes"),
        highest_priority=Priority[row.get("from", "P0")],
        lowest_priority=Priority[row.get("to", "P3")],
        tell=tuple(row["tell"]),
        reassign_to=row.get("give", ""),
        channels=LOUD if row["by"] == "loud" else QUIET,
        ack_minutes=row.get("ack", 15),
        ack_required=row.get("required", False),
        repeat_minutes=row.get("repeat"),
        repeat_cap=row.get("times"),
    )


def _windows(
    rows: Mapping[str, Any], calendars: Mapping[str, Calendar], *, kinds: Iterable[ClockKind]
) -> Iterator[Window]:
    for kind in kinds:
        for name, (minutes, calendar) in rows.items():
            yield Window(kind.value, Priority[name], minutes, calendars[calendar])


def _office_hours(director: User, since: datetime) -> Calendar:
    nine_to_six = ((9 * 60, 18 * 60),)
    definition = CalendarDefinition("Asia/Shanghai", weekly=(nine_to_six,) * 5 + ((), ()), country="CN")
    return create_calendar(name=OFFICE, definition=definition, actor=director, at=since)
