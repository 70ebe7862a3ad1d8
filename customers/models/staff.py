"""Staff: reporting lines, deputies and absences."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.choices import Language, validate_zone
from customers.names import name_of


class Team(models.Model):
    """People who share customers; its lead sees and rebalances their work."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="led_teams", null=True, blank=True,
        verbose_name=_("lead"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Skill(models.Model):
    """A colleague's expertise; its code is matched with the customer's scenario."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StaffProfile(models.Model):
    """The desk's data about a user beyond the login."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="staff_profile", verbose_name=_("user")
    )
    title = models.CharField(_("title"), max_length=100, blank=True)
    team = models.ForeignKey(
        Team, models.SET_NULL, related_name="members", null=True, blank=True, verbose_name=_("team")
    )
    reports_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="report_profiles", null=True, blank=True,
        verbose_name=_("reports to"),
    )  # fmt: skip
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True,
        verbose_name=_("deputy"),
    )  # fmt: skip
    skills = models.ManyToManyField(Skill, related_name="staff", blank=True, verbose_name=_("skills"))
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ENGLISH)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[validate_zone]
    )
    phone = models.CharField(_("phone"), max_length=60, blank=True)
    # In the person's zone. They go past midnight if the end is not later than the start.
    quiet_from = models.TimeField(_("quiet hours from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet hours until"), null=True, blank=True)

    class Meta:
        verbose_name = _("staff profile")
        verbose_name_plural = _("staff profiles")
        ordering = ["user__username"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reports_to=models.F("user")),
                name="staff_not_own_manager",
                violation_error_message=_("A person cannot report to themselves."),
            ),
            models.CheckConstraint(
                condition=~models.Q(deputy=models.F("user")),
                name="staff_not_own_deputy",
                violation_error_message=_("A person cannot be their own deputy."),
            ),
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="staff_quiet_hours_whole",
                violation_error_message=_("Quiet hours need a start and an end."),
            ),
        ]

    def __str__(self) -> str:
        return name_of(self.user)


class Absence(models.Model):
    """A time during which a person is away, half open: from ``starts_at`` until just before ``ends_at``."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences", verbose_name=_("user")
    )
    starts_at = models.DateTimeField(pgettext_lazy("time", "from"))
    ends_at = models.DateTimeField(pgettext_lazy("time", "to"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # When the desk first noticed it. Tickets that people give to the absent person after that stay there on purpose.
    noticed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_at"]
        indexes = [
            models.Index(fields=["ends_at", "starts_at"], name="absence_now")
        ]  # customers.services.deputies
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="absence_ends_after_start",
                violation_error_message=_("The absence ends before it begins."),
            )
        ]

    def __str__(self) -> str:
        return f"{name_of(self.user)} {localtime(self.starts_at):%Y-%m-%d}"

    @staticmethod
    def running_at(moment: datetime, path: str = "") -> models.Q:
        """The condition of an absence that runs at ``moment``; ``path`` leads to absences ("owner__absences__")."""
        return models.Q(**{f"{path}starts_at__lte": moment, f"{path}ends_at__gt": moment})


class Departure(models.Model):
    """A colleague who can no longer open tickets, although something was theirs: open until they can again.

    Written by the minute task of escalation.absences.leaving, however the person lost their access.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="departures", verbose_name=_("user")
    )
    noticed_at = models.DateTimeField(_("noticed at"))
    ended_at = models.DateTimeField(_("back since"), null=True, blank=True)

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        ordering = ["-noticed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(ended_at=None), name="one_open_departure"
            )
        ]

    def __str__(self) -> str:
        return f"{name_of(self.user)} {localtime(self.noticed_at):%Y-%m-%d}"
