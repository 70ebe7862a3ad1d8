"""What our mail server found out, as one line in both languages."""

import pytest
from django.utils import translation

from tickets.authentication_text import authentication_in_words

CONFIRMED = "The sender's domain confirms this email. Our mail server's checks: "
FORGED = (
    "The sender's domain does not confirm this email: the sender may be forged. Our mail server's checks: "
)


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ("dmarc=pass dkim=pass spf=pass", f"{CONFIRMED}DMARC passed, DKIM passed, SPF passed"),
        ("dmarc=fail dkim=fail spf=softfail", f"{FORGED}DMARC failed, DKIM failed, SPF failed"),
        ("dmarc=none dkim=pass", "Our mail server's checks: no DMARC, DKIM passed"),
        (
            "dkim=none spf=temperror",
            "Nothing confirms the sender's domain. Our mail server's checks: no DKIM, SPF could not be checked",
        ),
        ("", ""),
    ],
)
def test_the_line_says_what_it_means_and_what_was_checked(summary, words):
    assert authentication_in_words(summary) == words


def test_the_line_is_chinese_for_chinese_readers():
    with translation.override("zh-hans"):
        assert authentication_in_words("dmarc=pass spf=softfail") == (
            "发件域名已确认此邮件。本方邮件服务器的检查结果：DMARC 通过、SPF 未通过"
        )
