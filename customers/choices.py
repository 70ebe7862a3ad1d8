"""Enumerations and validators shared by several models."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    CHINESE = "zh-hans", "简体中文"


class Scenario(models.TextChoices):
    SHOW_ROOM = "show_room", _("Live show room")
    ONE_TO_ONE = "one_to_one", _("1-to-1 social call")
    VOICE_DATING = "voice_dating", _("Voice dating")
    VIDEO_DATING = "video_dating", _("Video dating")
    VOICE_CHAT = "voice_chat", _("Voice-chat room")
    GAME_VOICE = "game_voice", _("In-game voice")
    OTHER = "other", _("Other")


def validate_zone(value: str) -> None:
    """Accept only IANA names (``Asia/Shanghai``)."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError(
            _("%(value)s is not a time zone. Enter an IANA name such as Asia/Shanghai."),
            params={"value": value},
        ) from error
