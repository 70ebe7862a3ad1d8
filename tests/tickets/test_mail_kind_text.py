"""Every kind of mail that is kept small has a name in both languages."""

import pytest
from django.utils import translation

from tickets.mail.classify import MailKind
from tickets.mail_kind_text import kept_mail_in_words


def named(kind: str, language: str) -> str:
    with translation.override(language):
        return kept_mail_in_words(kind)


@pytest.mark.parametrize("kind", list(MailKind))
def test_every_kind_has_a_name_in_both_languages(kind):
    assert named(kind, "en").isascii()
    assert not named(kind, "zh-hans").isascii()


def test_each_report_has_a_name_of_its_own():
    reports = [MailKind.BOUNCE, MailKind.DELAY, MailKind.COMPLAINT, MailKind.RECEIPT, MailKind.CALENDAR]
    assert len({named(kind, "en") for kind in [*reports, MailKind.AUTO_REPLY]}) == 6


def test_a_kind_of_another_version_is_an_automatic_email():
    assert named("from_the_future", "en") == named("", "en") == "Automatic email"
