"""One parcel to one address, over real HTTP: what each kind of answer means, and which addresses are refused."""

import gzip
import hashlib
import hmac
import json
import logging
import socket
import tracemalloc
from errno import EHOSTUNREACH, ENETUNREACH

import pytest
from django.utils.log import configure_logging

from escalation.choices import AttemptOutcome, Medium
from escalation.notifications.channels import apprise_services, outcomes
from escalation.notifications.channels.delivery import Courier, send_all
from escalation.notifications.channels.outcomes import cleaned, translate_answer
from escalation.notifications.channels.payload import ChannelMessage, MessageTexts
from tests.factories import NOW
from tests.imfake import closed_port, resetting, saying, self_signed, standing_in
from tickets.protocols.http import is_public

ACCEPTED, REFUSED, TIMED_OUT = AttemptOutcome.ACCEPTED, AttemptOutcome.REFUSED, AttemptOutcome.TIMED_OUT
WORDS = MessageTexts(
    "P0 Black", "SD#12 had no answer in time.", "P0. SD#12.", {"version": 1, "event": "test"}
)


def parcel(address: str, medium: str = Medium.CHAT, secret: str = "") -> ChannelMessage:
    return ChannelMessage(medium, address, secret, WORDS, NOW)


def answer(address: str, **more):
    return Courier(parcel(address, **more)).deliver()


@pytest.fixture
def service(settings):
    settings.ALLOW_PRIVATE_TARGETS = True
    with standing_in() as standing_service:
        yield standing_service


@pytest.fixture
def wecom(service, monkeypatch):
    plugin = apprise_services.GATEWAYS["wecombot"].plugin
    monkeypatch.setattr(plugin, "notify_url", f"{service.url}/send?key={{key}}")
    return "wecombot://botkey-4711-secret"


# ------------------------------------------------------------------------------------------------------------
# Answers


def test_teams_is_never_called_without_tls(service):
    address = f"workflow://127.0.0.1:{service.port}/643e69f61d4f41f49ad43d0bb4a9ca9c/signature-4711"
    report = answer(address)
    assert (report.outcome, len(service.heard)) == (REFUSED, 0)  # it insists on TLS


def test_a_chat_server_of_ones_own(service):
    report = answer(f"mmost://127.0.0.1:{service.port}/3ccdd113474722377935511fc85d3dd4")
    assert report.outcome == ACCEPTED
    assert "SD#12" in service.texts[0]


def test_a_huge_number_in_a_response_still_counts_as_accepted(service):
    service.body = "1" * 5000
    assert answer(f"mmost://127.0.0.1:{service.port}/3ccdd113474722377935511fc85d3dd4").outcome == ACCEPTED


@pytest.mark.parametrize("status", [500, 503, 404, 410, 401, 429])
def test_an_error_status_is_a_refusal_with_the_response(wecom, service, status):
    service.status, service.body = status, '{"errmsg":"no such bot"}'
    report = answer(wecom)
    assert (report.outcome, report.text) == (REFUSED, f'{status} {{"errmsg":"no such bot"}}')


def test_a_rejection_with_status_200_is_a_refusal(wecom, service):
    service.body = '{"errcode":93000,"errmsg":"invalid webhook url"}'
    assert answer(wecom).outcome == REFUSED


def test_a_refused_connection_is_a_refusal(wecom, monkeypatch):
    plugin = apprise_services.GATEWAYS["wecombot"].plugin
    monkeypatch.setattr(plugin, "notify_url", f"http://127.0.0.1:{closed_port()}/send?key={{key}}")
    report = answer(wecom)
    assert (report.outcome, report.text) == (REFUSED, outcomes.NOT_TAKEN)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", f"{'x' * 64}.example", "xn--a.example.invalid"])
def test_a_host_that_does_not_exist_is_a_refusal_that_says_so(settings, host):
    settings.ALLOW_PRIVATE_TARGETS = True
    report = answer(f"https://{host}/hook", medium=Medium.WEBHOOK)
    assert report.outcome == REFUSED
    assert report.text in (outcomes.NO_NAME, outcomes.UNREADABLE)


def raising(monkeypatch, error: Exception) -> None:
    def create_connection(*_address, **_options):
        raise error

    monkeypatch.setattr("tickets.protocols.http.create_connection", create_connection)


