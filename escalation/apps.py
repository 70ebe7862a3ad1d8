"""App configuration of the escalation app: connects its handlers to the tickets app's events."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EscalationConfig(AppConfig):
    name = "escalation"
    verbose_name = _("SLA and escalation")

    def ready(self) -> None:
        from escalation.handlers import connect  # models must be loaded before their handlers

        connect()
