"""Proposed priorities: what a rule proposed for a ticket, why, and what a person decided."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.indexes import where_set
from tickets.choices import Priority, ProposalReach
from tickets.models.message import Message
from tickets.models.rule import Rule, shown_rule_name
from tickets.models.ticket import Ticket

OPEN = Q(decided_at=None)


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def open(self) -> "ProposalQuerySet":
        """Those that nobody has decided about."""
        return self.filter(OPEN)


class Proposal(models.Model):
    """A priority that applies to its ticket, unless it is only shown, until a person confirms or rejects it.

    Rejected before half of the proposed window is over, it is corrected as if it had never been.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="proposals", verbose_name=_("ticket"))
    message = models.ForeignKey(
        Message,
        models.CASCADE,
        related_name="proposals",
        null=True,
        db_index=False,
        verbose_name=_("message"),
    )
    rule = models.ForeignKey(
        Rule, models.PROTECT, related_name="proposals", db_index=False, verbose_name=_("email rule")
    )
    rule_name = models.CharField(_("rule"), max_length=100)  # as it was called then
    words: "models.JSONField[list[str], list[str]]" = models.JSONField(_("words"), default=list)
    priority = models.SmallIntegerField(_("proposed priority"), choices=Priority)
    usual = models.SmallIntegerField(_("priority otherwise"), choices=Priority)
    reach = models.CharField(_("how far it goes"), max_length=10, choices=ProposalReach)
    since = models.DateTimeField(_("since"))  # receipt of the mail
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        db_index=False, verbose_name=_("decided by"),
    )  # fmt: skip
    is_confirmed = models.BooleanField(_("confirmed"), null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposed priority")
        verbose_name_plural = _("proposed priorities")
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=OPEN, name="one_open_proposal_of_a_ticket"),
            models.CheckConstraint(
                condition=Q(decided_at=None, is_confirmed=None)
                | Q(decided_at__isnull=False, is_confirmed__isnull=False),
                name="proposal_is_decided_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["since"], name="proposal_open", condition=OPEN),  # the board
            models.Index(fields=["-since"], name="proposal_since"),  # the hour's digest, figures
            models.Index(fields=["rule", "is_confirmed"], name="proposal_rule"),  # share of wrong ones
            where_set("message", name="proposal_message"),
            where_set("decided_by", name="proposal_decided_by"),
        ]

    def __str__(self) -> str:
        return f"P{self.priority}: {self.shown_rule}"

    @property
    def shown_rule(self) -> str:
        """The rule's name, a shipped one's in the reader's language."""
        return shown_rule_name(self.rule_name)

    @property
    def runs(self) -> bool:
        """True if the ticket has the proposed priority meanwhile."""
        return self.reach != ProposalReach.SHOWN
