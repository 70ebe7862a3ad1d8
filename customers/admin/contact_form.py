"""The form of a contact, on its own page and among a customer's contacts."""

from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from customers.access import sees_all
from customers.addresses import address_spellings
from customers.mail_domains import has_address_of_another
from customers.models import Contact


class CustomerContactForm(forms.ModelForm):
    """Refuses to give a contact a colleague's address: what comes from it counts as a colleague's mail.

    Whoever does not see all customers cannot give one of theirs an address of another's domain either: the mail of
    that customer would be routed to them.
    """

    reader: User | AnonymousUser = AnonymousUser()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        changed = {"email", "customer"}.intersection(self.changed_data)
        if changed and cleaned.get("email") and not sees_all(self.reader):
            customer = cleaned.get("customer") or self.instance.customer
            if customer and has_address_of_another(Contact(email=cleaned["email"], customer=customer)):
                self.add_error("email", _("This address belongs to the domain of another customer."))
        return cleaned

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and "email" in self.changed_data and self._is_a_colleague_s(email):
            raise ValidationError(
                _("This is a colleague's address: its email counts as theirs, not as a customer's.")
            )
        if email and "email" in self.changed_data and self._is_taken(email):
            raise ValidationError(_("Another contact has this address, perhaps in another spelling."))
        return email

    def _is_taken(self, email: str) -> bool:
        others = Contact.objects.alias(key=Lower("email")).exclude(pk=self.instance.pk)
        return others.filter(key__in=address_spellings(email)).exists()

    @classmethod
    def for_reader(cls, reader: User | AnonymousUser) -> type["CustomerContactForm"]:
        return type(cls.__name__, (cls,), {"reader": reader})

    @staticmethod
    def _is_a_colleague_s(email: str) -> bool:
        return User.objects.filter(email__iexact=email, is_staff=True, is_active=True).exists()
