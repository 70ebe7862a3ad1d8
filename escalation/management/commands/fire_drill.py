"""manage.py fire_drill: starts a drill, from your own timetable or from a terminal at night."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from customers import time_of_record
from customers.models import Customer
from escalation.drills.drills import start_drill
from tickets.errors import DeskError


class Command(BaseCommand):
    help = (
        "Start a fire drill: a marked P0 that runs the real chain to real people and that no figure counts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--by", metavar="USERNAME", required=True, help="who starts it; needs the permission"
        )
        parser.add_argument("--reason", required=True, help="stands in the report")
        parser.add_argument("--customer", metavar="CODE", help="whose contract and account manager it uses")
        parser.add_argument(
            "--until-acknowledged", action="store_true", help="end it as soon as somebody has acknowledged"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            ticket = start_drill(
                actor=_user(options["by"]),
                at=time_of_record.now(),
                reason=options["reason"],
                customer=_customer(options["customer"]),
                until_acknowledged=options["until_acknowledged"],
            )
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{ticket.number} is the drill; its report is {ticket.drill.pk} in the admin.")


def _user(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {name!r}.")
    return user


def _customer(code: str | None) -> Customer | None:
    customer = Customer.objects.filter(code=code).first() if code else None
    if code and customer is None:
        raise CommandError(f"There is no customer with the code {code!r}.")
    return customer
