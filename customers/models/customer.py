"""Customers (companies), the mail domains that identify them, and their contacts."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.choices import Language, Scenario, validate_zone
from customers.public_domains import is_public_domain, is_public_suffix
from customers.recorded_time_field import RecordedTimeField
from customers.search.column import TokensField
from customers.search.tokens import number_endings, tokens_of


class Customer(models.Model):
    """A company with a promise. The account managers named here own its tickets and see its record."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    code = models.SlugField(_("code"), max_length=40, unique=True)
    scenario = models.CharField(_("scenario"), max_length=20, choices=Scenario, default=Scenario.OTHER)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ENGLISH)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[validate_zone]
    )
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("account manager"),
    )  # fmt: skip
    backup_account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("backup account manager"),
    )  # fmt: skip
    hotline = models.CharField(_("hotline"), max_length=60, blank=True)
    tech_group = models.CharField(_("tech group"), max_length=120, blank=True)
    note = models.TextField(_("note"), blank=True)
    is_active = models.BooleanField(pgettext_lazy("in use", "active"), default=True)
    created_at = RecordedTimeField(_("created at"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["name"]
        permissions = [
            ("view_all_customers", _("Can see every customer and ticket")),
            ("read_only", _("Can change nothing")),
        ]

    def __str__(self) -> str:
        return self.name


class MailDomain(models.Model):
    """A mail domain that identifies one company. Stored in lower case; public providers are refused."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="domains", verbose_name=_("customer"))
    domain = models.CharField(_("domain"), max_length=253, unique=True)

    class Meta:
        verbose_name = _("email domain")
        verbose_name_plural = _("email domains")
        ordering = ["domain"]
        constraints = [
            models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="mail_domain_lower_case")
        ]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        self.domain = self.domain.strip().lower().removeprefix("@").rstrip(".")
        try:
            DomainNameValidator()(self.domain)
            self._refuse_public()
        except ValidationError as error:
            raise ValidationError({"domain": error}) from error

    def _refuse_public(self) -> None:
        if is_public_suffix(self.domain):
            raise ValidationError(
                _("Many companies have domains below %(domain)s. Enter the customer's own."),
                params={"domain": self.domain},
            )
        if is_public_domain(self.domain):
            raise ValidationError(
                _("%(domain)s is a public email provider and does not identify a company."),
                params={"domain": self.domain},
            )


class Contact(models.Model):
    """A person who writes to us. Without a customer, their company is not known yet."""

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="contacts", null=True, blank=True, verbose_name=_("customer")
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("email"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=Language, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_zone])
    is_active = models.BooleanField(pgettext_lazy("in use", "active"), default=True)
    # A tickets.choices.Priority; what an address reports that only a machine writes from.
    alarm_priority = models.PositiveSmallIntegerField(
        _("priority of its alarms"),
        null=True,
        blank=True,
        help_text=_("Of tickets that alarms from this address open. Empty: the priority of the mailbox."),
    )
    mail_failed_at = models.DateTimeField(_("email failed at"), null=True, blank=True)
    # Since they complained about an automatic mail or unsubscribed; people's answers reach them all the same.
    no_automatic_mail_since = models.DateTimeField(
        _("no automatic email since"),
        null=True,
        blank=True,
        help_text=_("They complained or unsubscribed. Clear it to send acknowledgements again."),
    )
    created_at = RecordedTimeField(_("created at"))
    # Their first mail made them a contact; nobody entered them by hand.
    is_from_mail = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["name", "email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=~models.Q(email=""), name="contact_email_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(alarm_priority__lte=3), name="contact_alarm_priority_exists"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or str(self.pk)

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save it and, if they may have changed, the words that find it."""
        fields = frozenset(update_fields) if update_fields is not None else None
        super().save(*args, update_fields=fields, **kwargs)
        if fields is None or not fields.isdisjoint(ContactTokens.OF):
            ContactTokens.store([self])

    @property
    def preferred_language(self) -> str:
        """The person's own language, else their company's, else English."""
        return self.language or (self.customer.language if self.customer else Language.ENGLISH)

    @property
    def zone(self) -> str:
        """The person's own zone, else their company's, else the desk's."""
        return self.time_zone or (self.customer.time_zone if self.customer else settings.DESK_TIME_ZONE)


class ContactTokens(models.Model):
    """What the search knows of a contact. In a table of its own, as contacts are read more often than searched for."""

    OF = frozenset({"name", "email", "phone"})

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="tokens")
    tokens = TokensField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def store(cls, contacts: Iterable[Contact]) -> None:
        """Write what these contacts are now, in one query. Needs their rows' locks, as a save has them."""
        rows = [ContactTokens(contact=contact, tokens=cls._tokens_of(contact)) for contact in contacts]
        ContactTokens.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["contact"], update_fields=["tokens"]
        )

    @staticmethod
    def _tokens_of(contact: Contact) -> list[str]:
        return sorted(
            {*tokens_of(contact.name, contact.email, contact.phone), *number_endings(contact.phone)}
        )
