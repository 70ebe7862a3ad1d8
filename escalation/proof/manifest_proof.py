"""The seal that leaves the desk in a pack's manifest, and the check of the ledger against such a copy."""

import json
from typing import Any

from django.utils.translation import gettext as _

from escalation.models import Seal
from escalation.proof.sealing import hash_of_seal, seal_form


class UnreadableManifest(ValueError):
    """The file is not a manifest of a pack, or its pack was made without a seal."""


def newest_seal() -> dict[str, Any] | None:
    """What a manifest says of the newest seal, as `check_against` reads it; None before there is one."""
    seal = Seal.objects.order_by("-number").first()
    return seal_form(seal) if seal is not None else None


def check_against(manifest: bytes) -> str:
    """What is wrong with the seal that a manifest names, as a sentence; empty if the desk still has it as it left.

    The seal covers every seal before it, and these every line that was sealed by then. If this copy is the same and
    the whole proof finds nothing, nothing up to it was computed anew. Raises UnreadableManifest.
    """
    number, kept = _entry(manifest)
    seal = Seal.objects.filter(number=number).first()
    if seal is None:
        return _("Seal %(number)s, which the manifest names, is missing.") % {"number": number}
    if hash_of_seal(seal).hex() != kept or bytes(seal.hash).hex() != kept:
        return _("Seal %(number)s is not the one in the manifest: the ledger was computed anew.") % {
            "number": number
        }
    return ""


def _entry(manifest: bytes) -> tuple[int, str]:
    try:
        entry = json.loads(manifest)["seal"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableManifest(
            _("This file is not the manifest.json of a weekly pack with a seal.")
        ) from error
    match entry:
        case {"number": int(number), "hash": str(digest)}:
            return number, digest
        case None:
            raise UnreadableManifest(_("This pack was made before the ledger had a seal."))
        case _other:
            raise UnreadableManifest(_("This file is not the manifest.json of a weekly pack with a seal."))
