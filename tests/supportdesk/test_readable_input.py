"""Zero bytes and foreign encodings end in a sentence, on every page and before any database."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import RequestFactory
from django.urls import reverse

from customers.models import Contact
from supportdesk.wsgi import application
from tests.adminpages import add_url, list_url
from tests.factories import AdminFactory
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def page(client):
    client.force_login(AdminFactory())
    client.raise_request_exception = False
    return client


def is_refused(response) -> bool:
    return response.status_code == 400 and "cannot be read" in response.content.decode()


@pytest.mark.parametrize("query", ["q=a%00b", "a%00b=1", "page=%00"])
def test_a_zero_byte_in_the_address(page, query):
    for address in (reverse("admin:index"), list_url(Ticket), reverse("admin:autocomplete")):
        assert is_refused(page.get(f"{address}?{query}"))


@pytest.mark.parametrize("fields", [{"name": "a\x00b"}, {"a\x00b": "x"}])
@pytest.mark.parametrize("is_multipart", [True, False], ids=["multipart", "urlencoded"])
def test_a_zero_byte_in_a_form(page, fields, is_multipart):
    if is_multipart:
        answer = page.post(add_url(Contact), fields)
    else:
        name, value = next(iter(fields.items()))
        body = f"{name}={value}".replace("\x00", "%00")
        answer = page.post(add_url(Contact), body, content_type=FORM)
    assert is_refused(answer)


def test_a_form_with_a_file_is_read(page):
    answer = page.post(add_url(Contact), {"name": "a", "file": SimpleUploadedFile("a.txt", b"\x00\x01")})
    assert answer.status_code == 302  # the zero byte is the file's own


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "rot13", "no-such-thing", "'utf-7'"])
def test_a_form_in_another_encoding(page, charset):
    answer = page.generic("POST", add_url(Contact), b"name=+AGE-", f"{FORM}; charset={charset}")
    assert is_refused(answer)
    assert is_refused(page.get(list_url(Ticket), CONTENT_TYPE=f"text/plain; charset={charset}"))


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_a_form_in_utf_8_is_read(page, charset):
    assert page.post(add_url(Contact), "name=a", content_type=f"{FORM}; charset={charset}").status_code == 302
    assert Contact.objects.get().name == "a"


def test_the_sentence_is_in_the_readers_language(client):
    assert (
        "无法读取"
        in client.get("/admin/login/?next=%00", headers={"accept-language": "zh-hans"}).content.decode()
    )


def test_a_form_that_breaks_off(client):
    class Broken(io.RawIOBase):
        def read(self, *_size):
            raise OSError("the visitor is gone")

    body = {"wsgi.input": Broken(), "CONTENT_LENGTH": "100", "CONTENT_TYPE": FORM}
    assert is_refused(client.generic("POST", "/login/", **body))


def test_a_zero_byte_in_a_cookie(client):
    client.cookies["sessionid"] = "\x00aaaaaaaa"
    assert is_refused(client.get("/login/"))


@pytest.mark.parametrize("address", ["/tickets/ticket/?owner=", "/customers/contract/?customer__in="])
def test_a_number_that_no_row_can_have(page, address):
    """SQLite cannot compare with it; PostgreSQL can, and finds nothing."""
    answer, is_sqlite = page.get(address + "9" * 25), connection.vendor == "sqlite"
    assert (answer.status_code, is_refused(answer)) == ((400, True) if is_sqlite else (200, False))


def test_a_header_that_django_cannot_read():
    said = []
    environ = RequestFactory().get("/login/").environ | {"CONTENT_TYPE": "text/plain; charset*=foo''bar"}
    assert b"cannot be read" in b"".join(application(environ, lambda *words: said.append(words)))
    assert said[0][0] == "400 Bad Request"
