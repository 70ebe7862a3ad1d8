"""The mark by which a process knows that the policies it read are still the ones in force."""

from django.db import models


class PolicyStamp(models.Model):
    """One row. Triggers give it another random number with every change that escalation.policies.book must read.

    The triggers are in escalation.policies.stamp_triggers. A change that is rolled back takes its number with it.
    """

    stamp = models.BigIntegerField()

    class Meta:
        default_permissions = ()  # nobody sees it

    def __str__(self) -> str:
        return str(self.stamp)
