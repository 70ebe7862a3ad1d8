"""How people's names are written: in Chinese the family name comes first, without a space.

Every page, mail and file takes a colleague's name from here, never from the user model, which writes all names in
the English order (tests/customers/test_names.py).
"""

import re

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils.translation import get_language

CHINESE = "[\u3400-\u9fff]"


def full_name(first: str, last: str) -> str:
    """林悦, Ann Smith, Kevin 周: only a name that is Chinese throughout begins with the family name."""
    first, last = first.strip(), last.strip()
    if is_chinese(first) and is_chinese(last):
        return f"{last}{first}"
    return f"{first} {last}".strip()


def name_of(user: AbstractUser) -> str:
    """The full name, or the login if there is none."""
    return full_name(user.first_name, user.last_name) or user.get_username()


def given_name(name: str) -> str:
    """The name for a greeting: a Chinese name in full, the first word of any other."""
    return name if is_chinese(name) else name.partition(" ")[0]


def desk_name() -> str:
    """The desk's signature in the active language."""
    return settings.DESK_NAME_ZH if speaks_chinese() else settings.DESK_NAME


def is_chinese(text: str) -> bool:
    return re.search(CHINESE, text) is not None


def speaks_chinese() -> bool:
    """True if Chinese is the active language."""
    return (get_language() or "").startswith("zh")
