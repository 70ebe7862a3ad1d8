"""Every mail of the desk in both languages, and every notification's words: in the reader's language to the last."""

import pytest

from customers.times import as_read_by
from escalation.choices import NoticeKind
from escalation.models import Clock
from escalation.notifications.wording import Notice, short_text_of, subject_of, text_of
from tests.factories import ContactFactory, CustomerFactory, UserFactory
from tests.talk import minute, opened
from tests.words.reading import faults, stored_words
from tests.words.scene import furnished
from tickets.choices import MailPurpose
from tickets.models import Message, OutboundEmail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
KNOWN = {"black", "screen", "星光直播", "林悦", "陈琳", "误报"}  # from the rows and the notices below
each_language = pytest.mark.parametrize("language", ["en", "zh-hans"])


@pytest.fixture(autouse=True)
def _chinese_name(settings):
    settings.DESK_NAME, settings.DESK_NAME_ZH = "Aurora Support", "极光技术支持"


@each_language
def test_no_mail_holds_a_foreign_word(language):
    furnished(language)
    mails = list(OutboundEmail.objects.order_by("pk"))
    assert {mail.purpose for mail in mails} == set(MailPurpose.values)
    known = stored_words_besides_texts()
    found = [
        fault
        for mail in mails
        for line in (mail.subject, *mail.text.splitlines())
        for fault in faults(line, language=language, known=known)
    ]
    assert not found, "\n".join(sorted(set(found)))


def stored_words_besides_texts() -> set[str]:
    """Without what the desk wrote itself."""
    texts = OutboundEmail.objects.values_list("pk", "subject", "text", "html")
    kept = list(texts)
    OutboundEmail.objects.update(subject="", text="", html="")
    notes = list(Message.objects.filter(author=None, kind="note").values_list("pk", "body"))
    Message.objects.filter(author=None, kind="note").update(body="")
    known = stored_words()
    for pk, subject, text, html in kept:
        OutboundEmail.objects.filter(pk=pk).update(subject=subject, text=text, html=html)
    for pk, body in notes:
        Message.objects.filter(pk=pk).update(body=body)
    return known


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
