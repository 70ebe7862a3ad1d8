"""What is wrong with the connection to a mail server, in words."""

import socket
import ssl

from django.utils.translation import gettext as _

EXPIRED, NOT_YET_VALID = 10, 9  # X509_V_ERR_... of OpenSSL
OTHER_NAME = (62, 63, 64)
UNKNOWN_ISSUER = (18, 19, 20, 21)
# What OpenSSL calls an answer in plain text.
NO_TLS_SPOKEN = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")


def connection_fault(error: Exception, place: str, said: str) -> str:
    """A sentence for people. ``place`` is the server as host:port, ``said`` the error's words without secrets."""
    words = {"place": place, "error": said}
    match error:
        case socket.gaierror():
            return _("There is no host named %(place)s. Check the name.") % words
        case ssl.SSLError():
            return _tls_fault(error, words)
        case TimeoutError():
            return _("%(place)s did not respond in time. Check host, port, security and firewall.") % words
        case ConnectionRefusedError():
            return _("Nothing is listening on %(place)s. Check host and port.") % words
    return _("The connection to %(place)s failed: %(error)s") % words


def no_starttls(place: str) -> str:
    return _("%(place)s offers no STARTTLS. Try TLS and its own port.") % {"place": place}


def words_of(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.removeprefix("b'").removesuffix("'")


def _tls_fault(error: ssl.SSLError, words: dict[str, str]) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_fault(error, words["place"])
    if getattr(error, "reason", "") in NO_TLS_SPOKEN:
        return _("%(place)s does not speak TLS on this port. Try STARTTLS, or another port.") % words
    return _("No secure connection to %(place)s: %(error)s Check port and security.") % words


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
