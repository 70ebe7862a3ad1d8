"""App configuration of the tickets app."""

from functools import partial

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    name = "tickets"
    verbose_name = _("Tickets and email")

    def ready(self) -> None:
        from customers.search.column import create_indexes
        from tickets.models import (  # models must be loaded before
            InboundTokens,
            MessageTokens,
            OutboundTokens,
        )

        # SQLite drops the triggers of a table whenever a migration rebuilds it.
        for model in (MessageTokens, InboundTokens, OutboundTokens):
            uid = f"search of {model.__name__}"
            post_migrate.connect(partial(create_indexes, model), sender=self, weak=False, dispatch_uid=uid)
