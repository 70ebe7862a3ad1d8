"""Tickets moved by an absence or a departure: one row for each ticket, until somebody settles it."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import Absence, Departure
from tickets.choices import ACTIVE_STATUSES
from tickets.models import Ticket


class Settled(models.TextChoices):
    """What became of the offer to take the ticket back."""

    TAKEN_BACK = "taken_back", pgettext_lazy("after an absence", "Taken back")
    KEPT = "kept", pgettext_lazy("after an absence", "Left as it is")
    PASSED = "passed", pgettext_lazy("after an absence", "Done or gone elsewhere")


class AbsenceMoveQuerySet(models.QuerySet["AbsenceMove"]):
    def unsettled(self) -> "AbsenceMoveQuerySet":
        return self.filter(settled_at=None)

    def live(self) -> "AbsenceMoveQuerySet":
        """Moves whose ticket is open and still with the stand-in, or with a stand-in of that stand-in."""
        return self.filter(self._is_live())

    def stale(self) -> "AbsenceMoveQuerySet":
        """Moves whose ticket is done, or was given to somebody else or back by hand."""
        return self.filter(~self._is_live())

    def offered(self) -> "AbsenceMoveQuerySet":
        """Moves to decide on: the person is back, and the ticket is still with the stand-in."""
        return self.unsettled().filter(offered_at__isnull=False).live()

    def _is_live(self) -> Q:
        got = self.model.objects.filter(
            ticket=OuterRef("ticket"), moved_at__gte=OuterRef("moved_at"), to_owner=OuterRef("ticket__owner")
        )
        return Q(Exists(got), ~Q(ticket__owner=F("from_owner")), ticket__status__in=ACTIVE_STATUSES)


class AbsenceMove(models.Model):
    """Written by absences.moving under the ticket's lock. ``to_owner`` is empty as long as no stand-in was found."""

    # Kept when the absence is deleted: it then counts as ended.
    absence = models.ForeignKey(
        Absence, models.SET_NULL, related_name="moves", null=True, blank=True, verbose_name=_("absence")
    )
    # Instead of an absence: the person can no longer open tickets.
    departure = models.ForeignKey(
        Departure, models.CASCADE, related_name="moves", null=True, blank=True, verbose_name=_("departure")
    )
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="absence_moves", verbose_name=_("ticket"))
    from_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=pgettext_lazy("person", "from"),
    )
    to_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=pgettext_lazy("person", "to"),
    )  # fmt: skip
    moved_at = models.DateTimeField(_("moved at"))
    offered_at = models.DateTimeField(_("offered back at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    settled_as = models.CharField(_("settled"), max_length=10, choices=Settled, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("settled by"),
    )  # fmt: skip

    objects = AbsenceMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket moved during leave")
        verbose_name_plural = _("tickets moved during leave")
        ordering = ["-moved_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["absence", "ticket"], name="absence_moves_a_ticket_once"),
            models.UniqueConstraint(fields=["departure", "ticket"], name="departure_moves_a_ticket_once"),
        ]
        indexes = [
            models.Index(
                fields=["from_owner"], name="absence_move_unsettled", condition=Q(settled_at=None)
            )  # absences.moving, each minute
        ]

    def __str__(self) -> str:
        return f"{self.ticket} · {self.from_owner} → {self.to_owner or '?'}"
