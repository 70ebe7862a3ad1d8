"""Notes that a mail is encrypted or signed, with PGP (RFC 3156) or S/MIME (RFC 8551). Decrypts and verifies nothing."""

from collections.abc import Iterator

from tickets.mail.mime_tree import MimePart
from tickets.mail.values import MailNote

_SMIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SMIME_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_ARMOURS = (
    (b"-----BEGIN PGP MESSAGE-----", MailNote.ENCRYPTED_PGP),
    (b"-----BEGIN PGP SIGNED MESSAGE-----", MailNote.SIGNED_PGP),
)


def protection_notes(root: MimePart) -> tuple[MailNote, ...]:
    """How the parts of a mail are encrypted or signed, each kind once."""
    return tuple(dict.fromkeys(note for part in _walk(root) for note in _notes_of(part)))


def _walk(part: MimePart) -> Iterator[MimePart]:
    yield part
    for child in part.children:
        yield from _walk(child)


def _notes_of(part: MimePart) -> Iterator[MailNote]:
    protocol = part.content_type.get("protocol").lower()
    if part.type == "multipart/encrypted":
        yield MailNote.ENCRYPTED_PGP
    elif part.type == "multipart/signed":
        yield MailNote.SIGNED_SMIME if protocol in _SMIME_SIGNATURES else MailNote.SIGNED_PGP
    elif part.type in _SMIME_TYPES:
        yield _note_of_smime(part)
    elif part.main_type == "text" and not part.children:
        start = part.body[:200].lstrip()
        yield from (note for armour, note in _ARMOURS if start.startswith(armour))


def _note_of_smime(part: MimePart) -> MailNote:
    """Without a smime-type the file name tells: `smime.p7s` is a signature."""
    kind = part.content_type.get("smime-type").lower()
    is_signed = kind.startswith("signed") or (not kind and part.filename.lower().endswith(".p7s"))
    return MailNote.SIGNED_SMIME_WHOLE if is_signed else MailNote.ENCRYPTED_SMIME
