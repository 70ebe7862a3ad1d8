"""Every sign of a machine that is no header is worded in the reader's language."""

import re

import pytest
from django.utils import translation

from tests.rawmail import bounce, rawmail
from tickets.mail import parse
from tickets.mail.classify import classify
from tickets.mail.machine_signs import AUTOMATIC_MARK, PERSON_MARK
from tickets.sign_text import PHRASES, sign_in_words

SIGNED = [
    rawmail(sender="support@desk.example"),
    rawmail(sender="no-reply@company.example"),
    rawmail(subject="Out of office"),
    rawmail(headers={"Return-Path": "<>"}),
    rawmail(
        sender="MAILER-DAEMON@company.example", subject="failure notice", body="<li@company.example>: unknown"
    ),
    rawmail(
        sender="Mail <m@x.example>",
        subject="failure notice",
        headers={"Return-Path": "<>"},
        body="user unknown",
    ),
    bounce(original_id="a@desk.example", recipient="li@company.example"),
]


@pytest.mark.parametrize("raw", SIGNED)
def test_every_sign_is_a_translatable_phrase_or_names_a_header(raw):
    signs = classify(parse(raw), own_addresses=["support@desk.example"]).signs
    assert signs
    unknown = [sign for sign in signs if sign.partition(": ")[0] not in PHRASES]
    assert [sign for sign in unknown if not re.match(r"[A-Z][A-Za-z-]+: |message/", sign)] == []


def test_the_marks_of_people_are_known_phrases():
    assert {AUTOMATIC_MARK, PERSON_MARK} <= PHRASES


def test_a_phrase_is_translated_and_a_header_stays():
    with translation.override("zh-hans"):
        assert sign_in_words("written by: system@") == "发件人：system@"
        assert sign_in_words("Precedence: bulk") == "Precedence: bulk"
