"""The form of a contact, on its own page and among a customer's contacts."""

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class CustomerContactForm(forms.ModelForm):
    """Refuses to give a contact a colleague's address: what comes from it counts as a colleague's mail."""

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and "email" in self.changed_data and self._is_a_colleague_s(email):
            raise ValidationError(
                _("This is a colleague's address: its email counts as theirs, not as a customer's.")
            )
        return email

    @staticmethod
    def _is_a_colleague_s(email: str) -> bool:
        return User.objects.filter(email__iexact=email, is_staff=True, is_active=True).exists()
