"""App configuration of the escalation app: connects its handlers to the tickets app's events, and its triggers."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = _("SLA and escalation")

    def ready(self) -> None:
        from escalation.clocks.ledger_guard import create_guards
        from escalation.handlers import connect  # models must be loaded before their handlers
        from escalation.policies.stamp_triggers import create_triggers

        connect()
        post_migrate.connect(create_triggers, sender=self)
        post_migrate.connect(create_guards, sender=self)