@pytest.mark.parametrize(
    ("error", "outcome", "text"),
    [
        (socket.gaierror(-3, "Temporary failure in name resolution"), REFUSED, outcomes.NO_NAME),
        (ConnectionRefusedError(111, "Connection refused"), REFUSED, outcomes.NOT_TAKEN),
        (OSError(ENETUNREACH, "Network is unreachable"), REFUSED, outcomes.NO_WAY_THERE),
        (OSError(EHOSTUNREACH, "No route to host"), REFUSED, outcomes.NO_WAY_THERE),
        (ConnectionResetError(104, "Connection reset by peer"), REFUSED, outcomes.HUNG_UP),
        (TimeoutError("timed out"), TIMED_OUT, outcomes.LATE),
        (OSError(24, "Too many open files"), REFUSED, f"{outcomes.BROKEN} (OSError)"),
    ],
)
def test_each_fault_of_a_connection_has_its_own_sentence(service, monkeypatch, error, outcome, text):
    if isinstance(error, socket.gaierror):
        monkeypatch.setattr("tickets.protocols.http.socket.getaddrinfo", lambda *_a, **_k: throw(error))
    else:
        raising(monkeypatch, error)
    report = answer(f"{service.url}/hook", medium=Medium.WEBHOOK)
    assert (report.outcome, report.text) == (outcome, text)


def throw(error: Exception) -> None:
    raise error


def test_a_certificate_of_somebody_else_and_no_tls_at_all_are_told_apart(service, tmp_path):
    with standing_in(certificate=self_signed(tmp_path / "pem")) as encrypted:
        report = answer(f"https://localhost:{encrypted.port}/hook", medium=Medium.WEBHOOK)
        assert (report.outcome, report.text, encrypted.heard) == (REFUSED, outcomes.NO_CERTIFICATE, [])
    report = answer(f"https://127.0.0.1:{service.port}/hook", medium=Medium.WEBHOOK)
    assert (report.outcome, report.text) == (REFUSED, outcomes.NO_TLS)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_reset_gives_no_answer(settings, scheme):
    """As by a firewall on the way, in the middle of the handshake."""
    settings.ALLOW_PRIVATE_TARGETS = True
    with resetting() as port:
        report = answer(f"{scheme}://127.0.0.1:{port}/hook", medium=Medium.WEBHOOK)
    assert (report.outcome, report.text) == (REFUSED, outcomes.HUNG_UP)


def test_a_service_that_hangs_up_gives_no_answer(service):
    service.hangs_up = True
    report = answer(f"{service.url}/hook", medium=Medium.WEBHOOK)
    assert (report.outcome, report.text) == (REFUSED, outcomes.HUNG_UP)


@pytest.mark.parametrize(("medium", "address"), [(Medium.CHAT, "gAAAAABl"), (Medium.WEBHOOK, "gAAAAABl")])
def test_an_address_that_cannot_be_decrypted_asks_to_be_entered_again(medium, address):
    report = answer(address, medium=medium)
    assert (report.outcome, report.text) == (REFUSED, outcomes.UNREADABLE)


@pytest.mark.parametrize("reason", outcomes.REASONS)
def test_our_own_sentences_are_read_in_the_readers_language(reason, monkeypatch):
    monkeypatch.setattr("escalation.notifications.channels.outcomes.gettext", lambda text: f"<{text}>")
    assert translate_answer(reason) == f"<{reason}>"
    assert translate_answer(f"{reason} (OSError)") == f"<{reason}> (OSError)"


def test_a_services_own_response_is_not_translated():
    assert translate_answer("404 no such bot") == "404 no such bot"


def test_a_sender_cut_off_before_connecting_sends_nothing_later(service, monkeypatch):
    """A name that resolves slowly would else send what has been recorded as late, and is tried again."""
    courier = Courier(parcel(f"{service.url}/hook", medium=Medium.WEBHOOK))
    real = socket.getaddrinfo

    def slowly(*address, **more):
        courier.cancel()
        return real(*address, **more)

    monkeypatch.setattr("tickets.protocols.http.socket.getaddrinfo", slowly)
    assert courier.deliver().outcome == TIMED_OUT
    assert service.heard == []


@pytest.mark.parametrize("kind", ["is_slow", "is_dripping"])
def test_a_service_that_answers_too_late_is_cut_off_and_delays_no_other(wecom, service, kind):
    with standing_in() as quick:
        setattr(service, kind, True)
        parcels = {
            "slow": parcel(wecom),
            "quick": parcel(f"{quick.url}/hook", medium=Medium.WEBHOOK),
        }
        reports = list(send_all(parcels, time_limit=0.6))
    assert [key for key, _answer in reports] == ["quick", "slow"]
    assert dict(reports)["quick"].outcome == ACCEPTED
    assert dict(reports)["slow"].outcome == TIMED_OUT


def test_a_socket_that_times_out_by_itself_has_timed_out(wecom, service, monkeypatch):
    monkeypatch.setattr("tickets.protocols.http.READ_SECONDS", 0.2)
    service.is_slow = True
    assert answer(wecom).outcome == TIMED_OUT


