"""The ticket: one customer's matter, its owner, its priority and its status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import Scenario
from customers.indexes import where_set
from customers.models import Contact, Customer
from tickets.choices import ACTIVE_STATUSES, Channel, Priority, Status

if TYPE_CHECKING:
    from tickets.models.message import Message


def ticket_number(pk: int) -> str:
    """The number of a ticket, from its key."""
    return f"SD#{pk}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def active(self) -> TicketQuerySet:
        return self.filter(status__in=ACTIVE_STATUSES)

    def real(self) -> TicketQuerySet:
        """Leave out fire drills and imported tickets, which no figure includes."""
        return self.filter(is_drill=False, is_history=False)


class Ticket(models.Model):
    """A customer's matter. Lock this row before you change the ticket, its messages or its clocks."""

    # Set by tickets.services.opening on the ticket that it opened.
    first_message: Message | None = None

    subject = models.CharField(_("subject"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.NEW)
    priority = models.SmallIntegerField(_("priority"), choices=Priority, default=Priority.P2)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="tickets", null=True, blank=True, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    contact = models.ForeignKey(
        Contact, models.PROTECT, related_name="tickets", null=True, blank=True, verbose_name=_("contact")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="tickets",
        db_index=False,
        verbose_name=_("owner"),
    )
    mailbox = models.ForeignKey(
        "tickets.Mailbox", models.SET_NULL, related_name="+", null=True, blank=True, verbose_name=_("mailbox")
    )
    # Set by a mail rule; empty for the customer's own.
    scenario = models.CharField(
        _("scenario"), max_length=20, choices=Scenario, blank=True, default="", db_default=""
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    # A fire drill: the chain really runs, but nothing reaches a customer and no figure counts it.
    is_drill = models.BooleanField(_("fire drill"), default=False, editable=False)
    # Imported from before its mailbox began; no figure counts it until the customer writes again.
    is_history = models.BooleanField(_("imported"), default=False, db_default=False, editable=False)
    opened_at = models.DateTimeField(_("received at"))
    updated_at = models.DateTimeField(_("last activity"))
    # Receipt of the oldest unanswered customer message; empty while we wait for the customer.
    unanswered_since = models.DateTimeField(_("unanswered since"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, related_name="merged_tickets", null=True, blank=True,
        db_index=False, verbose_name=_("merged into"),
    )  # fmt: skip
    follows = models.ForeignKey(
        "self", models.SET_NULL, related_name="followers", null=True, blank=True, db_index=False,
        verbose_name=_("follow-up to"),
    )  # fmt: skip

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["-opened_at"]
        indexes = [
            models.Index(fields=["-opened_at"], name="ticket_opened"),  # lists, weekly pack
            models.Index(fields=["-updated_at"], name="ticket_updated"),  # lists
            models.Index(
                fields=["owner", "status"], name="ticket_owner_status"
            ),  # a colleague's load, the board
            models.Index(fields=["customer", "-opened_at"], name="ticket_customer"),  # the customer's card
            models.Index(
                fields=["customer"],
                name="ticket_active_customer",
                condition=models.Q(status__in=ACTIVE_STATUSES),
            ),  # open tickets in the customers' list
            models.Index(
                fields=["opened_at"], name="ticket_drills", condition=models.Q(is_drill=True)
            ),  # what figures leave out
            where_set("merged_into", name="ticket_merged_into"),
            where_set("follows", name="ticket_follows"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def number(self) -> str:
        """The number that people and mail subjects use: ``SD#1234``."""
        return ticket_number(self.pk)

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_STATUSES
