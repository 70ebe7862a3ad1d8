"""Every note on a mail is a sentence in both languages; readers get those that concern them."""

import pytest
from django.utils import translation

from tickets.mail import MailNote
from tickets.mail_note_text import notes_for_readers, notes_in_words


@pytest.mark.parametrize("note", list(MailNote))
def test_every_note_is_a_sentence_in_both_languages(note):
    with translation.override("en"):
        (english,) = notes_in_words([note])
    with translation.override("zh-hans"):
        (chinese,) = notes_in_words([note])
    assert english != chinese
    assert (english[-1], chinese[-1]) == (".", "。")


def test_readers_are_told_of_lost_words_and_not_of_mended_line_ends():
    with translation.override("en"):
        (sentence,) = notes_for_readers(["line_ends", "text_cut"])
    assert sentence.startswith("The text is too long")


def test_a_note_of_a_newer_version_stays_as_it_is():
    assert notes_in_words(["from_the_future"]) == ["from_the_future"]
