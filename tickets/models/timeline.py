"""The timeline: one entry for each event of a ticket, in order."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from tickets.choices import Fact
from tickets.models.ticket import Ticket


class TimelineEntry(models.Model):
    """One event of a ticket; services only append entries. ``data`` holds the values that its sentence names."""

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="timeline", db_index=False, verbose_name=_("ticket")
    )
    at = models.DateTimeField(_("time"))
    fact = models.CharField(_("event"), max_length=20, choices=Fact)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("actor"),
    )  # fmt: skip
    data: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline")
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["ticket", "at"], name="timeline_ticket_at"),
            where_set("actor", name="timeline_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.get_fact_display()} {self.at:%Y-%m-%d %H:%M}"
