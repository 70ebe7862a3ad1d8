"""The people of a filled desk: sixty colleagues in six teams, two thousand customers with a contact and a contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import Group, User

from customers.choices import Language, Scenario
from customers.models import (
    Contact,
    ContactTokens,
    Contract,
    Customer,
    Desk,
    MailDomain,
    ServicePlan,
    StaffProfile,
    Team,
)
from customers.names import name_of
from supportdesk.demo.staff import DOMAIN

TEAMS, STAFF, MOST_CUSTOMERS = 6, 60, 2_000
OF_FIRST_MANAGER = 80  # customers, among two thousand
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
FIRST = [
    "Maya",
    "Noah",
    "Emma",
    "Liam",
    "Olivia",
    "Ethan",
    "Sofia",
    "Lucas",
    "Aisha",
    "Daniel",
    "Priya",
    "James",
    "Hana",
    "Marco",
    "Elena",
    "Ivan",
]
LAST = [
    "Torres",
    "Fischer",
    "Brown",
    "Nguyen",
    "Silva",
    "Rossi",
    "Kowalski",
    "Novak",
    "Hansen",
    "Dubois",
    "Okafor",
    "Sato",
    "Haddad",
    "Meyer",
]
KINDS = ("Live", "Social", "Games", "Voice", "Radio", "Party", "Stream", "Talk")
CHINESE_KINDS = ("直播", "社交", "互娱", "语音", "电台", "派对", "互动", "畅聊")


@dataclass(frozen=True, slots=True)
class FilledCompany:
    """A customer as the rows of its tickets need it; people are keys."""

    customer: int
    contact: int
    contact_name: str
    address: str
    contract: int
    manager: int
    backup: int
    language: Language


@dataclass(frozen=True)
class Staffing:
    """``lead_of`` gives the lead of each colleague, ``address_of`` where mail for them goes."""

    companies: list[FilledCompany]
    managers: list[int]
    lead_of: dict[int, int]
    address_of: dict[int, str]
    name_of: dict[int, str]


def hire(tickets: int, *, now: datetime, dice: Random) -> Staffing:
    """Create everybody: fewer customers for a desk of less than twenty thousand tickets."""
    since = now - timedelta(days=800)
    director = _colleague("director", "Support director", None, since, dice)
    _colleague("auditor", "Auditor", director, since, dice)
    duty_manager = _colleague("duty.manager", "Duty manager", director, since, dice)
    leads = [_colleague(f"lead{number + 1}", "Team lead", director, since, dice) for number in range(TEAMS)]
    teams = [
        Team.objects.create(name=f"Team {number + 1} 组", lead=lead) for number, lead in enumerate(leads)
    ]
    managers = [
        _colleague(
            f"manager{number + 1}",
            "Account manager",
            leads[number % TEAMS],
            since,
            dice,
            teams[number % TEAMS],
        )
        for number in range(STAFF - TEAMS - 3)
    ]
    Desk.objects.update_or_create(pk=1, defaults={"intake_owner": leads[0], "duty_manager": duty_manager})
    lead_of = {manager.pk: leads[number % TEAMS].pk for number, manager in enumerate(managers)}
    lead_of.update((lead.pk, director.pk) for lead in leads)
    companies = _sign_up(min(MOST_CUSTOMERS, max(tickets // 10, STAFF)), managers, since, dice)
    people = [director, duty_manager, *leads, *managers]
    return Staffing(
        companies, [manager.pk for manager in managers], lead_of,
        {person.pk: person.email for person in people}, {person.pk: name_of(person) for person in people},
    )  # fmt: skip


def _colleague(
    username: str, group: str, superior: User | None, since: datetime, dice: Random, team: Team | None = None
) -> User:
    first, last = _name(dice.choice((Language.ENGLISH, Language.CHINESE)), dice)
    user = User(username=username, first_name=first, last_name=last, is_staff=True, date_joined=since)
    user.email = f"{username}@{DOMAIN}"
    user.set_unusable_password()
    user.save()
    user.groups.add(Group.objects.get(name=group))
    StaffProfile.objects.create(user=user, reports_to=superior, team=team)
    return user


def _name(language: Language, dice: Random) -> tuple[str, str]:
    if language == Language.CHINESE:
        return "".join(dice.choices(GIVEN, k=2)), dice.choice(SURNAMES)
    return dice.choice(FIRST), dice.choice(LAST)


def _sign_up(number: int, managers: list[User], since: datetime, dice: Random) -> list[FilledCompany]:
    plan = ServicePlan.objects.get(is_default=True)
    customers = Customer.objects.bulk_create(
        _customer(each, number, managers, dice) for each in range(number)
    )
    MailDomain.objects.bulk_create(MailDomain(customer=it, domain=f"{it.code}.example") for it in customers)
    contacts = Contact.objects.bulk_create(_contact(it, dice) for it in customers)
    ContactTokens.store(contacts)
    contracts = Contract.objects.bulk_create(
        Contract(customer=it, plan=plan, starts_on=since.date(), reference=f"RTC-{it.pk:05}")
        for it in customers
    )
    return [_company(*each) for each in zip(customers, contacts, contracts, strict=True)]


def _customer(place: int, number: int, managers: list[User], dice: Random) -> Customer:
    """The first manager looks after more customers than the others, as many as are asked of a page."""
    is_first = place < OF_FIRST_MANAGER * number // MOST_CUSTOMERS
    manager = 0 if is_first else 1 + place % (len(managers) - 1)
    language = Language.CHINESE if place % 2 else Language.ENGLISH
    return Customer(
        name=_company_name(place, language, dice), code=f"company{place + 1}", language=language,
        scenario=Scenario.values[place % len(Scenario.values)], account_manager=managers[manager],
        backup_account_manager=managers[(manager + TEAMS) % len(managers)],
    )  # fmt: skip


def _company_name(place: int, language: Language, dice: Random) -> str:
    if language == Language.CHINESE:
        return f"{dice.choice(SURNAMES)}{dice.choice(GIVEN)}{CHINESE_KINDS[place % 8]}{place + 1}"
    return f"{dice.choice(LAST)} {KINDS[place % 8]} {place + 1}"


def _contact(customer: Customer, dice: Random) -> Contact:
    first, last = _name(Language(customer.language), dice)
    name = f"{last}{first}" if customer.language == Language.CHINESE else " ".join((first, last))
    phone = f"+86 138 {customer.pk % 10_000:04} {dice.randrange(10_000):04}"
    return Contact(customer=customer, name=name, email=f"ops@{customer.code}.example", phone=phone)


def _company(customer: Customer, contact: Contact, contract: Contract) -> FilledCompany:
    manager, backup = (
        customer.account_manager_id or 0,
        customer.backup_account_manager_id or 0,
    )  # both are given above
    return FilledCompany(
        customer.pk, contact.pk, contact.name, contact.email, contract.pk, manager, backup, Language(customer.language)
    )  # fmt: skip
