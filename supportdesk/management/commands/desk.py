"""manage.py desk: prepares and runs the whole desk on one machine."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFault
from django.db import connections
from django.utils.translation import gettext as _

from customers import time_of_record
from escalation.enforcement.heartbeats import beat
from escalation.tasks import START
from supportdesk.accounts.administrator import NewAdministrator, ensure_administrator
from supportdesk.demo import DemoReport, Login, load_demo
from supportdesk.processes.desk_parts import DeskPlan, desk_parts
from supportdesk.processes.runner.output import Printer
from supportdesk.processes.runner.ports import port_problems
from supportdesk.processes.runner.supervisor import Supervisor
from supportdesk.processes.setup_lock import only_one_sets_up
from supportdesk.schedules import sync_schedules
from tickets.errors import DeskError
from tickets.services.mailboxes import default_mailbox


class Command(BaseCommand):
    help = "Runs the desk on one machine: web server, task queue, mail listener and mail watcher. Ctrl-C stops it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default=DeskPlan.host, help="address of the web server (default: %(default)s)"
        )
        parser.add_argument("--port", type=int, default=DeskPlan.port, help="its port (default: %(default)s)")
        parser.add_argument(
            "--lmtp-port",
            type=int,
            default=DeskPlan.lmtp_port,
            help="email by LMTP; 0: none (default: %(default)s)",
        )
        parser.add_argument(
            "--smtp-port",
            type=int,
            default=DeskPlan.smtp_port,
            help="email by SMTP; 0: none (default: %(default)s)",
        )
        parser.add_argument(
            "--workers", type=int, default=DeskPlan.workers, help="web processes (default: %(default)s)"
        )
        parser.add_argument("--demo", action="store_true", help="load a believable desk to look at")

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        plan = DeskPlan(
            **{name: options[name] for name in ("host", "port", "lmtp_port", "smtp_port", "workers")}
        )
        self._refuse(plan)
        settings.SITE_URL = plan.site_url  # the demo writes its mail in this process
        with only_one_sets_up_or_a_sentence():
            self._prepare_database()
            administrator = ensure_administrator()
            beat(START, at=time_of_record.now())
        self._collect_static()
        if administrator:  # at once, in case the demo is stopped while it loads
            self._say(demo_administrator_line(administrator) if demo else administrator_line(administrator))
        report = self._demo(administrator) if demo else None
        if demo:
            beat(START, at=time_of_record.now())  # to load it takes as long as a sweep may be late
        connections.close_all()
        printer = Printer(sys.stdout)
        status = Supervisor(desk_parts(plan, ready=welcome(plan, administrator, report)), printer).run()
        if status:
            sys.exit(status)
        self._say(_("The desk has stopped."))

    def _demo(self, administrator: NewAdministrator | None) -> DemoReport:
        try:
            return load_demo(now=time_of_record.now(), say=self._say, administrator=administrator)
        except DeskError as refusal:
            raise CommandError(str(refusal)) from refusal
        except KeyboardInterrupt as stop:
            raise CommandError(_("Stopped while the demo was loading.")) from stop

    def _refuse(self, plan: DeskPlan) -> None:
        if plan.workers < 1:
            raise CommandError(_("--workers must be 1 or more."))
        if problems := port_problems(plan.bindings()):
            raise CommandError("\n".join(problems))

    def _prepare_database(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        sync_schedules(now=time_of_record.now())
        default_mailbox()
        self._say(_("The database is up to date."))

    def _collect_static(self) -> None:
        try:
            call_command("collectstatic", interactive=False, verbosity=0)
        except OSError as error:
            raise CommandError(
                _("Static files cannot be written to %(folder)s: %(error)s")
                % {"folder": settings.STATIC_ROOT, "error": error}
            ) from error

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


@contextmanager
def only_one_sets_up_or_a_sentence() -> Iterator[None]:
    """Whatever the database refuses while the desk is set up ends the command with a sentence."""
    try:
        with only_one_sets_up():
            yield
    except DatabaseFault as error:
        words = {"error": str(error).strip(), "name": settings.DATABASES["default"]["NAME"]}
        raise CommandError(
            _("The database %(name)s cannot be used: %(error)s\nCheck DATABASE_URL and its server.") % words
        ) from error


def administrator_line(administrator: NewAdministrator) -> str:
    words = {"name": administrator.username, "password": administrator.password}
    return (
        _(
            "Administrator: %(name)s, one-time password: %(password)s (shown only now; sign in to choose your own)"
        )
        % words
    )


def demo_administrator_line(administrator: NewAdministrator) -> str:
    """The demo's administrator may sign in any number of times, and every start prints the password again."""
    return login_line(Login(_("Administrator"), administrator.username, administrator.password))


def welcome(plan: DeskPlan, administrator: NewAdministrator | None, demo: DemoReport | None) -> str:
    """The text printed when the desk is open: its addresses, and how to sign in."""
    lines = [_("The desk is running at %(url)s (press Ctrl-C to stop it)") % {"url": plan.url}]
    if plan.lmtp_port:
        lines.append(_("Email by LMTP: 127.0.0.1:%(port)s") % {"port": plan.lmtp_port})
    if plan.smtp_port:
        lines.append(_("Email by SMTP: 127.0.0.1:%(port)s") % {"port": plan.smtp_port})
    if administrator and not demo:
        lines.append(administrator_line(administrator))
    if demo:
        lines += demo_lines(plan, demo)
    return "\n".join(lines)


def demo_lines(plan: DeskPlan, demo: DemoReport) -> list[str]:
    lines = [login_line(login) for login in demo.logins]
    if plan.smtp_port:
        lines += ["", _("To write as a customer, paste this line into another terminal:")]
        lines.append(demo.paste_line(smtp_port=plan.smtp_port))
    return lines


def login_line(login: Login) -> str:
    if not login.password:
        return _("%(role)s: %(name)s (the password was changed)") % {
            "role": login.role,
            "name": login.username,
        }
    words = {"role": login.role, "name": login.username, "password": login.password}
    return _("%(role)s: %(name)s, password: %(password)s") % words
