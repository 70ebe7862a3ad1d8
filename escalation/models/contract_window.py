"""Windows that a single contract promises otherwise than its plan's policy."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Contract
from escalation.choices import ClockKind
from escalation.models.calendar import Calendar
from tickets.choices import Priority


class ContractWindow(models.Model):
    """In working minutes of its calendar. A clock keeps what it was started with when this is edited."""

    contract = models.ForeignKey(Contract, models.CASCADE, related_name="windows", verbose_name=_("contract"))
    kind = models.CharField(_("kind"), max_length=20, choices=ClockKind)
    priority = models.SmallIntegerField(_("priority"), choices=Priority)
    minutes = models.PositiveIntegerField(_("window in minutes"))
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("calendar"))

    class Meta:
        verbose_name = _("window of a contract")
        verbose_name_plural = _("windows of a contract")
        ordering = ["kind", "priority"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "kind", "priority"], name="contract_window_once"),
            models.CheckConstraint(
                condition=models.Q(minutes__gte=1),
                name="contract_window_positive",
                violation_error_message=_("A window has at least one minute."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_priority_display()}"
