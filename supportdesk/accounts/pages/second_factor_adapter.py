"""What allauth asks the desk about second factors: names that people see, and how secrets are kept."""

from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from customers.encryption_keys import UnreadableCiphertext, keyring
from customers.names import desk_name, name_of


class DeskFactorAdapter(DefaultMFAAdapter):
    def get_totp_issuer(self) -> str:
        return desk_name()

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def _get_site_name(self) -> str:
        return desk_name()

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**entity, "name": user.get_username(), "display_name": name_of(user)}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        return _("My key")

    def encrypt(self, text: str) -> str:
        """As encrypted columns are; `rotate_keys` knows them too."""
        return keyring().encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ValidationError for what no key opens: an empty secret would have codes that anybody can work out."""
        try:
            return keyring().decrypt(encrypted_text)
        except UnreadableCiphertext as error:
            raise ValidationError(
                _("This second factor can no longer be read. Ask an administrator.")
            ) from error
