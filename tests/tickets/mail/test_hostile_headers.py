"""Every field of a mail's head, filled with what makes patterns slow, is read in a bounded time."""

import pytest

from tests.cputime import takes_at_most
from tests.rawmail import rawmail
from tickets.mail import parse
from tickets.mail.authentication_results import read_authentication_results
from tickets.mail.bounce_addresses import first_bounce_tag
from tickets.mail.classify import classify
from tickets.mail.machine_signs import is_alarm_subject
from tickets.mail.shapes import alarm_shape, mail_shape
from tickets.mail.threading import thread_clues
from tickets.services.downloading import topmost_receipt
from tickets.services.outgoing.outbox import SUBJECT_TAG

LONG = 8_000  # bytes of each field
FIELDS = [
    "Cc", "Reply-To", "Sender", "Return-Path", "In-Reply-To", "References", "Date", "Received",
    "Authentication-Results", "Content-Disposition", "Content-Transfer-Encoding", "Content-ID", "Content-Language",
    "Delivered-To", "X-Original-To", "List-Id", "Precedence", "Auto-Submitted", "Importance", "X-Priority", "X-Loop",
    "X-Failed-Recipients", "Thread-Topic",
]  # fmt: skip
PIECES = [
    '"', '\\"', '"\\', "\\", "(", "()", "(a", "(\\(", "<", "<>", "<a", "a>", "a@", "@", "a@b ", "a@b,", ",", ";",
    "; a=", ";a*0=", ";a*0*=%41", "=?", "=?utf-8?q?", "=?utf-8?q?a?=", "=?utf-8?b?YQ==?= ", "[", "[SD#", "SD#1 ", "[P0",
    "Re: ", "Fwd: ", "re[2]: ", "回复：", "a", "a ", " ", "\r\n ", "1.", "1-", "12:", "é", "=", "%41", "header.from=",
    "dmarc=pass;", "[a] ", "Automatic reply: ", "RESOLVED ", "a:b;", ":;", '"a" <a@b.c>, ',
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_fields_are_read_in_a_bounded_time(piece):
    value = piece * (LONG // len(piece.encode()))
    raw = rawmail(
        sender=value,
        to=value,
        subject=value,
        message_id=value,
        headers=dict.fromkeys(FIELDS, value),
        content_type=f"multipart/mixed; boundary={value}",
    )
    assert takes_at_most(0.2, lambda: read_head(raw))


def read_head(raw: bytes) -> None:
    """All that the intake asks of a head."""
    mail = parse(raw)
    classify(mail, own_addresses=["support@desk.example"], secrets=[b"s" * 32], envelope_from="")
    thread_clues(mail, secrets=[b"s" * 32], envelope_to=[])
    first_bounce_tag([*mail.delivered_to, *(each.email for each in (*mail.to, *mail.cc))])
    for field in mail.authentication_results:
        read_authentication_results(field)
    mail_shape(mail.subject, mail.new_text)
    alarm_shape(mail.subject)
    is_alarm_subject(mail.subject)
    SUBJECT_TAG.sub("", mail.subject)
    topmost_receipt(raw)
