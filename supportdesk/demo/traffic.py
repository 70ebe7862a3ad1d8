"""Who writes when: everyday questions over the weeks, strangers, emergencies, one bad evening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from customers.models import Contact
from supportdesk.demo.companies import Company
from supportdesk.demo.open_tickets import SOON
from supportdesk.demo.openings import DemoQuestion
from supportdesk.demo.scripts import Script, everyday_scripts, scripts_in
from supportdesk.demo.world import World
from tickets.choices import Channel, Priority

# Weight of each hour of the customer's day: low at night, high in the evening, when their users are online.
HOURS = [4, 3, 2, 1, 1, 1, 2, 4, 9, 16, 18, 17, 12, 14, 17, 18, 17, 15, 13, 15, 18, 19, 14, 8]
RISK = 0.05
SLOW = {"wang.zihan": 2.2, "aisha.rahman": 1.4}
BAD_TIMES = (0.52, 0.62)  # share of the story during which the desk is overrun
RECENT = timedelta(hours=19)
# Emergencies: when (share of the story), script, caller, and when the answer comes (share of the window).
EMERGENCIES = (
    (0.12, "zh-p0-all-rooms", "xinghai-live", 0.3),
    (0.36, "en-p0-all-down", "ironclad-guilds", 0.45),
    (0.61, "zh-p0-silence", "shengdao", 1.7),
    (0.86, "en-p0-silence", "lumora-live", 0.35),
)
BAD_EVENING = (0.57, ("lumora-live", "kopi-talk", "heartline", "xinghai-live", "taoxin"))
STRANGERS = (
    ("en-stranger-trial", "Noah Fischer", "noah.fischer@gmail.com"),
    ("zh-stranger-integration", "独立开发者小林", "xiaolin_dev@163.com"),
    ("en-stranger-partner", "Lucía Romero", "lucia@romero-studio.example"),
    ("zh-stranger-integration", "陈先生", "chen88213@qq.com"),
    ("en-stranger-trial", "Sanjay Kulkarni", "sanjay.k@outlook.com"),
    ("en-stranger-partner", "Emre Yıldız", "emre@bosphorus-apps.example"),
)


@dataclass(frozen=True)
class Size:
    """How much is loaded."""

    weeks: int = 10
    tickets_a_week: int = 26
    recent: int = 20


def past_questions(world: World, size: Size, dice: Random) -> Iterator[DemoQuestion]:
    """Every conversation that opens before now, in no particular order."""
    casting = Casting(dice, taken=(soon.script for soon in SOON))
    companies = list(world.companies.values())
    for number in range(size.weeks * size.tickets_a_week + size.recent):
        is_recent = number < size.recent
        company = dice.choices(companies, [company.weight for company in companies])[0]
        since = world.now - RECENT if is_recent else world.since
        at = working_moment(company, dice, since=since, until=world.now)
        yield _everyday(world, casting, company, at, dice)
    yield from _emergencies(world, dice)
    yield from _bad_evening(world, casting, dice)
    yield from _strangers(world, dice)


class Casting:
    """Picks a fitting script for each customer, the least used ones first."""

    def __init__(self, dice: Random, taken: Iterable[str]) -> None:
        self.dice = dice
        self.scripts = everyday_scripts()
        self.used = Counter(taken)

    def script_for(self, company: Company) -> Script:
        customer = company.customer
        fitting = [
            script
            for script in self.scripts
            if script.suits(language=customer.language, scenario=customer.scenario)
        ]
        least = min(self.used[script.key] for script in fitting)
        script = self.dice.choice([script for script in fitting if self.used[script.key] == least])
        self.used[script.key] += 1
        return script

    def named(self, key: str) -> Script:
        return next(script for script in self.scripts if script.key == key)


def working_moment(company: Company, dice: Random, *, since: datetime, until: datetime) -> datetime:
    """A random moment of the span, weighted by how much customers write at that hour of their day."""
    zone = ZoneInfo(company.customer.time_zone)
    tries = [since + (until - since) * dice.random() for _try in range(4)]
    weights = [HOURS[moment.astimezone(zone).hour] for moment in tries]
    return dice.choices(tries, weights)[0].replace(microsecond=0)


def _everyday(world: World, casting: Casting, company: Company, at: datetime, dice: Random) -> DemoQuestion:
    script = casting.script_for(company)
    has_group = bool(company.customer.tech_group)
    by_hand = Channel.GROUP if has_group else Channel.CHAT
    return DemoQuestion(
        at=at,
        script=script,
        priority=_priority(script.priorities, dice),
        contact=dice.choice(company.contacts),
        channel=by_hand if dice.random() < (0.16 if has_group else 0.06) else Channel.EMAIL,
        risk=_risk(world, company, at),
    )


def _priority(priorities: Sequence[int], dice: Random) -> int:
    """The more urgent of two priorities in two cases out of five."""
    if len(priorities) == 1:
        return priorities[0]
    return dice.choices(sorted(priorities), (2, 3))[0]


def _risk(world: World, company: Company, at: datetime) -> float:
    manager = company.customer.account_manager
    slowness = SLOW.get(manager.username, 1.0) if manager else 1.0
    share = (at - world.since) / (world.now - world.since)
    overrun = 2.5 if BAD_TIMES[0] <= share <= BAD_TIMES[1] else 1.0
    return RISK * slowness * overrun


def _emergencies(world: World, dice: Random) -> Iterator[DemoQuestion]:
    scripts = scripts_in("urgent")
    for share, key, code, answered in EMERGENCIES:
        company, script = world.companies[code], scripts[key]
        at = _evening(world, share, company, dice)
        yield DemoQuestion(
            at, script, Priority.P0, company.contacts[0], script.channel, risk=0.0, share=answered
        )


def _bad_evening(world: World, casting: Casting, dice: Random) -> Iterator[DemoQuestion]:
    """A network fails in several countries at once: five customers write within the hour."""
    share, codes = BAD_EVENING
    start = _evening(world, share, world.companies[codes[0]], dice)
    for code in codes:
        company = world.companies[code]
        key = "zh-join-failed" if company.customer.language == "zh-hans" else "en-join-failed-1020"
        at = start + timedelta(seconds=dice.randint(60, 2700))
        yield DemoQuestion(at, casting.named(key), Priority.P1, company.contacts[0], risk=0.3)


def _evening(world: World, share: float, company: Company, dice: Random) -> datetime:
    moment = world.since + (world.now - world.since) * share
    local = moment.astimezone(ZoneInfo(company.customer.time_zone))
    return local.replace(
        hour=dice.choice((19, 20, 21)), minute=dice.randint(0, 59), second=dice.randint(0, 59)
    )


def _strangers(world: World, dice: Random) -> Iterator[DemoQuestion]:
    """Messages from people whose company is unknown; the last two arrive today."""
    scripts = scripts_in("strangers")
    for place, (key, name, address) in enumerate(STRANGERS):
        script = scripts[key]
        contact = Contact.objects.create(name=name, email=address, language=script.language)
        is_today = place >= len(STRANGERS) - 2
        since = world.now - RECENT if is_today else world.since
        at = since + (world.now - since) * dice.uniform(0.05, 0.95)
        priority = _priority(script.priorities, dice)
        yield DemoQuestion(at.replace(microsecond=0), script, priority, contact, risk=0.15)
