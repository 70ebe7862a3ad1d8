"""Contact ways, which reach people and groups by media other than mail, and every attempt to use them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.encrypted_field import EncryptedTextField, is_unreadable
from customers.models import Customer
from escalation.choices import AttemptOutcome, Medium
from escalation.models.duty import DutyRota
from escalation.models.escalation import Notification
from tickets.models import OutboundEmail

OWNERS = ("user", "rota", "customer")
# Mail needs no row, as it goes to the person's own address.
OTHER_MEDIA = [(medium.value, medium.label) for medium in Medium if medium != Medium.MAIL]


def exactly_one(names: tuple[str, ...]) -> Q:
    """A condition that exactly one of these columns is set."""
    condition = Q()
    for name in names:
        condition |= Q(**{f"{other}__isnull": other != name for other in names})
    return condition


class ContactWay(models.Model):
    """A chat, number or web address of a person, a rota or a customer.

    ``address`` and ``secret`` are secrets that nobody logs; ``shown`` is the part of the address that people
    may read.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_ways", null=True, blank=True,
        verbose_name=_("person"),
    )  # fmt: skip
    rota = models.ForeignKey(
        DutyRota, models.CASCADE, related_name="contact_ways", null=True, blank=True,
        verbose_name=_("duty rota"),
    )  # fmt: skip
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="contact_ways", null=True, blank=True,
        verbose_name=_("customer"),
    )  # fmt: skip
    medium = models.CharField(_("medium"), max_length=10, choices=OTHER_MEDIA, default=Medium.CHAT)
    name = models.CharField(_("name"), max_length=100)
    address = EncryptedTextField(_("address"), max_length=4000)
    # The key that signs requests to a webhook.
    secret = EncryptedTextField(_("signing secret"), max_length=400, blank=True, null=True)
    shown = models.CharField(_("address"), max_length=300, editable=False)
    is_active = models.BooleanField(pgettext_lazy("in use", "active"), default=True)
    position = models.PositiveSmallIntegerField(
        _("order"), default=1, help_text=_("Of several of one kind, the lowest is tried first.")
    )

    class Meta:
        verbose_name = _("contact method")
        verbose_name_plural = _("contact methods")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=exactly_one(OWNERS), name="contact_way_of_one_owner"),
            models.CheckConstraint(condition=~Q(medium=Medium.MAIL), name="contact_way_is_not_mail"),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<ContactWay {self.pk}: {self.shown}>"

    @property
    def usable_address(self) -> str:
        """Empty if the address, or the secret that signs what is sent there, cannot be read."""
        return "" if is_unreadable(self.address) or is_unreadable(self.secret) else self.address


class NotificationAttempt(models.Model):
    """One attempt to deliver one notification. A digest leaves a row for each notification that it carries."""

    notification = models.ForeignKey(
        Notification, models.CASCADE, related_name="attempts", verbose_name=_("notification")
    )
    medium = models.CharField(_("medium"), max_length=10, choices=Medium)
    way = models.ForeignKey(
        ContactWay, models.SET_NULL, related_name="+", null=True, blank=True, verbose_name=_("contact method")
    )
    mail = models.ForeignKey(
        OutboundEmail, models.SET_NULL, related_name="attempts_to_tell", null=True, blank=True,
        verbose_name=_("email"),
    )  # fmt: skip
    to = models.CharField(pgettext_lazy("mail", "to"), max_length=300)  # without secrets
    at = models.DateTimeField(_("time"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=AttemptOutcome)
    answer = models.TextField(_("response"), blank=True)
    milliseconds = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["at", "pk"]
        indexes = [
            models.Index(
                fields=["mail"],
                name="attempt_of_a_mail_on_its_way",
                condition=Q(outcome=AttemptOutcome.QUEUED),
            ),  # notifications.mail_outcomes
        ]

    def __str__(self) -> str:
        return f"{self.get_medium_display()} · {self.get_outcome_display()}"
