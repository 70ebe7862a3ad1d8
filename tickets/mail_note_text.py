"""Shows what was mended in a mail, was left out or cannot be read, in the reader's language."""

from collections.abc import Iterable

from django.utils.translation import gettext, gettext_noop

from tickets.mail.values import MailNote

# Whoever answers the mail must know of these, as words of it may be missing; the page of the conversation shows them.
FOR_READERS = {
    MailNote.ENCRYPTED_PGP: gettext_noop(
        "Encrypted with PGP: the desk cannot read it. Ask the sender to write without encryption."
    ),
    MailNote.ENCRYPTED_SMIME: gettext_noop(
        "Encrypted with S/MIME: the desk cannot read it. Ask the sender to write without encryption."
    ),
    MailNote.SIGNED_SMIME_WHOLE: gettext_noop(
        "Signed with S/MIME in one piece: its text is inside the attached file. The signature was not verified."
    ),
    MailNote.SIGNED_PGP: gettext_noop("Signed with PGP; the signature was not verified."),
    MailNote.SIGNED_SMIME: gettext_noop("Signed with S/MIME; the signature was not verified."),
    MailNote.PARTS_LEFT_OUT: gettext_noop("It has too many parts: the last ones are only in the original."),
    MailNote.RECIPIENTS_LEFT_OUT: gettext_noop(
        "It went to more people than take part in a ticket: the others are only in the original."
    ),
    MailNote.TEXT_CUT: gettext_noop("The text is too long: its end is only in the original."),
    MailNote.HTML_CUT: gettext_noop("The formatted text is too long: its end is only in the original."),
}
_FOR_OPERATORS = {
    MailNote.LINE_ENDS: gettext_noop("Line ends were mended."),
    MailNote.LINES_BEFORE_HEAD: gettext_noop("Lines before the first header were left out."),
    MailNote.BROKEN_HEADERS: gettext_noop("Broken header lines were mended."),
    MailNote.OTHER_BOUNDARY: gettext_noop("The announced boundary does not occur: the parts were guessed."),
    MailNote.NESTED_TOO_DEEPLY: gettext_noop("Nested too deeply: the parts were read one after another."),
}
_TEXTS = FOR_READERS | _FOR_OPERATORS


def notes_in_words(notes: Iterable[str]) -> list[str]:
    """Sentences; a note of a newer version of this program stays as it is."""
    return [gettext(_TEXTS[MailNote(note)]) if note in _TEXTS else note for note in notes]


def notes_for_readers(notes: Iterable[str]) -> list[str]:
    """Only those that whoever answers the mail must know."""
    return notes_in_words(note for note in notes if note in FOR_READERS)
