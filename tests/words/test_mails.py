"""Every notification's words in both languages: in the reader's language to the last."""

import pytest

from customers.times import as_read_by
from escalation.choices import NoticeKind
from escalation.models import Clock
from escalation.notifications.wording import Notice, short_text_of, subject_of, text_of
from tests.factories import ContactFactory, CustomerFactory, UserFactory
from tests.talk import minute, opened
from tests.words.reading import faults

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
KNOWN = {"black", "screen", "星光直播", "林悦", "陈琳", "误报"}  # from the rows and the notices below
each_language = pytest.mark.parametrize("language", ["en", "zh-hans"])


@pytest.fixture(autouse=True)
def _chinese_name(settings):
    settings.DESK_NAME, settings.DESK_NAME_ZH = "Aurora Support", "极光技术支持"


@each_language
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_no_notification_holds_a_foreign_word(language, kind):
    ticket = furnished_ticket(language)
    other = UserFactory(first_name="悦", last_name="林")
    found = []
    with as_read_by(language, "America/New_York"):
        for clock in (None, *Clock.objects.filter(ticket=ticket)):
            notice = Notice(kind, ticket, clock, other, detail="误报")
            at = minute(20)
            for text in (subject_of(notice, at=at), text_of(notice, at=at), short_text_of(notice, at=at)):
                found += [
                    fault
                    for line in text.splitlines()
                    for fault in faults(line, language=language, known=KNOWN)
                ]
                assert "悦 林" not in text
                if language != "en":
                    assert "林悦 " not in text
    assert found == []


def furnished_ticket(language):
    customer = CustomerFactory(name="星光直播", account_manager=UserFactory(first_name="琳", last_name="陈"))
    return opened(contact=ContactFactory(customer=customer), language=language)
