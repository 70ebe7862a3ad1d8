"""Tags of a ticket: words by which colleagues find tickets about the same thing again."""

from __future__ import annotations

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket
from tickets.tag_names import LONGEST_TAG, tag_key


class TicketTag(models.Model):
    """One tag of a ticket, in small letters; email rules and colleagues put it there."""

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="tags", db_index=False, verbose_name=_("ticket")
    )
    name = models.CharField(_("tag"), max_length=LONGEST_TAG)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        default_permissions = ()  # whoever may change the ticket may tag it
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["ticket", "name"], name="ticket_tag_once")]
        indexes = [models.Index(fields=["name", "ticket"], name="ticket_tag_name")]

    def __str__(self) -> str:
        return self.name


def tagged_tickets(name: str) -> QuerySet[TicketTag, int]:
    """The keys of all tickets with this tag, however somebody typed it, as a subquery."""
    return TicketTag.objects.order_by().filter(name=tag_key(name)).values_list("ticket", flat=True)
