"""Rules for incoming mail: what they look for, and what they do."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from customers.choices import Scenario
from customers.indexes import where_set
from customers.models import Customer
from tickets.choices import FileKind, Priority, RulePriority
from tickets.errors import DeskError
from tickets.models.mailbox import Mailbox
from tickets.tag_names import tag_names

# The columns of conditions; a rule without any would apply to all mail.
CONDITIONS = (
    "mailbox", "sender", "customer", "customer_scenario", "words", "more_words", "header", "file_kind", "is_important",
)  # fmt: skip

# Rules that a new desk starts with: pages show their names in the reader's language.
SHIPPED = (
    gettext_noop("Outage"),
    gettext_noop("Everybody is affected"),
    gettext_noop("P0 in words"),
    gettext_noop("Marked as urgent by the sender"),
)


def shown_rule_name(name: str) -> str:
    return gettext(name) if name in SHIPPED else name


def new_stamp() -> int:
    return secrets.randbelow(2**31)


class Rule(models.Model):
    """Applies to a mail that meets every condition that is given. The first rule with an outcome decides that outcome.

    Rules are never deleted, as tickets name them; one that is not wanted any more is switched off.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    position = models.PositiveIntegerField(
        _("position"), default=100, help_text=_("Rules apply in this order, the lowest number first.")
    )
    is_active = models.BooleanField(pgettext_lazy("in use", "active"), default=True)

    mailbox = models.ForeignKey(
        Mailbox, models.CASCADE, related_name="+", null=True, blank=True, db_index=False, verbose_name=_("mailbox")
    )  # fmt: skip
    sender = models.CharField(
        _("sender"), max_length=320, blank=True,
        help_text=_("An address, or a domain such as example.com with all domains below it."),
    )  # fmt: skip
    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="+", null=True, blank=True, db_index=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    customer_scenario = models.CharField(
        _("customer's scenario"), max_length=20, choices=Scenario, blank=True
    )
    words = models.TextField(
        _("words"), blank=True,
        help_text=_(
            "At least one of these stands in the subject or in the new text. One on each line, or separated by "
            "commas. Quoted text is not read. Whole words only; anywhere in Chinese, Japanese and Korean."
        ),
    )  # fmt: skip
    more_words = models.TextField(_("and words"), blank=True, help_text=_("At least one of these as well."))
    not_within = models.TextField(
        _("but not within"), blank=True,
        help_text=_("A word does not count inside one of these phrases, such as “down” in “scroll down”."),
    )  # fmt: skip
    only_now = models.BooleanField(
        _("only what is said to be so now"), default=False,
        help_text=_("Words that are denied, in the past or only asked about do not count: “no outage”, “is resolved”."),
    )  # fmt: skip
    header = models.CharField(_("header"), max_length=100, blank=True)
    header_value = models.CharField(
        _("value of the header"), max_length=200, blank=True,
        help_text=_("Empty: the header only has to be there."),
    )  # fmt: skip
    file_kind = models.CharField(_("attachment"), max_length=10, choices=FileKind, blank=True)
    is_important = models.BooleanField(_("marked as important by the sender"), default=False)

    priority = models.SmallIntegerField(_("priority"), choices=Priority, null=True, blank=True)
    how = models.CharField(
        _("what to do with it"), max_length=10, choices=RulePriority, default=RulePriority.PROPOSE
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, db_index=False,
        verbose_name=_("owner"),
        help_text=_("Of a new ticket, unless they are away. A P0 goes to the person on duty."),
    )  # fmt: skip
    scenario = models.CharField(_("scenario of the ticket"), max_length=20, choices=Scenario, blank=True)
    tags = models.CharField(
        _("tags"), max_length=200, blank=True, default="", db_default="",
        help_text=_("Separated by commas. Every rule that applies adds its own."),
    )  # fmt: skip
    parks = models.BooleanField(
        _("hold the email"), default=False,
        help_text=_("Opens no ticket; somebody looks at it under held email. Answers in a ticket are never held."),
    )  # fmt: skip
    # A new number with each save: their sum tells other processes that their copy of the rules is old.
    stamp = models.BigIntegerField(default=new_stamp, editable=False)

    class Meta:
        verbose_name = _("email rule")
        verbose_name_plural = _("email rules")
        ordering = ["position", "pk"]
        indexes = [
            where_set("mailbox", name="rule_mailbox"),
            where_set("customer", name="rule_customer"),
            where_set("owner", name="rule_owner"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(priority__gte=0, priority__lte=3), name="rule_priority_exists")
        ]

    def __str__(self) -> str:
        return shown_rule_name(self.name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.stamp = new_stamp()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if not any(getattr(self, name) for name in CONDITIONS):
            raise ValidationError(
                _("Enter at least one condition: without any, the rule applies to all email.")
            )
        try:
            self.tags = ", ".join(tag_names(self.tags))
        except DeskError as error:
            raise ValidationError({"tags": str(error)}) from error
        if self.priority is None and not (self.owner_id or self.scenario or self.parks or self.tags):
            raise ValidationError(_("Choose what the rule does."))
        if self.header_value and not self.header:
            raise ValidationError({"header": _("Enter the name of the header.")})
