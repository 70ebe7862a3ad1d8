"""The form of a staff profile, on its own page and on the page of its login."""

from typing import Any

from django import forms

from customers.errors import DeskError
from customers.models import StaffProfile
from customers.services.hierarchy import refuse_circle


class StaffProfileForm(forms.ModelForm):
    class Meta:
        model = StaffProfile
        fields = (
            "user", "title", "team", "reports_to", "deputy", "skills", "language", "time_zone", "phone",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        person, manager = given.get("user"), given.get("reports_to")
        if person and manager and person.pk and person != manager:
            self._refuse_circle(person, manager)
        return given

    def _refuse_circle(self, person: Any, manager: Any) -> None:
        try:
            refuse_circle(person=person, manager=manager)
        except DeskError as refusal:
            self.add_error("reports_to", str(refusal))
