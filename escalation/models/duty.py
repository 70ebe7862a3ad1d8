"""Duty rotas: layers of people who take turns, and the shifts that say who is on duty when."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.choices import validate_zone
from customers.names import name_of
from escalation.lib.rotation import Rotation


class DutyRota(models.Model):
    """A rota of people on duty, shown in its own zone. Its row is locked for every change to its layers and shifts."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[validate_zone]
    )

    class Meta:
        verbose_name = _("duty rota")
        verbose_name_plural = _("duty rotas")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Weekday(models.IntegerChoices):
    """Numbered as in Python."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class DutyLayer(models.Model):
    """One rotation of a rota; times are in the rota's zone. escalation.lib.rotation computes its turns."""

    rota = models.ForeignKey(DutyRota, models.CASCADE, related_name="layers", verbose_name=_("duty rota"))
    name = models.CharField(_("name"), max_length=100)
    level = models.PositiveSmallIntegerField(
        _("level"), default=1, help_text=_("Where several layers cover, the highest level is on duty.")
    )
    length = models.PositiveSmallIntegerField(
        _("hand over every"), default=1, validators=[MaxValueValidator(366)]
    )
    rotation = models.CharField(_("unit"), max_length=5, choices=Rotation, default=Rotation.WEEKS)
    hand_over = models.TimeField(_("handover at"))
    weekday = models.SmallIntegerField(
        _("handover on"), choices=Weekday, default=Weekday.MONDAY, help_text=_("For a rotation by weeks.")
    )
    starts_on = models.DateField(_("start date"), help_text=_("The first person's turn starts on this day."))
    ends_on = models.DateField(
        _("end date"), null=True, blank=True, help_text=_("It ends with the next day's handover.")
    )
    # Days of the week (Weekday) and hours to which the layer is restricted; empty for all.
    weekdays = models.JSONField(_("only on"), default=list, blank=True)
    from_time = models.TimeField(_("only from"), null=True, blank=True)
    to_time = models.TimeField(
        _("until"),
        null=True,
        blank=True,
        help_text=_("On the next day if it is not later than the start."),
    )

    class Meta:
        verbose_name = _("layer")
        verbose_name_plural = _("layers")
        ordering = ["rota", "-level", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(length__gte=1),
                name="duty_layer_length",
                violation_error_message=_("A turn must have a length of at least one."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="duty_layer_ends_after_start",
                violation_error_message=_("The end date is before the start date."),
            ),
            models.CheckConstraint(
                condition=Q(from_time=None, to_time=None) | Q(from_time__isnull=False, to_time__isnull=False),
                name="duty_layer_hours_whole",
                violation_error_message=_("Give both times of the restriction or none."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DutyTurn(models.Model):
    """A place in the order of a layer. One person may have several."""

    layer = models.ForeignKey(DutyLayer, models.CASCADE, related_name="turns", verbose_name=_("layer"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person")
    )
    position = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["layer", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.position + 1}"


class ShiftSource(models.TextChoices):
    """Where a shift comes from; overrides win over layers."""

    HAND = "hand", _("entered manually")
    LAYER = "layer", _("generated")
    OVERRIDE = "override", _("override")


LAYER_RANK, HAND_RANK = 0, 1  # an override's rank is higher and grows with each one


class DutyShift(models.Model):
    """One person's duty, half open: from ``starts_at`` until just before ``ends_at``.

    Shifts may overlap: the highest rank has the duty, and of equal ranks the one that started later
    (people.on_duty).
    """

    rota = models.ForeignKey(DutyRota, models.CASCADE, related_name="shifts", verbose_name=_("duty rota"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="duty_shifts", verbose_name=_("on duty")
    )
    starts_at = models.DateTimeField(pgettext_lazy("time", "from"))
    ends_at = models.DateTimeField(pgettext_lazy("time", "to"))
    source = models.CharField(
        _("source"), max_length=10, choices=ShiftSource, default=ShiftSource.HAND, editable=False
    )
    rank = models.BigIntegerField(_("rank"), default=HAND_RANK, editable=False)
    layer = models.ForeignKey(
        DutyLayer, models.SET_NULL, related_name="shifts", null=True, blank=True, editable=False,
        verbose_name=_("layer"),
    )  # fmt: skip
    override = models.ForeignKey(
        "DutyOverride", models.CASCADE, related_name="shifts", null=True, blank=True, editable=False,
        verbose_name=_("override"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["rota", "ends_at", "starts_at"], name="shift_now")]  # people.on_duty
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="shift_ends_after_start",
                violation_error_message=_("The shift ends before it begins."),
            )
        ]

    def __str__(self) -> str:
        return f"{name_of(self.user)} {localtime(self.starts_at):%Y-%m-%d %H:%M}"
