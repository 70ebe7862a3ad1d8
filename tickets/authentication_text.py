"""Says in one line what our own mail server found out about the sender of a mail, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from customers.phrases import labelled, listed, sentences

NAMES = {"dmarc": "DMARC", "dkim": "DKIM", "spf": "SPF"}


def authentication_in_words(summary: str) -> str:
    """A line for ``dmarc=pass dkim=fail``, as `AuthenticationResults.summary` writes it; empty for an empty summary."""
    results = dict(part.split("=", 1) for part in summary.split())
    found = listed(_in_words(NAMES[method], result) for method, result in results.items() if method in NAMES)
    if not found:
        return ""
    return sentences([_verdict(results), labelled(_("Our mail server's checks"), found)])


def _verdict(results: dict[str, str]) -> str:
    match results.get("dmarc"):
        case "pass":
            return _("The sender's domain confirms this email.")
        case "fail":
            return _("The sender's domain does not confirm this email: the sender may be forged.")
    return _("Nothing confirms the sender's domain.") if "pass" not in results.values() else ""


def _in_words(method: str, result: str) -> str:
    words = {"method": method, "result": result}
    match result:
        case "pass":
            return pgettext("a check of an email", "%(method)s passed") % words
        case "fail" | "softfail":
            return pgettext("a check of an email", "%(method)s failed") % words
        case "none" | "neutral":
            return pgettext("a check of an email", "no %(method)s") % words
    return pgettext("a check of an email", "%(method)s could not be checked") % words
