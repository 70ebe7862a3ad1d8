"""manage.py split_reply: the new part of a text, whatever its bytes are."""

import io
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from tickets.management.commands.split_reply import new_part

REPLY = "还是没有声音。\n\n在 2026年1月5日 10:00，S <s@desk.example> 写道：\n> 请重启\n"


def printed(monkeypatch, data: bytes) -> bytes:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=out))
    call_command("split_reply")
    return out.getvalue()


def test_the_new_part_is_printed_as_utf8(monkeypatch):
    assert printed(monkeypatch, REPLY.encode()) == "还是没有声音。\n".encode()


@pytest.mark.parametrize(
    ("data", "new"),
    [
        (b"", ""),
        (b"only new", "only new"),
        (b"new \xff words\r\n\r\n-- \r\nAnna\r\n", "new ÿ words"),
        (REPLY.encode("gb18030"), "还是没有声音。"),
        (b"<div>new</div><blockquote type=cite>old</blockquote>", "new"),
        (b"a < b and <p> is a tag", "a < b and <p> is a tag"),
        (b"> 5 % lost", "> 5 % lost"),
    ],
)
def test_the_new_part_of_any_bytes_is_found(data, new):
    assert new_part(data) == new


@given(st.binary(max_size=300))
def test_any_bytes_are_split(data):
    assert "\0" not in new_part(data)
