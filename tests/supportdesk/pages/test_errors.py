"""The pages after waiting in vain: they say why, and what somebody wrote is sent again with one click."""

import psycopg
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation

from supportdesk.pages.errors import server_error


def page(request: HttpRequest, cause: Exception) -> HttpResponse:
    request.user = AnonymousUser()
    try:
        raise OperationalError("somewhere") from cause
    except OperationalError:
        return server_error(request)


def posted(**fields: object) -> HttpRequest:
    return RequestFactory().post("/tickets/tag/1/change/?_changelist_filters=a%3Db", fields)


def test_after_a_lock_the_form_can_be_sent_again_as_it_was() -> None:
    request = posted(name='Gold "24x7" <b>', member=["1", "2"], csrfmiddlewaretoken="old")
    response = page(request, psycopg.errors.LockNotAvailable())
    html = response.content.decode()
    assert response.status_code == 503
    assert "Nothing was saved: somebody else, or the desk itself, is changing the same thing" in html
    assert 'action="/tickets/tag/1/change/?_changelist_filters=a%3Db"' in html
    assert '<input type="hidden" name="name" value="Gold &quot;24x7&quot; &lt;b&gt;">' in html
    assert html.count('name="member"') == 2
    assert 'value="old"' not in html
    assert "Files are not sent again" not in html


def test_who_sent_files_is_told_to_add_them_again() -> None:
    request = posted(name="Gold", log=SimpleUploadedFile("log.txt", b"words"))
    assert "Files are not sent again" in page(request, psycopg.errors.LockNotAvailable()).content.decode()


@pytest.mark.parametrize("secret", ["password", "new_password1", "client_secret"])
def test_a_form_with_a_secret_is_not_written_into_the_page(secret: str) -> None:
    html = page(
        posted(**{"name": "Gold", secret: "hush-hush"}), psycopg.errors.LockNotAvailable()
    ).content.decode()
    assert "hush-hush" not in html
    assert "<form" not in html


@pytest.mark.parametrize(
    ("cause", "words", "chinese"),
    [
        (psycopg.errors.QueryCanceled(), "This took too long", "用时过长"),
        (psycopg.errors.LockNotAvailable(), "Somebody else is changing this", "有人正在修改此内容"),
        (psycopg.OperationalError(), "The database cannot be reached", "无法连接数据库"),
    ],
)
def test_each_reason_has_its_page_in_both_languages(cause: Exception, words: str, chinese: str) -> None:
    response = page(posted(), cause)
    assert response.status_code == 503
    assert f"<h1>{words}</h1>" in response.content.decode()
    with translation.override("zh-hans"):
        assert f"<h1>{chinese}</h1>" in page(posted(), cause).content.decode()
