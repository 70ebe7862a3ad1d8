"""Parameters of Content-Type and Content-Disposition."""

import pytest

from tickets.mail.parameters import parametrised


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"attachment; filename=a.txt", "a.txt"),
        (b'attachment; FileName="a b.txt"', "a b.txt"),
        (b'attachment; filename="a;b.txt"; size=1', "a;b.txt"),
        (b'attachment; filename="say \\"x\\".txt"', 'say "x".txt'),
        (b"attachment; filename*=utf-8''%E6%97%A5%E5%BF%97.txt", "日志.txt"),
        (b"attachment; filename=log.txt; filename*=utf-8''%E6%97%A5%E5%BF%97.txt", "日志.txt"),
        (b"attachment; filename*0*=utf-8''%E6%97; filename*1*=%A5.txt", "日.txt"),
        (b"attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
        (b"attachment; filename*0*=gb18030''%C8%D5; filename*1=.txt", "日.txt"),
        (b"attachment; filename*=\"utf-8''%E6%97%A5.txt\"", "日.txt"),
        (b"attachment; filename=\"utf-8''%E6%97%A5.txt\"", "日.txt"),
        (b'attachment; filename="=?utf-8?B?5pel5b+X?=.txt"', "日志.txt"),
        ("attachment; filename=日志.txt".encode("gb18030"), "日志.txt"),
        (b"attachment; filename=%E6%97%A5%E5%BF%97.txt", "日志.txt"),
        (b"attachment; filename=100%25.txt", "100%25.txt"),
        (b"attachment; filename*99999=x", ""),
        (b"attachment; filename", ""),
        (b"attachment; filename=", ""),
        (b'attachment; filename="a.txt', "a.txt"),
    ],
)
def test_file_names_are_read(raw, name):
    assert parametrised(raw, hint="gb2312").get("filename") == name


def test_the_value_is_in_lower_case():
    assert parametrised(b" Text/HTML ;charset=UTF-8").value == "text/html"
