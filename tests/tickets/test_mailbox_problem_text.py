"""What is wrong with a mailbox is read in the reader's language, whatever the desk's is."""

import ast
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

from escalation.choices import NoticeKind
from escalation.notifications.wording import Notice, _ticketless
from tests.adminpages import list_url, page_url
from tests.factories import NOW, MailboxFactory, staff
from tickets.mailbox_problem_text import SENTENCES, problem_in_words
from tickets.models import Mailbox

SOURCES = [
    *(f"tickets/protocols/{name}.py" for name in ("connection_faults", "imap", "pop3", "oauth")),
    *(f"tickets/services/{name}.py" for name in ("connecting", "access_tokens", "fetching", "maildrops")),
]
VALUES = {
    "place": "imap.x:993", "host": "login.x", "user": "anna b", "error": "[AUTH] no 邮箱 %(x)s.", "folder": "A B",
    "uid": "7",
}  # fmt: skip


def sentences_of(source: str) -> list[str]:
    calls = (node for node in ast.walk(ast.parse(Path(source).read_text())) if isinstance(node, ast.Call))
    gettexts = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "_")
    return [call.args[0].value for call in gettexts if isinstance(call.args[0], ast.Constant)]


@pytest.mark.parametrize("source", SOURCES)
def test_every_sentence_about_a_mailbox_is_known(source):
    assert set(sentences_of(source)) <= set(SENTENCES)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_stored_sentence_is_shown_in_either_language(sentence):
    said = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said[language] = translation.gettext(sentence) % VALUES
    for language, stored in (("en", said["zh-hans"]), ("zh-hans", said["en"]), ("en", said["en"])):
        with translation.override(language):
            assert problem_in_words(stored) == said[language]


def test_several_folders_and_unknown_words_become_one_line():
    with translation.override("zh-hans"):
        first = translation.gettext("The folder %(folder)s cannot be opened: %(error)s") % {
            "folder": "A",
            "error": "NO",
        }
    with translation.override("en"):
        shown = problem_in_words(f"{first}\nSomething else")
    assert shown == "The folder A cannot be opened: NO Something else"
    assert problem_in_words("") == ""


@pytest.mark.django_db
def test_the_pages_and_the_notice_show_a_stored_problem_in_the_reader_s_language(client):
    """Stored by a worker in English, read in Chinese."""
    stored = "Nothing is listening on imap.x:993. Check host and port."
    with translation.override("zh-hans"):
        chinese = problem_in_words(stored)
        notice = Notice(NoticeKind.MAILBOX_STOPPED, None, detail=f"support@desk.example\n{stored}")
        assert chinese in _ticketless(notice)
    assert not chinese.isascii()
    MailboxFactory(host="imap.x", error=stored, fetched_at=NOW)
    operator = staff("lin", groups=["Operator"], language="zh-hans")
    client.force_login(operator)
    pages = (reverse("admin:operations"), list_url(Mailbox), page_url(Mailbox.objects.get()))
    for page in pages:
        html = client.get(page).content.decode()
        assert chinese[:60] in html
        assert "Nothing is listening" not in html
