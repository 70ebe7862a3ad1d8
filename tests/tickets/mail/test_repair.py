"""Broken headers that would end the head of a mail too early."""

import pytest

from tickets.mail import UnreadableMail, parse

GOOD = b"From: a@b.example\nSubject: Sound\nTo: support@desk.example\n\nNo sound.\n"


@pytest.mark.parametrize(
    "raw",
    [
        GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n", b"\r"),
        GOOD.replace(b"\n", b"\r\r\n"),
        b"\xef\xbb\xbf" + GOOD,
        b"\r\n\r\n" + GOOD,
        b"From a@b.example Mon Jan  5 10:00:00 2026\n" + GOOD,
        b"junk line without a colon\n" + GOOD,
        b">From - junk\n" + GOOD,
        GOOD.replace(b"Subject: Sound", b"X-Long: one\ntwo lost its blank\nSubject: Sound"),
        GOOD.replace(b"Subject: Sound", b"Subject : Sound"),
        GOOD.replace(b"Subject: Sound", b"SUBJECT:Sound"),
        GOOD.replace(b"Subject: Sound", b"Subject:\n Sound"),
        GOOD.replace(b"Sound", b"So\0und"),
    ],
)
def test_subject_sender_and_body_survive_a_broken_head(raw):
    mail = parse(raw)
    assert (mail.subject, mail.sender.email, mail.text) == ("Sound", "a@b.example", "No sound.")


def test_a_body_that_begins_without_a_blank_line_is_the_body():
    mail = parse(b"From: a@b.example\nSubject: Sound\nno sound at all\nsince ten\n")
    assert (mail.subject, mail.text) == ("Sound", "no sound at all\nsince ten")


@pytest.mark.parametrize("raw", [b"", b"\n\n\n", b"\x00\x01\x02" * 500, b"just words\n" * 300])
def test_bytes_without_any_header_are_unreadable(raw):
    with pytest.raises(UnreadableMail):
        parse(raw)
