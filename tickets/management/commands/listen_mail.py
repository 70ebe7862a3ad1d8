"""manage.py listen_mail: take mail by LMTP and SMTP until SIGTERM or Ctrl-C."""

import asyncio
import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from tickets.listener import Endpoint, Report, report_to_nobody, serve, stop_on_signals


class Command(BaseCommand):
    help = "Takes mail by LMTP and SMTP and stores it. Answers 250 only after the commit."

    report: Report = staticmethod(report_to_nobody)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--lmtp-port", type=int, default=8024, help="0: no LMTP (default: %(default)s)")
        parser.add_argument("--smtp-port", type=int, default=8025, help="0: no SMTP (default: %(default)s)")

    def handle(self, *args: Any, host: str, lmtp_port: int, smtp_port: int, **options: Any) -> None:
        doors = [Endpoint("lmtp", host, lmtp_port), Endpoint("smtp", host, smtp_port)]
        self.doors = [door for door in doors if door.port]
        if not self.doors:
            raise CommandError(_("Both ports are 0, so there is nothing to listen on."))
        # aiosmtpd logs every command of every session.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        try:
            asyncio.run(self._run())
        except OSError as error:
            raise CommandError(
                _("Cannot listen: %(error)s. Choose other ports with --lmtp-port and --smtp-port.")
                % {"error": error.strerror or error}
            ) from error

    async def _run(self) -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        most_bytes = settings.MAIL_MAX_BYTES
        await serve(self.doors, most_bytes=most_bytes, opened=self._opened, stop=stop, report=self.report)

    def _opened(self, ports: list[int]) -> None:
        for door, port in zip(self.doors, ports, strict=True):
            words = {"protocol": door.via.upper(), "host": door.host, "port": port}
            self.stdout.write(_("Accepting email by %(protocol)s on %(host)s:%(port)s.") % words)