def test_many_are_sent_a_few_at_a_time(service):
    parcels = {number: parcel(f"{service.url}/{number}", medium=Medium.WEBHOOK) for number in range(20)}
    report_by_number = dict(send_all(parcels, at_once=3))
    assert {report.outcome for report in report_by_number.values()} == {ACCEPTED}
    assert len(service.heard) == len(report_by_number) == 20


def test_redirects_are_not_followed(service):
    with standing_in() as elsewhere:
        service.status, service.headers = 302, {"Location": f"{elsewhere.url}/stolen"}
        report = answer(f"{service.url}/hook", medium=Medium.WEBHOOK)
        assert (report.outcome, elsewhere.heard) == (REFUSED, [])


# ------------------------------------------------------------------------------------------------------------
# Hostile answers

HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize(
    ("words", "times", "outcome", "text"),
    [
        (HEAD + b"\r\n" + b"x" * 1_000_000, 200, ACCEPTED, f"200 {'x' * 500}"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + BOMB, 1, ACCEPTED, f"200 {'0' * 500}"),
        (HEAD + b"A: b\r\n" * 1000, 1000, REFUSED, f"{outcomes.BROKEN} (HTTPException)"),
        (HEAD + b"A: " + b"b" * 1_000_000, 100, REFUSED, f"{outcomes.BROKEN} (LineTooLong)"),
        (b"\xff\xfe" * 1000, 1, REFUSED, f"{outcomes.BROKEN} (BadStatusLine)"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 100_000, TIMED_OUT, outcomes.LATE),
    ],
    ids=["endless", "bomb", "headers", "header", "garbage", "continue"],
)
def test_an_endless_response_costs_neither_time_nor_memory(settings, words, times, outcome, text):
    settings.ALLOW_PRIVATE_TARGETS = True
    tracemalloc.start()
    try:
        with saying(words, times=times) as port:
            hook = parcel(f"http://127.0.0.1:{port}/hook", medium=Medium.WEBHOOK)
            ((_key, report),) = send_all({1: hook}, time_limit=0.5 if outcome is TIMED_OUT else 2)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (report.outcome, report.text) == (outcome, text)
    assert most < 10_000_000


# ------------------------------------------------------------------------------------------------------------
# Webhook


def test_a_webhook_is_signed_over_time_and_body(service):
    answer(f"{service.url}/hook?token=4711", medium=Medium.WEBHOOK, secret="shared-4711")
    path, headers, body = service.heard[0]
    stamp = headers["X-Desk-Timestamp"]
    expected = hmac.new(b"shared-4711", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Desk-Signature"] == f"sha256={expected}"
    assert (path, stamp) == ("/hook?token=4711", str(int(NOW.timestamp())))
    assert json.loads(body) == {"version": 1, "event": "test"}


def test_without_a_secret_there_is_no_signature(service):
    answer(f"{service.url}/hook", medium=Medium.WEBHOOK)
    assert "X-Desk-Signature" not in service.heard[0][1]


# ------------------------------------------------------------------------------------------------------------
# Private addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "192.0.0.192", "192.0.0.8", "::ffff:192.0.0.192", "2002:c000:c0::1", "64:ff9b::c000:c0", "192.88.99.1",
        "192.31.196.1", "192.175.48.1", "168.63.129.16", "2001::1", "2001:20::1", "3fff::1",
        "64:ff9b:1::a9fe:a9fe", "100.100.100.200",
        "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "::127.0.0.1", "fec0::1", "64:ff9b:1::a00:1",
    ],
)  # fmt: skip
def test_addresses_of_our_own_networks_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses_are_accepted(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_nothing_is_sent_to_this_machine(service, settings, host):
    settings.ALLOW_PRIVATE_TARGETS = False
    for address, medium in (
        (f"http://{host}:{service.port}/hook", Medium.WEBHOOK),
        (f"mmost://{host}:{service.port}/3ccdd113474722377935511fc85d3dd4", Medium.CHAT),
    ):
        report = answer(address, medium=medium)
        assert report.outcome == REFUSED
        if host != "[::1]":
            assert report.text == outcomes.PRIVATE
    assert service.heard == []


def test_a_name_that_resolves_to_this_machine_only_on_connecting_is_refused(service, settings, monkeypatch):
    settings.ALLOW_PRIVATE_TARGETS = False
    monkeypatch.setattr(
        "tickets.protocols.http.socket.getaddrinfo",
        lambda host, port, **_more: [
            (2, 1, 6, "", ("93.184.216.34", port)),
            (2, 1, 6, "", ("127.0.0.1", port)),
        ],
    )
    report = answer(f"http://hooks.example:{service.port}/hook", medium=Medium.WEBHOOK)
    assert report.text == outcomes.PRIVATE
    assert service.heard == []


# ------------------------------------------------------------------------------------------------------------
# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "mailto://user:pass@example.com", "mailtos://user:pass@example.com", "file:///etc/passwd", "syslog://",
        "dbus://", "windows://", "json://example.com/", "xml://example.com", "form://example.com", "gnome://",
        "macosx://", "smpp://u:p@h:1/1/2", "rsyslog://h", "apprise://h/token", "exec://id", "wecombot://", "hello",
        "", "https://example.com/hook", "slack://short", "wecombot://key?redirect=yes", "wecombot://key?verify=no",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd", "wecombot://key?rto=9999",
        "wecombot://key?RETRY=99", "wecombot://key?a=b;verify=no",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?a=b;template=/etc/passwd",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c?template=/etc/passwd",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template%20=/etc/passwd",
        "workflow://evil.example/643e69f61d4f41f49ad43d0bb4a9ca9c/signature/?x=1;template=/etc/passwd",
    ],
)  # fmt: skip
def test_an_address_of_an_unlisted_service_or_with_extra_options_is_refused(address):
    assert apprise_services.plugin_for(address) is None


