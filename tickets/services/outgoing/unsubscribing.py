"""Ends the automatic mail to a contact by a signed link, with one click in a mail program (RFC 8058) or on a page."""

from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from customers.models import Contact


def unsubscribe_headers(contact: int | None) -> dict[str, str]:
    """The headers of an automatic mail to the contact with this key; none without a contact or without TLS.

    A mail program may post to the address by itself, so the link must not be readable on its way.
    """
    if contact is None or not settings.SITE_URL.startswith("https://"):
        return {}
    link = settings.SITE_URL + reverse("unsubscribe", args=[_signer().sign(str(contact))])
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def contact_of_link(token: str) -> Contact | None:
    """Whom a link was sent to; None if it is not ours. It does not expire, as people unsubscribe from old mail."""
    try:
        key = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        return None
    return Contact.objects.select_related("customer").filter(pk=key).first()


def unsubscribe(*, contact: Contact, at: datetime) -> None:
    """Send the contact no more acknowledgements. A second time changes nothing."""
    Contact.objects.filter(pk=contact.pk, no_automatic_mail_since=None).update(no_automatic_mail_since=at)
    contact.refresh_from_db(fields=["no_automatic_mail_since"])


def subscribe_again(*, contact: Contact) -> None:
    """Send the contact acknowledgements again."""
    contact.no_automatic_mail_since = None
    contact.save(update_fields=["no_automatic_mail_since"])


def _signer() -> Signer:
    return Signer(salt="tickets.unsubscribe", sep=".")
