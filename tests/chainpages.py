"""What the browser posts for the steps of a chain on the page of a policy or contract."""

from collections.abc import Iterable
from typing import Any

from escalation.chains.editing import spec_of
from escalation.chains.validation import StepSpec
from escalation.models import EscalationStep


def chain_post(steps: Iterable[EscalationStep] = (), added: Iterable[StepSpec] = ()) -> dict[str, Any]:
    """The steps as they stand, and lines added to them."""
    standing = list(steps)
    lines = [(spec_of(step), step) for step in standing] + [(spec, None) for spec in added]
    post: dict[str, Any] = {"steps-TOTAL_FORMS": len(lines), "steps-INITIAL_FORMS": len(standing)}
    for number, (spec, step) in enumerate(lines):
        post |= step_post(number, spec) | {f"steps-{number}-id": step.pk if step else ""}
    return post


def step_post(number: int, spec: StepSpec) -> dict[str, Any]:
    values = {
        "amount": spec.percent if spec.percent is not None else abs(spec.minutes_from_due or 0),
        "unit": _unit(spec),
        "highest_priority": spec.highest_priority,
        "lowest_priority": spec.lowest_priority,
        "tell": list(spec.tell),
        "reassign_to": spec.reassign_to,
        "person": spec.person.pk if spec.person else "",
        "rota": spec.rota.pk if spec.rota else "",
        "ack_minutes": spec.ack_minutes,
        "repeat_minutes": spec.repeat_minutes or "",
        "repeat_cap": spec.repeat_cap or "",
        **({"ack_required": "on"} if spec.ack_required else {}),
        **{f"channels_{place}": medium for place, medium in enumerate(spec.channels)},
    }
    return {f"steps-{number}-{name}": value for name, value in values.items()}


def _unit(spec: StepSpec) -> str:
    if spec.percent is not None:
        return "share"
    return "before" if (spec.minutes_from_due or 0) < 0 else "after"
