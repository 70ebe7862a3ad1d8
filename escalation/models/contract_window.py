"""Windows that one contract promises in place of those of its plan's policy, and when they apply."""

from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Contract
from escalation.choices import ClockKind
from escalation.models.calendar import Calendar
from tickets.choices import Priority


class ContractWindowQuerySet(models.QuerySet["ContractWindow"]):
    def current(self) -> "ContractWindowQuerySet":
        """Windows that are not retired."""
        return self.filter(retired_at=None)

    def at(self, moment: datetime) -> "ContractWindowQuerySet":
        """Windows in force at a moment (UTC)."""
        return self.filter(Q(retired_at=None) | Q(retired_at__gt=moment), created_at__lte=moment)

    def retire(self, at: datetime) -> int:
        """Retire the windows in force; for escalation.policies.contract_windows only."""
        return models.QuerySet.update(self.current(), retired_at=at)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("A window of a contract cannot be changed, only retired.")

    def delete(self) -> NoReturn:
        raise TypeError("A window of a contract cannot be deleted, only retired.")


class ContractWindow(models.Model):
    """Minutes of working time in its calendar. Never edited: a change retires the row and adds another."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="windows", verbose_name=_("contract"))
    kind = models.CharField(_("kind"), max_length=20, choices=ClockKind)
    priority = models.SmallIntegerField(_("priority"), choices=Priority)
    minutes = models.PositiveIntegerField(_("response time in minutes"))
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("calendar"))
    created_at = models.DateTimeField(_("in force since"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("changed by"),
    )  # fmt: skip
    retired_at = models.DateTimeField(_("in force until"), null=True, blank=True)

    objects = ContractWindowQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract response time")
        verbose_name_plural = _("contract response times")
        ordering = ["kind", "priority", "created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "kind", "priority"],
                condition=Q(retired_at=None),
                name="contract_window_once",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=1),
                name="contract_window_positive",
                violation_error_message=_("A response time must be at least one minute."),
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None) | Q(retired_at__gte=F("created_at")),
                name="contract_window_retired_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_priority_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A window of a contract cannot be changed, only retired.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A window of a contract cannot be deleted, only retired.")
