"""Unanswered tickets: promises that fall due while a visitor watches, and a running emergency."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.choices import ClockKind
from escalation.policies.terms import terms_for
from supportdesk.demo.companies import Company
from supportdesk.demo.openings import DemoQuestion
from supportdesk.demo.scripts import everyday_scripts, scripts_in
from supportdesk.demo.world import World
from tickets.choices import Channel, Priority


@dataclass(frozen=True)
class DueSoon:
    """In `minutes` from now, `percent` of the window will have passed."""

    script: str
    customer: str
    priority: Priority
    percent: int
    minutes: float


# All these promises run around the clock. At 100 % the ticket moves one level up.
SOON = (
    DueSoon("en-packet-loss-sea", "pairup", Priority.P1, 100, 2.5),
    DueSoon("zh-callback", "taoxin", Priority.P2, 100, 3.5),
    DueSoon("zh-overseas-loss", "yunque-games", Priority.P2, 80, 2.2),
    DueSoon("en-kicked-duplicate-login", "kopi-talk", Priority.P2, 100, 5.6),
    DueSoon("en-token-expired", "ironclad-guilds", Priority.P1, 140, 4.3),
    DueSoon("zh-cdn", "xinghai-live", Priority.P1, 80, 4.8),
)
EMERGENCY, EMERGENCY_AT, EMERGENCY_SINCE = "en-p0-all-down", "lumora-live", timedelta(minutes=5)


def current_questions(world: World, now: datetime) -> Iterator[DemoQuestion]:
    """Questions of the last day that are still open at ``now``, when a visitor may look."""
    scripts = {script.key: script for script in everyday_scripts()}
    for soon in SOON:
        company = world.companies[soon.customer]
        at = _start_time(company, soon, now).replace(microsecond=0)
        yield DemoQuestion(at, scripts[soon.script], soon.priority, company.contacts[1], is_left_alone=True)
    emergency, company = scripts_in("urgent")[EMERGENCY], world.companies[EMERGENCY_AT]
    at = (now - EMERGENCY_SINCE).replace(microsecond=0)
    yield DemoQuestion(at, emergency, Priority.P0, company.contacts[1], Channel.PHONE, is_left_alone=True)


def _start_time(company: Company, soon: DueSoon, now: datetime) -> datetime:
    """When the customer must have written so that the given share of the window ends at the given minute."""
    kind = ClockKind.FIRST_RESPONSE
    terms = terms_for(customer=company.customer, kind=kind, priority=soon.priority, at=now)
    window = timedelta(minutes=terms.target.minutes)
    return now + timedelta(minutes=soon.minutes) - window * soon.percent / 100
