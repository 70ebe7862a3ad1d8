"""Loads the demo into an empty desk: people and customers, ten weeks of history, and the last day as real mail.

1. Everything up to a day before now is one transaction: an interrupted load leaves nothing behind.
2. The last day arrives as raw mail, which the intake stores in transactions of its own.
3. The sweep enforces the promises at the simulated minutes, and the outbox is delivered as of those minutes.
4. Promises that fall due while the visitor watches are timed from the end of the loading, not from its start.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Absence, Customer
from supportdesk.accounts.administrator import NewAdministrator
from supportdesk.demo import companies
from supportdesk.demo.agenda import Agenda, deliver_outbox
from supportdesk.demo.backdating import backdate_rows
from supportdesk.demo.conversation import DemoConversation
from supportdesk.demo.duty import fill_rota, make_rota
from supportdesk.demo.logins import create_logins, known_logins
from supportdesk.demo.machines import schedule_machine_mails
from supportdesk.demo.open_tickets import current_questions
from supportdesk.demo.openings import DemoQuestion
from supportdesk.demo.packs import schedule_packs
from supportdesk.demo.plans import create_chains, create_plans
from supportdesk.demo.report import DemoReport
from supportdesk.demo.staff import create_staff
from supportdesk.demo.traffic import Size, past_questions
from supportdesk.demo.world import World, create_mailboxes
from tickets import nudges
from tickets.errors import DeskError
from tickets.models import Ticket

SEED = 20_26
FULL = Size()
LAST_DAY = timedelta(hours=26)
LAST_PART = 0.2  # upper limit for the share of the time spent on everything before the last day


def load_demo(
    *,
    now: datetime,
    say: Callable[[str], None],
    administrator: NewAdministrator | None = None,
    size: Size = FULL,
    stopwatch: Callable[[], float] = time.monotonic,
) -> DemoReport:
    """Write the demo as of ``now`` (UTC), or leave an earlier one as it is. ``say`` prints a line.

    ``administrator`` was created just now, so that a later start can show the password again. ``stopwatch``
    returns seconds, so that the history ends when the loading ends. Raises DeskError for a desk that holds
    other data or would really send mail. Must not run inside a transaction.
    """
    refuse_real_desk()
    if is_loaded():
        say(_("The demo is already loaded; its data is left unchanged."))
        return DemoReport(known_logins(), fresh=False)
    say(
        _("Loading the demo: %(weeks)s weeks of a support desk, in about half a minute.")
        % {"weeks": size.weeks}
    )
    with nudges.hold_nudges():
        _play_history(now.replace(microsecond=0), size, administrator, _Elapsed(stopwatch))
    words = {"tickets": Ticket.objects.count(), "customers": Customer.objects.count()}
    say(_("The demo is loaded: %(tickets)s tickets of %(customers)s customers.") % words)
    return DemoReport(known_logins(), fresh=True)


class _Elapsed:
    """Returns the time spent on loading so far."""

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self.stopwatch = stopwatch
        self.start = stopwatch()

    def __call__(self) -> timedelta:
        return timedelta(seconds=round(self.stopwatch() - self.start))


def is_loaded() -> bool:
    return Customer.objects.filter(code__in=companies.codes()).exists()


def refuse_real_desk() -> None:
    """Raise DeskError unless the desk is empty and its mail goes into a folder."""
    others = Customer.objects.exclude(code__in=companies.codes()).exists()
    if others or (Ticket.objects.exists() and not is_loaded()):
        raise DeskError(
            _(
                "This desk already has customers or tickets, and the demo needs an empty one. "
                "Start without --demo, or give the demo its own folder with DESK_VAR_DIR (and "
                "its own DATABASE_URL, if you set one)."
            )
        )
    if settings.SMTP_URL:
        raise DeskError(
            _("The demo writes to invented people. Unset SMTP_URL, so that its emails stay in a folder.")
        )


def _play_history(
    now: datetime, size: Size, administrator: NewAdministrator | None, elapsed: _Elapsed
) -> None:
    with transaction.atomic():
        world = create_world(now, size)
        create_logins(world.users, administrator)
        schedule_packs(world)
        _schedule_conversations(world, past_questions(world, size, Random(SEED)), "past")  # noqa: S311  # a story, no secret
        schedule_machine_mails(world)
        world.agenda.run_until(world.raw_since)
    _schedule_conversations(world, current_questions(world, now + elapsed() * (1 + LAST_PART)), "now")
    world.agenda.run_until(now)
    world.agenda.run_until(now + elapsed())
    deliver_outbox(now + elapsed())  # messages from the very end
    backdate_rows(since=world.since)


def _schedule_conversations(world: World, opened: Iterable[DemoQuestion], part: str) -> None:
    """Put the start of each conversation on the agenda, each with a random source of its own."""
    for number, opening in enumerate(opened):
        conversation = DemoConversation(opening, world, Random(f"{SEED}/{part}/{number}"))  # noqa: S311
        world.agenda.add(opening.at, conversation.begin)


def create_world(now: datetime, size: Size) -> World:
    """Create people, plans, rota, customers and mailboxes, as if they had always existed."""
    since = now - timedelta(weeks=size.weeks)
    before = since - timedelta(days=30)
    users = create_staff(now=now, since=before)
    rota = make_rota()
    fill_rota(rota, users, since=since, now=now)
    create_plans(rota=rota, director=users["zhou.huimin"], since=before)
    signed_up = companies.create_companies(users, now=now)
    create_chains(director=users["zhou.huimin"], since=before)
    return World(
        agenda=Agenda(),
        users=users,
        companies=signed_up,
        boxes=create_mailboxes(),
        rota=rota,
        since=since,
        raw_since=now - LAST_DAY,
        now=now,
        absences=list(Absence.objects.all()),
    )
