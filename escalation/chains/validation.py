"""Checks chains: rules for one step and for all steps together; each fault is a sentence. Pure functions.

Reasons: .github/decisions/chains.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.phrases import listed
from escalation.choices import Medium, Whom
from escalation.models import DutyRota
from escalation.models.policy import REASSIGNABLE
from tickets.choices import Priority

DUE = 100  # percent of the window
MOST_PERCENT = 1000
MOST_MINUTES = 30 * 24 * 60


@dataclass(frozen=True)
class StepSpec:
    """A step to be written, with the fields of EscalationStep. Either ``percent`` or ``minutes_from_due`` is set.

    Without ``rota`` the person on duty is that of the policy's rota.
    """

    percent: int | None = None
    minutes_from_due: int | None = None
    highest_priority: int = Priority.P0
    lowest_priority: int = Priority.P3
    tell: tuple[str, ...] = ()
    reassign_to: str = ""
    person: User | None = None
    rota: DutyRota | None = None
    channels: tuple[str, ...] = (Medium.MAIL.value,)
    ack_minutes: int = 15
    ack_required: bool = False
    repeat_minutes: int | None = None
    repeat_cap: int | None = None

    @property
    def moment(self) -> tuple[int | None, int | None]:
        """Equal for steps at the same time, as the due time can be written in two ways."""
        return (None, 0) if self.percent == DUE else (self.percent, self.minutes_from_due)

    @property
    def is_late(self) -> bool:
        """True at the due time or after it."""
        return (self.percent or 0) >= DUE or (
            self.minutes_from_due is not None and self.minutes_from_due >= 0
        )

    @property
    def priorities(self) -> range:
        return range(self.highest_priority, self.lowest_priority + 1)

    @property
    def needs_rota(self) -> bool:
        return self.reaches(Whom.DUTY_PERSON) or self.reaches(Whom.ROTA_GROUP)

    def reaches(self, whom: Whom) -> bool:
        return whom in self.tell or whom == self.reassign_to


def step_faults(step: StepSpec, *, rota: DutyRota | None) -> Iterator[str]:
    """Faults of one step; ``rota`` is the policy's."""
    yield from _moment_faults(step)
    yield from _people_faults(step, rota)
    yield from _channel_faults(step)
    yield from _time_faults(step)


def _moment_faults(step: StepSpec) -> Iterator[str]:
    if (step.percent is None) == (step.minutes_from_due is None):
        yield _("Say when the step runs: a percentage of the response time, or minutes from the due time.")
    if step.percent is not None and not 0 <= step.percent <= MOST_PERCENT:
        yield _("A step must be between 0%% and %(most)s%% of the response time.") % {"most": MOST_PERCENT}
    if step.minutes_from_due is not None and abs(step.minutes_from_due) > MOST_MINUTES:
        yield _("A step must be within %(days)s days of the due time.") % {"days": MOST_MINUTES // (24 * 60)}
    if step.highest_priority > step.lowest_priority:
        yield _("The priorities run from the more urgent to the less urgent one, P0 to P3.")


def _people_faults(step: StepSpec, rota: DutyRota | None) -> Iterator[str]:
    if not step.tell and not step.reassign_to:
        yield _("Choose whom the step notifies, or to whom it gives the ticket.")
    if not set(step.tell) <= set(Whom.values) or step.reassign_to not in ("", *REASSIGNABLE):
        yield _("The step names a recipient the desk does not define.")
    if step.reaches(Whom.PERSON) and step.person is None:
        yield _("Say who the named person is.")
    if step.person is not None and not (step.person.is_active and step.person.is_staff):
        yield _("The named person no longer works at the desk. Choose somebody else.")
    if step.needs_rota and step.rota is None and rota is None:
        yield _("Choose a duty rota: neither the step nor the policy has one.")


def _channel_faults(step: StepSpec) -> Iterator[str]:
    if not step.channels:
        yield _("Choose at least one channel.")
    if not set(step.channels) <= set(Medium.values):
        yield _("The step names a channel the desk does not define.")
    if len(set(step.channels)) < len(step.channels):
        yield _("Each channel may be listed only once.")


def _time_faults(step: StepSpec) -> Iterator[str]:
    if step.ack_minutes < 1:
        yield _("An acknowledgement must stop paging for at least one minute.")
    if step.repeat_minutes is not None and step.repeat_minutes < 1:
        yield _("A step must repeat after at least one minute.")
    if step.repeat_cap is not None and step.repeat_minutes is None:
        yield _("Enter the minutes between repeats, or leave the number of repeats empty.")


def chain_faults(steps: Sequence[StepSpec], *, is_default: bool) -> Iterator[str]:
    """Faults of all steps together. The default chain must serve every priority, because others fall back to it."""
    yield from _clashes(steps)
    served = {priority for step in steps for priority in step.priorities}
    needed = set(Priority.values) if is_default else served
    ending = {priority for step in steps if step.is_late and step.reassign_to for priority in step.priorities}
    if lost := sorted(needed - ending):
        names = listed(str(Priority(priority).label) for priority in lost)
        yield _(
            "An SLA must end with a person: at or after the due time, a step has to give the "
            "ticket to somebody. Missing for %(priorities)s."
        ) % {"priorities": names}


def _clashes(steps: Sequence[StepSpec]) -> Iterator[str]:
    for step, other in combinations(steps, 2):
        shared = set(step.priorities) & set(other.priorities)
        if shared and step.moment == other.moment:
            yield _(
                "Two steps run at the same time for %(priority)s. Merge them, or separate their priorities."
            ) % {"priority": Priority(min(shared)).label}
