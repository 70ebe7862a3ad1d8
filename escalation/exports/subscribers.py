"""The directors of a new desk get its weekly pack from the first one on, without asking."""

from django.contrib.auth.models import User

from customers.choices import Language
from escalation.clocks.lead_decisions import DIRECTORS
from escalation.models import ExportSubscriber, WeeklyExport


def subscribe_directors() -> None:
    """Subscribe everybody who may change the policies, if the desk has no pack and nobody was ever subscribed.

    Whoever does not want it is made inactive in the list and stays so. Runs in the transaction of the first pack.
    """
    if WeeklyExport.objects.exists() or ExportSubscriber.objects.exists():
        return
    directors = User.objects.with_perm(DIRECTORS, include_superusers=False).exclude(email="")
    for email, language in directors.order_by("pk").values_list("email", "staff_profile__language"):
        ExportSubscriber.objects.get_or_create(
            email=email, defaults={"language": language or Language.ENGLISH}
        )