def test_the_https_address_that_a_service_hands_out_is_understood():
    plugin = apprise_services.plugin_for("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=BOTKEY-4711")
    assert plugin is not None
    assert apprise_services.masked(plugin) == "WeCom Bot: wecombot://B...1/"


@pytest.mark.parametrize(
    ("address", "media"),
    [
        ("wecombot://botkey-4711", {"chat"}),
        ("twilio://AC735c307c62944b5a:e29dfbcebf390dee9@12223334444/15556667777", {"sms"}),
        ("twilio://AC735c307c62944b5a:e29dfbcebf390dee9@12223334444/15556667777?method=call", {"voice"}),
        ("clickatell://apikey4711apikey/15556667777", {"sms"}),
    ],
)
def test_a_service_is_accepted_for_its_medium_only(address, media):
    assert {medium.value for medium in Medium if apprise_services.serves(address, medium)} == media


def test_the_shown_part_of_an_address_holds_no_secret():
    plugin = apprise_services.plugin_for("tgram://123456789:abcdefg_hijklmnop/12315544/")
    assert "abcdefg_hijklmnop" not in apprise_services.masked(plugin)


# ------------------------------------------------------------------------------------------------------------
# Secrets


@pytest.fixture
def logging_configured_again(settings):
    """As `django.setup` does it, after everything was imported."""
    logging_before = logging.root.handlers[:]
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    yield
    logging.root.handlers[:] = logging_before


@pytest.mark.usefixtures("logging_configured_again")
def test_nothing_of_an_address_is_logged(wecom, service, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    for status in (200, 500):
        service.status = status
        answer(wecom)
        answer(f"{service.url}/hook?token=webhook-4711", medium=Medium.WEBHOOK, secret="shared-4711")
    apprise_services.plugin_for("wecombot://botkey-4711-secret?redirect=yes")
    apprise_services.plugin_for("slack://botkey-4711-secret")
    assert service.heard
    assert "4711" not in caplog.text


def test_an_answer_that_repeats_the_secret_is_shown_without_it(wecom, service):
    service.status, service.body = 400, "no bot botkey-4711-secret here"
    assert answer(wecom).text == "400 no bot *** here"


def test_a_fault_of_ours_is_a_refusal_without_its_text(wecom, monkeypatch):
    def broken(_parcel):
        raise ValueError("wecombot://botkey-4711-secret")

    monkeypatch.setattr(apprise_services, "notify", broken)
    assert answer(wecom).text == f"{outcomes.NOT_SENT} (ValueError)"


def test_the_repr_of_a_message_shows_no_secret():
    assert "4711" not in repr(parcel("wecombot://botkey-4711", secret="shared-4711"))


def test_responses_are_stored_as_one_short_line():
    assert cleaned("a\n\x00b  c", []) == "a b c"
    assert len(cleaned("x" * 9000, [])) == 500


@pytest.mark.parametrize("text", ["工单\n" * 900, "工单" * 900, "x" * 5000, "工单" * 400 + "\n" + "y" * 5000])
def test_long_texts_keep_their_beginning_within_the_bytes(text):
    short = apprise_services.cut(text, 1900)
    assert 1800 < len(short.encode()) <= 1900
    assert short.startswith(text[:300])
    assert "\n…" in short


def test_a_long_text_is_cut_in_the_middle_to_keep_the_links_at_its_end():
    text = (
        "P0 Black\n"
        + "很长的主题" * 300
        + "\nhttps://desk.example/1\n\nI have it: https://desk.example/ack/1"
    )
    assert apprise_services.cut(text, 1900).endswith(
        "…\nhttps://desk.example/1\n\nI have it: https://desk.example/ack/1"
    )
    assert apprise_services.cut("short", 1900) == "short"
