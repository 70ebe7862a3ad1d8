"""The desk of the load: the people of tests/flow/world.py, and a chain that runs through within four minutes.

Built inside the fresh desk by `manage.py shell`.
"""

from escalation.choices import Whom
from escalation.models import EscalationStep, Policy
from tests.flow import world
from tickets.models import Mailbox


def build() -> None:
    """Every promise of Tempo is due after a minute; nobody fetches mail, it comes by LMTP."""
    world.build(imap_port=1, imap_password="")
    Mailbox.objects.update(host="")
    policy = Policy.objects.get(name="One minute")
    policy.steps.all().delete()
    recipients = [Whom.PREVIOUS_HOLDER, Whom.ACCOUNT_MANAGER]
    _step(policy, percent=50, tell=[Whom.HOLDER])
    _step(policy, percent=80, tell=[Whom.HOLDER, Whom.MANAGER])
    _step(policy, percent=100, tell=recipients, reassign_to=Whom.MANAGER)
    _step(policy, percent=150, tell=recipients, reassign_to=Whom.MANAGER)
    _step(policy, percent=200, tell=[Whom.HOLDER, Whom.DUTY_MANAGER], repeat_minutes=1, repeat_cap=1)


def _step(policy: Policy, **fields: object) -> None:
    EscalationStep.objects.create(policy=policy, **fields)
