"""The models of this app: clusters of the task queue, mail listeners, and users whose password the desk generated."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

# Clusters and listeners report every ten seconds; after this long without a report one counts as gone.
GONE_AFTER = timedelta(seconds=60)


class Cluster(models.Model):
    """One running cluster; its row is deleted when the cluster is stopped in order.

    ``seen_at`` is the last report of its sentinel, ``worked_at`` the last time one of its tasks was completed: taken
    from the queue, done by a worker, acknowledged by the monitor. ``swept_at`` is the last sweep of its lane.
    """

    name = models.CharField(_("name"), max_length=90, primary_key=True)
    host = models.CharField(_("host"), max_length=64)
    started_at = models.DateTimeField(_("started at"))
    seen_at = models.DateTimeField(_("last seen"))
    worked_at = models.DateTimeField(_("last task done"), null=True, blank=True)
    swept_at = models.DateTimeField(_("last sweep"), null=True, blank=True)
    workers = models.PositiveSmallIntegerField(_("workers"), default=0)
    busy = models.PositiveSmallIntegerField(_("busy workers"), default=0)
    # A mark of the key that signs its tasks (supportdesk.processes.cluster.cluster_name.key_mark).
    key_mark = models.CharField(max_length=12, default="", editable=False)
    # Seconds by which the clock of its host is ahead of the database's; None where they are the same.
    clock_ahead = models.FloatField(null=True, editable=False)
    # Of the fullest disk of its machine.
    free_mb = models.PositiveIntegerField(_("free MB"), null=True, editable=False)

    class Meta:
        verbose_name = _("queue cluster")
        verbose_name_plural = _("queue clusters")
        ordering = ["host", "name"]

    def __str__(self) -> str:
        return self.name

    def is_alive(self, now: datetime) -> bool:
        """A report from the future, which was written while a clock was wrong, is no sign of life."""
        return abs(now - self.seen_at) <= GONE_AFTER


class MailListener(models.Model):
    """A running mail listener; its row is deleted when it is stopped in order.

    ``refused`` counts the mails that it had to refuse by a fault of ours since the last one that it took.
    """

    name = models.CharField(_("name"), max_length=90, primary_key=True)
    host = models.CharField(_("host"), max_length=64)
    seen_at = models.DateTimeField(_("last seen"))
    free_mb = models.PositiveIntegerField(_("free MB"), null=True)
    refused = models.PositiveIntegerField(_("email refused"), default=0)
    refused_at = models.DateTimeField(_("last refused"), null=True)
    answer = models.CharField(_("answer"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("email listener")
        verbose_name_plural = _("email listeners")
        ordering = ["host", "name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def is_alive(self, now: datetime) -> bool:
        return abs(now - self.seen_at) <= GONE_AFTER


class OneTimePassword(models.Model):
    """A user whose password the desk generated and nobody has changed yet."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", primary_key=True, verbose_name=_("user")
    )

    class Meta:
        verbose_name = _("one-time password")
        verbose_name_plural = _("one-time passwords")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)
