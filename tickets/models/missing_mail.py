"""Mail that a mail server has and the desk has not, as the daily comparison found it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.mailbox import LONGEST_FOLDER, Mailbox


class MissingMail(models.Model):
    """One such mail. The row goes when it is fetched, or at the next comparison if it is not missing any more."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="missing", verbose_name=_("mailbox"))
    folder = models.CharField(_("folder"), max_length=LONGEST_FOLDER)
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField(_("UID"))
    rfc_message_id = models.CharField(_("Message-ID"), max_length=998, blank=True)
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    received_at = models.DateTimeField(_("received at"), null=True)
    found_at = models.DateTimeField(_("noticed at"))

    class Meta:
        verbose_name = _("missing email")
        verbose_name_plural = _("missing emails")
        ordering = ["-found_at", "-uid"]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "folder", "uid_validity", "uid"], name="missing_mail_once"
            )
        ]

    def __str__(self) -> str:
        return self.subject or self.rfc_message_id or str(self.uid)
