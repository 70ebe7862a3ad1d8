"""The line above which a colleague's answer to a notification goes to the customer."""

import pytest
from django.utils import translation

from tests.rawmail import rawmail
from tickets.answer_line import answer_line, words_above_the_line
from tickets.mail import parse

LINE = "### Write above this line to reply to the customer ###"
HEAD = "On Wed, 18 Nov 2026 at 12:01, Support <support@desk.example> wrote:"


def words(body: str, **more) -> str:
    return words_above_the_line(parse(rawmail(body=body.replace("\n", "\r\n"), **more)))


def quoted(*lines: str) -> str:
    return "\n".join(f"> {line}" for line in lines)


def test_it_is_written_in_the_language_of_its_reader():
    assert answer_line() == LINE
    with translation.override("zh-hans"):
        assert answer_line() == "### 在此行上方写下给客户的回复 ###"


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        "### 在此行上方写下给客户的回复 ###",
        "### Write above this line to\n> reply to the customer ###",  # wrapped inside the quote
        "### Write above this line to reply to the\ncustomer ###",
        ">> ### Write  above this line to reply to the customer\u00a0###",
        "### WRITE ABOVE THIS LINE TO REPLY TO THE CUSTOMER ###",
    ],
)
def test_the_words_above_it_are_found_whatever_a_program_does_to_it(line):
    body = f"Please update to 4.3.2.\n\n{HEAD}\n{quoted(line, '', 'SD#12 has no reply yet.')}"
    assert words(body) == "Please update to 4.3.2."


@pytest.mark.parametrize(
    "body",
    [
        "Who takes this?",  # no quote, so no line
        f"{HEAD}\n{quoted(LINE, '', 'SD#12 has no reply yet.')}\n\nWho takes this?",  # below
        f"Yes.\n\n{HEAD}\n{quoted(LINE, 'SD#12 has no reply yet.')}\n\nI call them.\n\n{quoted('Owner: Ann')}",
        f"{HEAD}\n{quoted(LINE)}",  # nothing but the quote
        f"{HEAD}\n{quoted('### Write above ###', 'SD#12 has no reply yet.')}",
    ],
)
def test_anything_else_is_not_for_the_customer(body):
    assert words(body) == ""


def test_the_signature_is_left_out():
    body = f"Please update.\n\n-- \nAnn\n+86 21 5555\n\n{HEAD}\n{quoted(LINE)}"
    assert words(body) == "Please update."


def test_it_is_found_in_html():
    quote = f'<blockquote class="gmail_quote">{LINE}<br><br>SD#12 has no reply yet.</blockquote>'
    body = f'<div>Please update.</div><div class="gmail_quote">{HEAD}<br>{quote}</div>'
    assert words(body, content_type="text/html; charset=utf-8") == "Please update."
