"""The chain of steps of a policy."""

from escalation.models import EscalationStep, Policy


def steps_of(policy: Policy) -> list[EscalationStep]:
    """The policy's steps in their order; a policy without a chain of its own follows the default one."""
    own = list(policy.steps.order_by("percent"))
    if own or policy.is_default:
        return own
    return list(EscalationStep.objects.filter(policy__is_default=True).order_by("percent"))
