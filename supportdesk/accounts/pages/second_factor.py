"""The form by which somebody adds a passkey or a security key."""

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.forms import CharField
from django.utils.translation import gettext_lazy as _


class AddKeyForm(AddWebAuthnForm):
    """A passkey, which also stands for the password, unless somebody wants a key beside the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = CharField(label=_("Name of the key"), required=False, max_length=60)
        box = self.fields["passwordless"]
        box.initial = True
        box.label = _("Sign in with it instead of the password")
        box.help_text = _("The device then asks for its PIN, a fingerprint or your face.")
