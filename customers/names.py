"""How people's names are written: a Chinese family name comes first, without a space."""

import re

from django.contrib.auth.models import AbstractUser

# As a pattern of the database too (escalation.admin.duty.rota).
CHINESE = "[\u3400-\u9fff]"


def full_name(first: str, last: str) -> str:
    if re.search(CHINESE, last):
        return f"{last}{first}".strip()
    return f"{first} {last}".strip()


def name_of(user: AbstractUser) -> str:
    """The full name; the login where there is none."""
    return full_name(user.first_name, user.last_name) or user.get_username()
