"""Authentication-Results as mail servers write them, and as forgers would like them to be read."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cputime import takes_at_most
from tickets.mail.authentication_results import (
    MOST_CHARS,
    _end_of_comment,
    _server_words,
    read_authentication_results,
)

POSTFIX = (
    "mx.desk.example; dkim=pass (2048-bit key) header.d=company.example header.i=@company.example; dmarc=pass"
)
GOOGLE = (
    "mx.google.com;\r\n       dkim=fail header.i=@lists.example header.s=s1;\r\n dkim=pass"
    " header.i=@company.example header.s=s2;\r\n spf=softfail (google.com: domain of transitioning li@company.example)"
    " smtp.mailfrom=li@company.example;\r\n dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=company.example"
)


@pytest.mark.parametrize(
    ("field", "server", "summary"),
    [
        (POSTFIX, "mx.desk.example", "dmarc=pass dkim=pass"),
        (GOOGLE, "mx.google.com", "dmarc=pass dkim=pass spf=softfail"),
        ("mx.desk.example 1; none", "mx.desk.example", ""),
        ("MX.Desk.Example; SPF=None smtp.mailfrom=x", "mx.desk.example", "spf=none"),
        ("mx.desk.example; arc=pass; x-own=pass", "mx.desk.example", ""),
        ("mx.desk.example", "mx.desk.example", ""),
        ("", "", ""),
        (";;;=;", "", ""),
    ],
)
def test_server_and_results_are_read(field, server, summary):
    results = read_authentication_results(field)
    assert (results.server, results.summary) == (server, summary)


@pytest.mark.parametrize("field", ['spf=fail (helo ") ; dmarc=fail (from ")', "spf=fail (a (b ; dmarc=fail"])
def test_words_of_a_sender_hide_no_result(field):
    assert read_authentication_results(f"mx.desk.example; {field}").has("dmarc", "fail")


@pytest.mark.parametrize(
    "field",
    [
        "mx.desk.example; spf=fail (sender said; dmarc=pass) smtp.mailfrom=x",
        'mx.desk.example; spf=fail smtp.mailfrom="a; dmarc=pass"@eve.example',
        "mx.desk.example; spf=fail smtp.mailfrom=dmarc=pass",
        "mx.desk.example; spf=fail (((; dmarc=pass))) smtp.mailfrom=x",
        "mx.desk.example; spf=fail (; dmarc=pass; ((((((((((((x)))))))))))) ) smtp.mailfrom=x",
        "mx.desk.example; spf=fail (helo a\\) ; dmarc=pass; \\(b) ; dmarc=fail",
        'mx.desk.example; spf=fail (helo ") ; dmarc=fail (") smtp.mailfrom=x',
        'mx.desk.example; spf=fail (helo a" ; dmarc=pass ; (b)) smtp.mailfrom="x"',
        'mx.desk.example; spf=fail (helo ( ; x=1 (; dmarc=pass;) smtp.mailfrom="a; dmarc=pass; "@eve.example',
        "mx.desk.example; x-dmarc=pass",
        "mx.desk.example; dmarc=passed",
    ],
)
def test_words_of_a_sender_inside_a_field_are_no_result(field):
    assert not read_authentication_results(field).has("dmarc", "pass")


def test_what_belongs_to_a_result_stays_with_it():
    checks = read_authentication_results(GOOGLE).checks
    assert [(check.method, check.result) for check in checks][:2] == [("dkim", "fail"), ("dkim", "pass")]
    assert checks[1].properties == "header.i=@company.example header.s=s2"


PIECES = [
    '"',
    '\\"',
    '"\\',
    '\\\\"',
    "(",
    "()",
    '("',
    '"(',
    "\\",
    "dmarc=pass;",
    "dmarc",
    "a=b ",
    "( \\)",
    '";',
    ' "a" ',
]


@pytest.mark.parametrize("head", ["", '"', "(", '("', '"(', "mx.desk.example; dmarc=pass "])
@pytest.mark.parametrize("piece", PIECES)
def test_a_field_of_any_size_is_read_in_no_time(head, piece):
    field = head + piece * (MOST_CHARS // len(piece))
    assert takes_at_most(0.05, lambda: read_authentication_results(field))
    assert takes_at_most(0.05, lambda: read_authentication_results(field * 200))


@given(st.text(alphabet='"\\();= ax\n', max_size=40))
def test_what_is_left_of_a_field_is_what_was_left_before(text):
    """By the plain patterns, which take each beginning anew and so need the square of a field's length."""
    assert "".join(_server_words(text)) == "".join(plain_server_words(text))


def plain_server_words(text: str) -> Iterator[str]:
    begin = 0
    while found := re.compile(r'"(?:[^"\\]|\\.)*"|\(', re.DOTALL).search(text, begin):
        yield text[begin : found.start()]
        end = _end_of_comment(text, found.end()) if found[0] == "(" else found.end()
        if end is None:
            yield re.sub(r'(?s)"(?:[^"\\]|\\.)*"|\([^()]*\)', " ", text[found.end() :])
            return
        yield " " if found[0] == "(" else '""'
        begin = end
    yield text[begin:]
