"""Calls a service for each chosen row, and shows what was done and what was refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.lock_waits import short_lock_waits
from customers.phrases import labelled
from tickets.errors import DeskError

AT_ONCE = 200  # each row takes a transaction of its own, and a request must not run for long


@dataclass
class BulkOutcome:
    done: int = 0
    refused: list[str] = field(default_factory=list)


def apply_to_each(
    rows: Iterable[Any], work: Callable[[Any], Any], name: Callable[[Any], str] = str
) -> BulkOutcome:
    """Run `work` for every row. A refused row is recorded and does not stop the others."""
    outcome = BulkOutcome()
    for row in rows:
        try:
            with short_lock_waits():
                work(row)
            outcome.done += 1
        except DeskError as refusal:
            outcome.refused.append(labelled(name(row), refusal))
    return outcome


def show_outcome(request: HttpRequest, outcome: BulkOutcome) -> None:
    if outcome.done:
        words = ngettext("%(count)s was done.", "%(count)s were done.", outcome.done)
        messages.success(request, words % {"count": outcome.done})
    for refusal in outcome.refused[:10]:
        messages.error(request, refusal)
    if (left := len(outcome.refused) - 10) > 0:
        words = ngettext("And %(count)s more was refused.", "And %(count)s more were refused.", left)
        messages.error(request, words % {"count": left})


def refuse_too_many(request: HttpRequest, count: int) -> bool:
    """Put an error on the page and return True if more rows are selected than one request can handle."""
    if count > AT_ONCE:
        messages.error(request, _("Choose at most %(most)s at once.") % {"most": AT_ONCE})
    return count > AT_ONCE
