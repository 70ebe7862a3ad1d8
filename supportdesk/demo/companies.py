"""The customers of the demo with their mail domains, contracts and contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from customers.models import Contact, Customer, MailDomain
from customers.services.contracts import save_contract
from supportdesk.demo.content_files import read_content
from supportdesk.demo.plans import plans_by_code


@dataclass(frozen=True)
class Company:
    """A customer with its contacts; `weight` says how much they write."""

    customer: Customer
    contacts: tuple[Contact, ...]
    weight: int


def codes() -> set[str]:
    return {row["code"] for row in read_content("customers")["customer"]}


def create_companies(users: Mapping[str, User], *, now: datetime) -> dict[str, Company]:
    """Create everybody and return the companies by code."""
    plans = plans_by_code()
    companies = {}
    for row in read_content("customers")["customer"]:
        customer = _customer(row, users)
        today = now.astimezone(ZoneInfo(customer.time_zone)).date()
        for plan, *days in row["contracts"]:
            first, *last = (today + timedelta(days=day) for day in days)
            ends_on: date | None = last[0] if last else None
            reference = f"RTC-{first:%Y%m}-{customer.pk:03d}"
            save_contract(
                customer=customer, plan=plans[plan], starts_on=first, ends_on=ends_on, reference=reference
            )
        people = tuple(_contact(customer, number, person) for number, person in enumerate(row["contacts"]))
        companies[customer.code] = Company(customer, people, row["weight"])
    return companies


def _customer(row: Mapping[str, Any], users: Mapping[str, User]) -> Customer:
    customer = Customer.objects.create(
        code=row["code"],
        name=row["name"],
        scenario=row["scenario"],
        language=row["language"],
        time_zone=row["zone"],
        account_manager=users[row["manager"]],
        backup_account_manager=users[row["backup"]],
        hotline=row.get("hotline", ""),
        tech_group=row.get("tech_group", ""),
        note=row.get("note", ""),
    )
    MailDomain.objects.create(customer=customer, domain=f"{customer.code}.example")
    return customer


def _contact(customer: Customer, number: int, person: list[str]) -> Contact:
    name, local = person
    phone = f"+86 138 0013 {8000 + 13 * customer.pk + number}" if number == 0 else ""
    return Contact.objects.create(
        customer=customer, name=name, email=f"{local}@{customer.code}.example", phone=phone
    )
