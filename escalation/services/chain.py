"""The chain of steps of a policy."""

from escalation.models import EscalationStep, Policy, PolicyTarget


def steps_of(policy: Policy) -> list[EscalationStep]:
    """The policy's steps in their order; a policy without a chain of its own follows the default one."""
    own = list(policy.steps.order_by("percent"))
    if own or policy.is_default:
        return own
    return list(EscalationStep.objects.filter(policy__is_default=True).order_by("percent"))


def first_percent(target: PolicyTarget) -> int:
    """When the chain of a window's policy begins; no query where the look-up of the window brought it along."""
    known: int | None = getattr(target, "first_step", None)
    return known or min((step.percent for step in steps_of(target.version.policy)), default=100)
