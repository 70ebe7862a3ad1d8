"""Tokens and ids that the desk signs, and the clues a mail gives about its ticket."""

import pytest

from tickets.mail import parse
from tickets.mail.threading import (
    make_message_id,
    make_reply_address,
    normalised_subject,
    read_message_id,
    read_reply_address,
    subject_numbers,
    thread_clues,
)

KEY, OLD_KEY = b"now", b"before"


def reply_address(number: int, key: bytes = KEY) -> str:
    return make_reply_address("support@desk.example", ticket_number=number, secret=key)


def message_id(number: int, key: bytes = KEY) -> str:
    return make_message_id(ticket_number=number, serial="ab12", domain="desk.example", secret=key)


def test_a_signed_reply_address_names_its_ticket():
    address = reply_address(1234)
    assert address.startswith("support+t1234-")
    assert read_reply_address(address, secrets=[KEY]) == 1234
    assert read_reply_address(address.upper(), secrets=[KEY]) == 1234


def test_the_local_part_of_a_reply_address_stays_within_64_characters():
    assert len(reply_address(10**12).partition("@")[0]) <= 64


def test_an_address_signed_by_an_earlier_key_still_counts():
    assert read_reply_address(reply_address(7, OLD_KEY), secrets=[KEY, OLD_KEY]) == 7


@pytest.mark.parametrize(
    "address",
    [
        "support@desk.example",
        "support+t1234@desk.example",
        "support+t1234-aaaaaaaaaaaaaaaaaaaa@desk.example",
        reply_address(1234).replace("t1234", "t1235"),
        reply_address(1234, b"another key"),
        "",
    ],
)
def test_a_guessed_reply_address_names_nothing(address):
    assert read_reply_address(address, secrets=[KEY]) is None


def test_our_own_message_id_is_recognised():
    own_id = read_message_id(f"<{message_id(1234)}>", secrets=[KEY])
    assert (own_id.ticket_number, own_id.serial) == (1234, "ab12")


@pytest.mark.parametrize(
    "forged",
    [
        message_id(1234).replace("1234", "1235"),
        message_id(1234).replace("ab12", "ab13"),
        message_id(1, b"x"),
        "a@b",
        "",
    ],
)
def test_a_forged_message_id_is_foreign(forged):
    assert read_message_id(forged, secrets=[KEY]) is None


def test_a_reply_token_is_not_accepted_as_the_signature_of_a_message_id():
    signature = reply_address(1).partition("-")[2].partition("@")[0]
    assert read_message_id(f"sd.1.ab12.{signature}@desk.example", secrets=[KEY]) is None


def test_clues_are_verified_and_ordered():
    raw = (
        f"From: a@b.example\nTo: {reply_address(5)}, x@y.example\nCc: {reply_address(6, b'forged')}\n"
        f"Subject: Re: [SD#7] sound\nIn-Reply-To: <{message_id(8)}>\n"
        f"References: <first@b.example> <second@b.example> <{message_id(9)}>\nDelivered-To: {reply_address(4)}\n\n"
    ).encode()
    clues = thread_clues(parse(raw), secrets=[KEY], envelope_to=[reply_address(3)])
    assert clues.reply_tokens == (3, 4, 5)
    assert [own_id.ticket_number for own_id in clues.own_ids] == [8, 9]
    assert clues.foreign_ids == ("second@b.example", "first@b.example")
    assert clues.subject_numbers == (7,)


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: [SD#12] x", (12,)),
        ("[sd#12][SD#13]", (12, 13)),
        ("[SD #12]", (12,)),
        ("[SD＃12]", (12,)),
        ("SD#12", (12,)),
        ("re: sd#12", (12,)),
        ("【SD#12】黑屏", (12,)),
        ("工单SD#12又黑屏了", (12,)),
        ("About sd # 12, again", (12,)),
        ("SD＃１２", (12,)),
        ("SD#12 and SD#13", (12, 13)),
        ("See SD#12 [SD#13]", (13,)),
        ("USD#12", ()),
        ("SD#12345678901234567890", ()),
        ("SD#12abc", ()),
        ("SD 12", ()),
        ("[SD#99999999999999999999999]", ()),
        ("Re: [SD#5] y", (5,)),
    ],
)
def test_ticket_numbers_are_read_from_a_subject(subject, numbers):
    assert subject_numbers(subject) == numbers


@pytest.mark.parametrize(
    "subject",
    [
        "Sound lost",
        "Re: Sound lost",
        "RE: re: [SD#12] Sound  lost",
        "回复：Sound lost",
        "答复: Fwd: AW[2]: Sound lost",
        "[External] Sound lost",
    ],
)
def test_prefixes_do_not_change_a_subject(subject):
    assert normalised_subject(subject) == "sound lost"
