"""Finds who would answer if a rota were paged now: the person on duty, their deputy, or the duty manager.

Reasons: .github/decisions/people.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

from escalation.people.next_in_line import to_duty_manager
from escalation.people.staff_snapshot import People


class AnswersAs(models.TextChoices):
    """The role in which somebody answers; its labels are shown behind a name."""

    ON_DUTY = "on_duty", _("answers the page")
    DEPUTY = "deputy", _("answers as deputy")
    DUTY_MANAGER = "duty_manager", _("answers as duty manager")
    MANAGERS_DEPUTY = "managers_deputy", _("answers as deputy of the duty manager")
    NOBODY = "nobody", _("nobody would answer a page")


@dataclass(frozen=True)
class PageTarget:
    """The person who would be paged; if not the person on duty, that person is away or has left (``is_gone``)."""

    user: User | None
    role: AnswersAs
    is_gone: bool = False

    @property
    def is_own(self) -> bool:
        return self.role is AnswersAs.ON_DUTY


def page_target_of(on_duty: User | None, people: People) -> PageTarget:
    """The person the paging step would choose; the duty manager if nobody can get the ticket. No query."""
    if on_duty is None:
        return _last_resort(people, is_gone=False)
    present = people.user(people.staff.stand_in(on_duty.pk))
    is_gone = people.user(on_duty.pk) is None
    if present is None:
        return _last_resort(people, is_gone=is_gone)
    return PageTarget(present, AnswersAs.ON_DUTY if present.pk == on_duty.pk else AnswersAs.DEPUTY, is_gone)


def _last_resort(people: People, *, is_gone: bool) -> PageTarget:
    present = people.user(to_duty_manager(people.staff, people.duty_manager).target)
    if present is None:
        return PageTarget(None, AnswersAs.NOBODY, is_gone)
    is_manager = present.pk == people.duty_manager
    return PageTarget(present, AnswersAs.DUTY_MANAGER if is_manager else AnswersAs.MANAGERS_DEPUTY, is_gone)
