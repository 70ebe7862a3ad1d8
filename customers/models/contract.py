"""Service plans and the contracts that put a customer on one for a time."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer


class ServicePlan(models.Model):
    """What can be bought. Which promise goes with it is a policy of the escalation app."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)
    is_default = models.BooleanField(_("used without a contract"), default=False)

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
    """A plan from the first to the last day, both included, as days of the customer's zone."""

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="contracts", verbose_name=_("customer")
    )
    plan = models.ForeignKey(
        ServicePlan, models.PROTECT, related_name="contracts", verbose_name=_("service plan")
    )
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["customer", "-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="contract_ends_after_start",
                violation_error_message=_("The last day lies before the first."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.plan} · {self.starts_on}"
