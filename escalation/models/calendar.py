"""Working calendars and their versions: around the clock, or intervals per weekday in a zone, with holidays."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.choices import validate_zone


class Calendar(models.Model):
    """Changed by escalation.working_time.editing only. ``definition`` is the JSON of the newest version."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_zone])
    always_open = models.BooleanField(_("24/7"), default=False)
    country = models.CharField(
        _("holidays of"), max_length=2, blank=True, help_text=_("Two letters such as CN; empty for none.")
    )
    subdivision = models.CharField(
        _("region"), max_length=20, blank=True, help_text=_("Such as BY for Bavaria in DE.")
    )
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    definition = models.TextField(default="", editable=False)

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CalendarVersionQuerySet(models.QuerySet["CalendarVersion"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("A version of a calendar cannot be changed.")

    def delete(self) -> NoReturn:
        raise TypeError("A version of a calendar cannot be deleted.")


class CalendarVersion(models.Model):
    """The state of a calendar from one edit to the next; never changed. A clock names the version it started with."""

    calendar = models.ForeignKey(
        Calendar, models.CASCADE, related_name="versions", verbose_name=_("calendar")
    )
    number = models.PositiveIntegerField(_("version"))
    definition = models.TextField(_("definition"))
    created_at = models.DateTimeField(_("in force since"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True,
        verbose_name=_("changed by"),
    )  # fmt: skip

    objects = CalendarVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")
        ordering = ["calendar", "-number"]
        constraints = [models.UniqueConstraint(fields=["calendar", "number"], name="calendar_version_once")]

    def __str__(self) -> str:
        return f"{self.calendar} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A version of a calendar cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A version of a calendar cannot be deleted.")
