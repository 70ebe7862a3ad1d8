"""Who reports to whom: a tree in which nobody stands above their own manager."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.errors import DeskError
from customers.models import StaffProfile
from customers.names import name_of


def refuse_circle(*, person: User, manager: User) -> None:
    """Raise DeskError if the manager reports to the person, directly or through others. One query."""
    reports_to = dict(StaffProfile.objects.order_by().values_list("user_id", "reports_to_id"))
    seen: set[int] = set()
    above: int | None = manager.pk
    while above is not None and above not in seen:
        if above == person.pk:
            raise DeskError(
                _("%(manager)s already reports to %(person)s, directly or through others.")
                % {"manager": name_of(manager), "person": name_of(person)}
            )
        seen.add(above)
        above = reports_to.get(above)
