"""Shows the signs of a machine, which are stored in English, in the reader's language."""

from django.utils.translation import gettext, gettext_noop

from customers.phrases import labelled

# By the text before the colon. Names of headers stay as they are.
PHRASES = {
    gettext_noop("sent from our own address"),
    gettext_noop("our own Message-ID came back"),
    gettext_noop("the subject of an automatic reply"),
    gettext_noop("null return path"),
    gettext_noop("written by"),
    gettext_noop("the words of a mail server"),
    gettext_noop("null return path, and the words of a mail server"),
    gettext_noop("from nobody to the signed address of an email"),
    gettext_noop("message/delivery-status without a recipient"),
    gettext_noop("message/disposition-notification of a refusal"),
    gettext_noop("a notification of Amazon SES"),
    gettext_noop("marked as automatic by"),
    gettext_noop("marked as written by a person by"),
}


def sign_in_words(sign: str) -> str:
    phrase, _colon, detail = sign.partition(": ")
    if phrase not in PHRASES:
        return sign
    return labelled(gettext(phrase), detail) if detail else gettext(phrase)
