"""Three service plans and what each promises."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from customers.models import ServicePlan
from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.definitions import CalendarDefinition
from escalation.models import Calendar, DutyRota, EscalationStep, Policy
from escalation.services.calendars import create_calendar
from escalation.services.policies import Window, revise_policy
from supportdesk.demo.content_files import read
from tickets.choices import Priority

OFFICE = "Office hours Shanghai 上海工作时间"


def offer_plans(*, rota: DutyRota, director: User, since: datetime) -> None:
    """Enterprise and Basic with policies of their own; Standard follows the default policy of every desk."""
    office = _office_hours(director, since)
    calendars = {"24x7": Calendar.objects.get(always_open=True, name="24x7"), "office": office}
    for row in read("plans")["plan"]:
        plan = ServicePlan.objects.create(code=row["code"], name=row["name"], description=row["description"])
        policy = Policy.objects.create(name=f"{plan.name} promise", plan=plan, duty_rota=rota)
        windows = [
            *_windows(row["windows"], calendars, kinds=RESPONSE_KINDS),
            *_windows(row.get("updates", {}), calendars, kinds=(ClockKind.UPDATE,)),
        ]
        revise_policy(policy=policy, windows=windows, actor=director, at=since)
        for percent, tell, reassign_to in row["steps"]:
            EscalationStep.objects.create(policy=policy, percent=percent, tell=tell, reassign_to=reassign_to)
    Policy.objects.filter(is_default=True).update(duty_rota=rota)


def plans_by_code() -> dict[str, ServicePlan]:
    plans = {plan.code: plan for plan in ServicePlan.objects.all()}
    return {**plans, "standard": next(plan for plan in plans.values() if plan.is_default)}


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
