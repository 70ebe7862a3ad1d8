"""App configuration of the customers app."""

from functools import partial

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers and staff")

    def ready(self) -> None:
        from customers.models import ContactTokens  # models must be loaded before
        from customers.search.column import create_indexes

        # SQLite drops the triggers of a table whenever a migration rebuilds it.
        receiver = partial(create_indexes, ContactTokens)
        post_migrate.connect(receiver, sender=self, weak=False, dispatch_uid="customers.search")
