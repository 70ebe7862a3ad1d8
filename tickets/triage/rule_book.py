"""The active rules, kept in the process and read anew after a change.

Whoever loads the mailboxes, once for each mail, learns the sum of the rules' stamps in the same query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tickets.models import Rule
from tickets.triage.rule_matching import PreparedRule


@dataclass
class _Kept:
    stamp: int | None = None
    rules: Sequence[PreparedRule] = ()


_kept = _Kept()


def active_rules(stamp: int) -> Sequence[PreparedRule]:
    """The rules in their order. One query if the stamp is another one than last time; else none."""
    global _kept  # one per process, replaced as a whole
    if _kept.stamp != stamp:
        rows = Rule.objects.filter(is_active=True).order_by("position", "pk")
        _kept = _Kept(stamp, tuple(map(PreparedRule, rows)))
    return _kept.rules
