"""Weekly packs, their files, and who gets them by mail."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.choices import Language


class WeeklyExport(models.Model):
    """A frozen week. A correction is another revision with a reason; nothing is overwritten.

    ``as_of``: judged by what the desk had recorded before. ``checked_until``: nothing that was recorded before changes
    what it judged.
    """

    week = models.CharField(_("week"), max_length=8)  # 2026-W47
    revision = models.PositiveSmallIntegerField(_("revision"), default=1)
    reason = models.CharField(_("reason of the correction"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created at"))
    is_late = models.BooleanField(_("made late"), default=False)
    as_of = models.DateTimeField(_("records until"))
    checked_until = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("created by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("weekly pack")
        verbose_name_plural = _("weekly packs")
        ordering = ["-week", "-revision"]
        constraints = [models.UniqueConstraint(fields=["week", "revision"], name="weekly_export_once")]

    def __str__(self) -> str:
        return self.week if self.revision == 1 else f"{self.week} r{self.revision}"


class ExportFile(models.Model):
    """One file of a pack in the default storage."""

    export = models.ForeignKey(
        WeeklyExport, models.CASCADE, related_name="files", verbose_name=_("weekly pack")
    )
    name = models.CharField(_("name"), max_length=60)
    path = models.CharField(max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField(_("size"))
    rows = models.PositiveIntegerField(_("rows"))

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["export", "name"], name="export_file_once")]

    def __str__(self) -> str:
        return self.name


class ExportSubscriber(models.Model):
    """Somebody who gets each weekly pack by mail."""

    email = models.EmailField(_("email"), unique=True)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ENGLISH)
    is_active = models.BooleanField(pgettext_lazy("in use", "active"), default=True)

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email
