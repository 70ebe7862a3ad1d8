"""Address headers: who wrote, to whom, and what must not become an address."""

from functools import partial

import pytest

from tests.cputime import takes_at_most
from tickets.mail.addresses import addresses, parse_addresses, sender
from tickets.mail.headers import Headers


def headers(**values: bytes) -> Headers:
    return Headers(tuple((name.replace("_", "-"), value) for name, value in values.items()))


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"a@b.example", [("", "a@b.example")]),
        (b"Anna <a@b.example>", [("Anna", "a@b.example")]),
        (b'"Doe, John" <j@x.example>, a@b.example', [("Doe, John", "j@x.example"), ("", "a@b.example")]),
        (b"a@b.example (Anna Keller)", [("Anna Keller", "a@b.example")]),
        (b"Anna a@b.example", [("Anna", "a@b.example")]),
        (b"a@b.example; c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
        (b"team: a@b.example, B <b@c.example>;", [("", "a@b.example"), ("B", "b@c.example")]),
        (b"=?utf-8?Q?anna?=@b.example", [("", "anna@b.example")]),
        (b"Anna <=?utf-8?B?YW5uYQ==?=@b.example>", [("Anna", "anna@b.example")]),
        (b"=?utf-8?Q?a=40c.example?=@b.example", []),
        (b"anna@=?utf-8?Q?b.example?=", []),
        (b"<first last@b.example>", []),
        (b"Anna <first last@b.example>", []),
        (b"Anna <a . b @ c . example>", [("Anna", "a.b@c.example")]),
        (b"undisclosed-recipients:;", []),
        (b"<>", []),
        (b"nobody", []),
        (b"<mailto:a@b.example>", [("", "a@b.example")]),
        (b"<@r.example:a@b.example>", [("", "a@b.example")]),
        (b"Anna <<a@b.example>>", [("Anna", "a@b.example")]),
        (b"Anna <a@b.example", [("Anna", "a@b.example")]),
        (b"'a@b.example' <a@b.example>", [("", "a@b.example")]),
        (b"Anna <a @ B.Example.>", [("Anna", "a@b.example")]),
        (b'"john smith"@x.example', [("", '"john smith"@x.example')]),
        (b'"say \\"hi\\"" <a@b.example>', [('say "hi"', "a@b.example")]),
        (b'"=?utf-8?B?5p6X5Lyf?=" <l@x.example>', [("林伟", "l@x.example")]),
        ("林伟 <lin@x.example>".encode(), [("林伟", "lin@x.example")]),
        ("用户@例え.example".encode(), [("", "用户@例え.example")]),
        (b'"Broken <a@b.example>, c@d.example', [("Broken", "a@b.example"), ("", "c@d.example")]),
        ("\u202eanna\u202c <a@b.example>".encode(), [("anna", "a@b.example")]),
    ],
)
def test_addresses_are_read_from_headers_as_mail_programs_write_them(raw, pairs):
    assert [(address.name, address.email) for address in parse_addresses(raw)] == pairs


@pytest.mark.parametrize(
    "raw",
    [
        b"=?utf-8?Q?ceo=40bank.example=2C?= <mallory@evil.example>",
        b"=?utf-8?Q?=3Cceo=40bank.example=3E?= <mallory@evil.example>",
        b'"ceo@bank.example" <mallory@evil.example>',
        b"ceo@bank.example <mallory@evil.example>",
        b"(ceo@bank.example) <mallory@evil.example>",
        b'<mallory@evil.example> "<ceo@bank.example>"',
        b"<mallory@evil.example> (<ceo@bank.example>)",
        b"mallory@evil.example (ceo@bank.example)",
    ],
)
def test_a_name_cannot_pose_as_the_address(raw):
    assert [address.email for address in parse_addresses(raw)] == ["mallory@evil.example"]


def test_splitting_takes_linear_time():
    for seed in (b"(a\\", b'"\\', b"<", b"((", b"a@", b"a:", b"mailto:", b"a" * 9):
        assert takes_at_most(0.3, partial(parse_addresses, seed * 8_000)), seed


def test_an_encoded_word_does_not_become_an_address():
    assert parse_addresses(b"=?utf-8?Q?ceo=40bank.example?=") == ()


def test_from_names_the_sender_before_any_other_header():
    assert sender(headers(From=b"a@b.example", Sender=b"list@b.example")).email == "a@b.example"


@pytest.mark.parametrize("broken", [b"", b"<>", b"Anna", b"undisclosed:;"])
def test_without_a_usable_from_the_sender_is_read_from_the_next_best_header(broken):
    head = headers(From=broken, Sender=b"s@b.example", Return_Path=b"<p@b.example>", Reply_To=b"r@b.example")
    assert sender(head).email == "r@b.example"
    assert (
        sender(headers(From=broken, Sender=b"s@b.example", Return_Path=b"<p@b.example>")).email
        == "p@b.example"
    )
    assert sender(headers(From=broken, Sender=b"s@b.example")).email == "s@b.example"
    assert sender(headers(From=broken)) is None


def test_addresses_of_repeated_headers_are_joined():
    head = Headers((("To", b"a@b.example"), ("to", b"c@d.example")))
    assert [address.email for address in addresses(head, "To")] == ["a@b.example", "c@d.example"]


def test_addresses_compare_without_case():
    upper, lower = parse_addresses(b"Anna@B.example, anna@b.example")
    assert upper.key == lower.key
    assert upper.domain == "b.example"
