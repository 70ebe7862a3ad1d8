"""Service plans, and the contracts that give one to a customer for a time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import Language, validate_zone
from customers.models.customer import Customer


class ServicePlan(models.Model):
    """A plan that customers can buy. A policy of the escalation app holds its promises."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    is_default = models.BooleanField(_("default without a contract"), default=False)

    class Meta:
        verbose_name = _("service plan")
        verbose_name_plural = _("service plans")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "is_default", condition=models.Q(is_default=True), name="one_default_plan"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Contract(models.Model):
    """A plan from the first to the last day, both included, as days of `zone`. Empty fields default to the customer's.

    No two contracts of a customer share a day: services.contracts refuses it, and so does PostgreSQL by a
    constraint.
    """

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="contracts", verbose_name=_("customer")
    )
    plan = models.ForeignKey(
        ServicePlan, models.PROTECT, related_name="contracts", verbose_name=_("service plan")
    )
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    starts_on = models.DateField(_("start date"))
    ends_on = models.DateField(_("end date"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_zone])
    language = models.CharField(_("language"), max_length=10, choices=Language, blank=True)
    hotline = models.CharField(_("hotline"), max_length=60, blank=True)
    tech_group = models.CharField(_("tech group"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["customer", "-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="contract_ends_after_start",
                violation_error_message=_("The end date is before the start date."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.plan} · {self.starts_on}"

    def is_in_force(self, at: datetime) -> bool:
        """True if ``at`` lies in its days, which are days of its zone."""
        day = at.astimezone(ZoneInfo(self.zone)).date()
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    @property
    def zone(self) -> str:
        return self.time_zone or self.customer.time_zone

    @property
    def spoken_language(self) -> str:
        return self.language or self.customer.language

    @property
    def hotline_to_call(self) -> str:
        return self.hotline or self.customer.hotline

    @property
    def group_to_use(self) -> str:
        return self.tech_group or self.customer.tech_group
