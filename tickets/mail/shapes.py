"""The shape of a mail: its words without numbers, dates and names, so that tomorrow's copy of it is recognised."""

import hashlib
import re
from collections.abc import Iterable

from tickets.mail.threading import normalised_subject

_DAYS = re.compile(
    r"\b(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:a\.?m|p\.?m|utc|gmt|cst|est|pst|cet)\b"
    r"|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b|(?:星期|周|週)[一二三四五六日天]|[上下]午",
)
_NUMBERED = re.compile(r"(?<![^\W_])[^\W_]*\d[\w.:/%+-]*")
_GREETED = re.compile(
    r"^[^\w\n]*+(?:(?:hi|hello|dear|hey|hallo|bonjour|hola)\b|尊敬的|亲爱的)[^,，:：!！\n]{0,60}[,，:：!！]",
    re.MULTILINE,
)
_ALARM_STATE = re.compile(
    r"alert(?:ing|s)?|alarms?|firing|critical|problem|triggered|resolved|recover(?:ed|y)|warning|\bok\b|\bup\b|\bdown\b"
    r"|告警|报警|警报|预警|已?恢复(?:正常|通知)?|アラート|障害|復旧|경보|장애|복구"
)
_APART = re.compile(r"[\W_]+")


def mail_shape(subject: str, new_text: str, *, names: Iterable[str] = ()) -> str:
    """A digest of subject and new text; one more sentence makes another shape. ``names`` are the writer's."""
    words = _plain(_GREETED.sub(" ", new_text.casefold()), names)
    telling = f"{_plain(normalised_subject(subject), names)}\n{words}"
    return hashlib.sha256(telling.encode("utf-8", "replace")).hexdigest()


def alarm_shape(subject: str) -> str:
    """An alarm's subject without times, numbers and state, so that a recovery has the shape of the alarm it ends."""
    return _plain(_ALARM_STATE.sub(" ", normalised_subject(subject)), ())


def _plain(text: str, names: Iterable[str]) -> str:
    """The words in lower case, separated by single blanks."""
    for word in sorted({word for name in names for word in name.casefold().split()}):
        text = re.sub(rf"(?<![a-z]){re.escape(word)}(?![a-z])", " ", text)
    return _APART.sub(" ", _NUMBERED.sub(" ", _DAYS.sub(" ", text))).strip()
