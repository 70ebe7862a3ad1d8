"""What is wrong with the certificate of a mail server, in words."""

import ssl

from django.utils.translation import gettext as _

EXPIRED, NOT_YET_VALID = 10, 9  # X509_V_ERR_... of OpenSSL
OTHER_NAME = (62, 63, 64)
UNKNOWN_ISSUER = (18, 19, 20, 21)


def certificate_fault(error: ssl.SSLCertVerificationError, place: str) -> str:
    """``place`` is the server as host:port."""
    words = {"place": place, "error": getattr(error, "verify_message", "") or str(error)}
    match getattr(error, "verify_code", None):
        case code if code == EXPIRED:
            return _("The certificate of %(place)s has expired.") % words
        case code if code == NOT_YET_VALID:
            return _("The certificate of %(place)s is not valid yet. Check the clocks.") % words
        case code if code in OTHER_NAME:
            return _("The certificate of %(place)s is for another name: %(error)s") % words
        case code if code in UNKNOWN_ISSUER:
            return (
                _("The certificate of %(place)s comes from nobody whom this machine trusts: %(error)s")
                % words
            )
    return _("The certificate of %(place)s is not valid: %(error)s") % words
