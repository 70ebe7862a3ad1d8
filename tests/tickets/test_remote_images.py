"""Remote images of mails: fetched by the desk behind a click, for whoever may see the message; never by the browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import caches
from django.urls import reverse

from tests.factories import ContactFactory, CustomerFactory, MessageFactory, TicketFactory, staff
from tickets.protocols import images
from tickets.protocols.images import MOST_BYTES, NoImage, fetch_image, kind_of
from tickets.remote_images import LIVES, LONGEST_ADDRESS, MOST_IMAGES, address_of, through_the_desk

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


class Host:
    """A foreign host: what each path answers, and what it was asked with."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def offer(self, path: str, body: bytes = PNG, *, status: int = 200, **headers: str) -> str:
        self.answers[path] = (
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
            body,
        )
        return f"{self.place}{path}"


@contextmanager
def serving() -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            host.asked.append((self.path, dict(self.headers)))
            status, headers, body = host.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host = Host(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield host
        server.shutdown()
        thread.join()


@pytest.fixture
def host(settings, tmp_path, frozen):
    settings.ALLOW_PRIVATE_TARGETS = True
    settings.CACHES = {**settings.CACHES, "images": {**settings.CACHES["images"], "LOCATION": tmp_path}}
    with serving() as host:
        yield host
    caches["images"].clear()


@pytest.fixture
def anna():
    return staff("anna", groups=["Account manager"])


@pytest.fixture
def message(anna):
    customer = CustomerFactory(account_manager=anna)
    ticket = TicketFactory(customer=customer, contact=ContactFactory(customer=customer), owner=anna)
    return MessageFactory(ticket=ticket)


def ours(address, message, reader, now):
    return address_of(address, message=message.pk, reader=reader.pk, at=now)


def test_the_frame_names_only_the_desk_and_only_after_the_click(login, anna, message, host):
    message.html = f'<p><img data-src="{host.offer("/a.png")}"><img data-src="//t.example/b?x=1&amp;y=2"></p>'
    message.save(update_fields=["html"])
    frame = reverse("admin:tickets_message_frame", args=[message.pk])
    client = login(anna)
    before, after = client.get(frame), client.get(frame, {"images": "1"})
    assert " src=" not in before.content.decode()
    html, policy = after.content.decode(), after.headers["Content-Security-Policy"]
    assert html.count(f' src="{reverse("tickets:remote_image", args=["x"])[:-2]}') == 2
    assert "127.0.0.1" not in html
    assert "t.example" not in html
    assert "img-src data: http://testserver;" in policy
    assert host.asked == []


def test_the_desk_fetches_it_and_tells_nothing_of_the_reader(client, anna, message, host, now):
    address = host.offer("/a.png", Set_Cookie="who=anna", Content_Type="text/html")
    client.cookies["sessionid"] = "secret-session"
    answer = client.get(
        ours(address, message, anna, now), headers={"Referer": "https://desk/", "User-Agent": "Anna's"}
    )
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, PNG, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    [(_path, asked)] = host.asked
    assert not {"Cookie", "Referer"} & asked.keys()
    assert "Anna" not in str(asked)
    assert "secret-session" not in str(asked)


def test_it_is_fetched_once_and_a_failure_is_remembered(client, anna, message, host, now):
    for path in ("/a.png", "/missing.png"):
        if path == "/a.png":
            host.offer(path)
        answers = [client.get(ours(host.place + path, message, anna, now)).status_code for _time in range(3)]
        assert answers == [200 if path == "/a.png" else 404] * 3
    assert [path for path, _headers in host.asked] == ["/a.png", "/missing.png"]


def test_the_address_is_for_one_message_one_reader_and_some_minutes(client, anna, message, host, now):
    url = ours(host.offer("/a.png"), message, anna, now)
    changed = url[:-3] + ("AA/" if not url.endswith("AA/") else "BB/")
    assert client.get(changed).status_code == 404
    other = staff("other", groups=["Account manager"])
    assert client.get(ours(host.place + "/a.png", message, other, now)).status_code == 404
    late = ours(host.place + "/a.png", message, anna, now - LIVES - timedelta(seconds=2))
    assert client.get(late).status_code == 404
    assert host.asked == []
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("lost", ["left", "erased", "not theirs"])
def test_whoever_may_no_longer_see_the_message_sees_no_image(client, anna, message, host, now, lost):
    url = ours(host.offer("/a.png"), message, anna, now)
    match lost:
        case "left":
            anna.is_active = False
            anna.save()
        case "erased":
            message.erased_at = now
            message.save()
        case _:
            message.ticket.customer.account_manager = message.ticket.owner = staff(
                "bob", groups=["Account manager"]
            )
            message.ticket.customer.save()
            message.ticket.save()
    assert client.get(url).status_code == 404
    assert host.asked == []


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (SVG, {"Content_Type": "image/png"}),
        (b"<html>" + PNG, {"Content_Type": "image/png"}),
        (b"", {}),
        (PNG + b"\0" * MOST_BYTES, {}),
    ],
    ids=["svg", "html", "empty", "huge"],
)
def test_only_small_images_are_shown(host, body, headers):
    with pytest.raises(NoImage):
        fetch_image(host.offer("/a", body, **headers))


def test_a_redirect_is_followed_and_checked(host, settings):
    host.offer("/image.png")
    assert fetch_image(host.offer("/moved", b"", status=302, Location="/image.png")) == (PNG, "image/png")
    for location in ("/loop", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://[bad"):
        with pytest.raises(NoImage):
            fetch_image(host.offer("/loop", b"", status=302, Location=location))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/a.png", "http://169.254.169.254/a.png", "http://[::1]/a"]
)
def test_no_private_address_is_asked(settings, address):
    settings.ALLOW_PRIVATE_TARGETS = False
    with pytest.raises(NoImage):
        fetch_image(address)


def test_a_redirect_to_a_private_address_is_not_followed(host, settings, monkeypatch):
    asked = []
    url = host.offer("/moved", b"", status=302, Location=host.offer("/inside.png"))
    monkeypatch.setattr(
        "tickets.protocols.http.is_public", lambda address: asked.append(address) or len(asked) == 1
    )
    settings.ALLOW_PRIVATE_TARGETS = False
    with pytest.raises(NoImage):
        fetch_image(url)
    assert [path for path, _headers in host.asked] == ["/moved"]


def test_few_are_fetched_at_once_so_that_pages_have_threads_left(host, monkeypatch):
    monkeypatch.setattr(images, "WAIT_SECONDS", 0)
    url = host.offer("/a.png")
    with images._turn(), images._turn(), pytest.raises(images.TooManyImages):
        fetch_image(url)
    assert fetch_image(url)[1] == "image/png"


def test_as_many_and_as_long_addresses_as_fit(now):
    many = "".join(f'<img data-src="https://t.example/{n}">' for n in range(MOST_IMAGES + 5))
    assert through_the_desk(many, message=1, reader=1, at=now).count(" src=") == MOST_IMAGES
    long = f'<img data-src="https://t.example/{"x" * LONGEST_ADDRESS}">'
    assert through_the_desk(long, message=1, reader=1, at=now) == "<img>"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (SVG, ""),
        (b"RIFF\0\0\0\0WAVE", ""),
    ],
)
def test_an_image_is_known_by_its_bytes(data, kind):
    assert kind_of(data) == kind
