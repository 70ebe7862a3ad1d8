"""Every service that the form offers, over real HTTP: accepted, slow, at fault, refusing in its own way, gone."""

import json
from dataclasses import dataclass
from urllib.parse import unquote_plus

import pytest

from escalation.choices import AttemptOutcome, Medium
from escalation.notifications.channels import apprise_services, outcomes
from escalation.notifications.channels.delivery import Courier, send_all
from escalation.notifications.channels.payload import ChannelMessage, MessageTexts
from tests.factories import NOW
from tests.imfake import Service, closed_port, standing_in

ACCEPTED, REFUSED, TIMED_OUT = AttemptOutcome.ACCEPTED, AttemptOutcome.REFUSED, AttemptOutcome.TIMED_OUT
CHAT, SMS, VOICE = Medium.CHAT, Medium.SMS, Medium.VOICE
WORDS = MessageTexts("P0 Black", "SD#12 had no answer in time.", "P0. SD#12 is due.")
KEY = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"
NUMBER = "15556667777"


@dataclass(frozen=True)
class Offered:
    """``host`` is where the request goes, ``yes`` a body that accepts, ``noes`` bodies that refuse with its status.

    ``shown`` is what the desk keeps of ``yes`` where a secret is blotted out.
    """

    medium: Medium
    address: str
    host: str
    yes: str = "{}"
    status: int = 200
    noes: tuple[str, ...] = ()
    shown: str = ""


SERVICES = {
    "wecombot": Offered(
        CHAT, "wecombot://botkey-4711-secret", "/qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
        '{"errcode":0,"errmsg":"ok"}',
        noes=('{"errcode":93000,"errmsg":"invalid webhook url"}', "<html>Log in</html>", "{}"),
    ),
    "dingtalk": Offered(
        CHAT, f"dingtalk://{KEY}/", "/oapi.dingtalk.com/robot/send?access_token=", '{"errcode":0,"errmsg":"ok"}',
        noes=('{"errcode":310000,"errmsg":"keywords not in content"}', "", "[]"),
    ),
    "feishu": Offered(
        CHAT, "feishu://4711-token-secret/", "/open.feishu.cn/open-apis/bot/v2/hook/",
        '{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
        noes=('{"code":19001,"data":{},"msg":"param invalid"}', '{"StatusCode":9499}', "Bad gateway"),
    ),
    "lark": Offered(
        CHAT, "lark://4711tokensecret/", "/open.larksuite.com/open-apis/bot/v2/hook/", '{"code":0,"msg":"success"}',
        noes=('{"code":19024,"msg":"Key Words Not Found"}',),
    ),
    "slack": Offered(
        CHAT, "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "/hooks.slack.com/services/", "ok",
        noes=("no_service",),
    ),
    "slack api": Offered(
        CHAT, "slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#general", "/slack.com/api/",
        '{"ok":true,"channel":"C1","ts":"1"}', noes=('{"ok":false,"error":"channel_not_found"}',),
    ),
    "telegram": Offered(
        CHAT, "tgram://123456789:abcdefg_hijklmnop/12315544/", "/api.telegram.org/bot", '{"ok":true,"result":{}}',
        noes=('{"ok":false,"description":"chat not found"}',),
    ),
    "discord": Offered(CHAT, f"discord://{'1' * 18}/{KEY * 2}", "/discord.com/api/webhooks/", "", status=204),
    "google_chat": Offered(
        CHAT, "gchat://workspace4711/key4711key/token4711token", "/chat.googleapis.com/v1/spaces/", '{"name":"x"}'
    ),
    "zulip": Offered(
        CHAT, f"zulip://bot@desk/{KEY}/general", "/desk.zulipchat.com/api/v1/messages", '{"result":"success","id":1}',
        noes=('{"result":"error","msg":"Stream does not exist"}',),
    ),
    "webexteams": Offered(
        CHAT, f"webex://{KEY}{KEY}{KEY[:16]}", "/api.ciscospark.com/v1/webhooks/incoming/", "", status=204
    ),
    "line": Offered(CHAT, "line://token4711token=/U4af4980629", "/api.line.me/v2/bot/message/push"),
    "kook": Offered(
        CHAT, "kook://token4711token/4711471147114711", "/www.kookapp.cn/api/v3/message/create", '{"code":0,"data":{}}',
        noes=('{"code":40100,"message":"no right"}', "<html>Log in</html>"),
    ),
    "wxpusher": Offered(
        CHAT, "wxpusher://AT_appid4711token/UID_4711abc", "/wxpusher.zjiecode.com/api/send/message",
        '{"code":1000,"msg":"ok","data":[{"uid":"UID_4711abc","code":1000}]}',
        shown='{"code":1000,"msg":"ok","data":[{"uid":"***","code":1000}]}',
        noes=('{"code":1001,"msg":"token"}', '{"code":1000,"data":[{"code":1001,"status":"no such uid"}]}'),
    ),
    "workflows": Offered(
        CHAT, f"workflow://prod.logic.azure.com/{KEY}/signature-4711", "/prod.logic.azure.com/workflows/", "",
        status=202,
    ),
    "mattermost": Offered(CHAT, "mmosts://chat.example/3ccdd113474722377935511fc85d3dd4", "/chat.example/hooks/", "ok"),
    "rocketchat": Offered(
        CHAT, f"rockets://{KEY[:18]}/{KEY}{KEY}@chat.example/%23general", "/chat.example/hooks/", '{"success":true}',
        noes=('{"success":false,"error":"invalid-channel"}',),
    ),
    "twilio": Offered(
        SMS, f"twilio://AC735c307c62944b5a:e29dfbcebf390dee9@12223334444/{NUMBER}",
        "/api.twilio.com/2010-04-01/Accounts/AC735c307c62944b5a/Messages.json", '{"sid":"SM1","status":"queued"}',
        status=201, noes=('{"sid":"SM1","status":"failed"}',),
    ),
    "twilio call": Offered(
        VOICE, f"twilio://AC735c307c62944b5a:e29dfbcebf390dee9@12223334444/{NUMBER}?method=call",
        "/api.twilio.com/2010-04-01/Accounts/AC735c307c62944b5a/Calls.json", '{"sid":"CA1","status":"queued"}',
        status=201, noes=('{"sid":"CA1","status":"failed"}',),
    ),
    "voipms": Offered(
        SMS, f"voipms://password4711:who@example.com/16134448888/{NUMBER}", "/voip.ms/api/v1/rest.php?",
        '{"status":"success","sms":23434}', noes=('{"status":"invalid_credentials","message":"Username or Password"}',),
    ),
    "clickatell": Offered(
        SMS, f"clickatell://apikey4711apikey/{NUMBER}", "/platform.clickatell.com/messages/http/send?",
        '{"messages":[{"apiMessageId":"1","accepted":true,"to":"1","error":null}],"error":null}', status=202,
        noes=('{"messages":[{"accepted":false,"error":{"code":601}}]}',),
    ),
    "plivo": Offered(
        SMS, f"plivo://{KEY[:25]}@{KEY}{KEY[:8]}/12223334444/{NUMBER}", "/api.plivo.com/v1/Account/",
        '{"message":"message(s) queued","message_uuid":["1"]}', status=202,
    ),
    "vonage": Offered(
        SMS, f"vonage://a1b2c3d4:e5f6a1b2c3d4e5f6@12223334444/{NUMBER}", "/rest.nexmo.com/sms/json",
        '{"message-count":"1","messages":[{"status":"0"}]}',
        noes=('{"message-count":"1","messages":[{"status":"9","error-text":"Partner quota exceeded"}]}',),
    ),
    "sns": Offered(
        SMS, f"sns://AHIAJGNT76XIMXDBIJYA/bu1dHSdO22pfaaVyWmNsdljF4C07D3bndi9PQJ9/us-east-2/{NUMBER}",
        "/sns.us-east-2.amazonaws.com/", "<PublishResponse/>",
    ),
    "messagebird": Offered(
        SMS, f"msgbird://{KEY[:25]}/12223334444/{NUMBER}", "/rest.messagebird.com/messages",
        '{"recipients":{"items":[{"status":"sent"}]}}', status=201,
        noes=('{"recipients":{"items":[{"status":"delivery_failed"}]}}',),
    ),
    "bulksms": Offered(
        SMS, f"bulksms://tokenid4711:tokensecret4711@{NUMBER}", "/api.bulksms.com/v1/messages",
        '[{"status":{"type":"ACCEPTED"}}]', status=201, noes=('[{"status":{"type":"FAILED","subtype":"NO_CREDITS"}}]',),
    ),
    "sinch": Offered(
        SMS, f"sinch://{KEY}:{KEY[::-1]}@12223334444/{NUMBER}", "/us.sms.api.sinch.com/xms/v1/", '{"id":"1"}',
        status=201,
    ),
    "clicksend": Offered(
        SMS, f"clicksend://user4711:apikey4711@{NUMBER}", "/rest.clicksend.com/v3/sms/send",
        '{"response_code":"SUCCESS","data":{"messages":[{"status":"SUCCESS"}]}}',
        noes=('{"response_code":"SUCCESS","data":{"messages":[{"status":"INSUFFICIENT_CREDIT"}]}}',),
    ),
    "fortysixelks": Offered(
        SMS, f"46elks://user4711:password4711@Desk/{NUMBER}", "/api.46elks.com/a1/sms", '{"status":"created"}',
        noes=('{"status":"failed"}',),
    ),
    "d7networks": Offered(
        SMS, f"d7sms://token4711token@{NUMBER}", "/api.d7networks.com/messages/v1/send", '{"status":"accepted"}',
        noes=('{"status":"failed"}',),
    ),
    "seven": Offered(
        SMS, f"seven://apikey4711apikey/{NUMBER}", "/gateway.seven.io/api/sms", '{"success":"100","messages":[]}',
        noes=('{"success":"500","messages":[]}', "900", ""),
    ),
    "telnyx": Offered(
        SMS, f"telnyx://apikey4711apikey@12223334444/{NUMBER}", "/api.telnyx.com/v2/messages",
        '{"data":{"to":[{"status":"queued"}]}}', noes=('{"data":{"to":[{"status":"sending_failed"}]}}',),
    ),
    "burstsms": Offered(
        SMS, f"burstsms://{KEY[:8]}:{KEY[8:24]}@12223334444/{NUMBER}", "/api.transmitsms.com/send-sms.json",
        '{"error":{"code":"SUCCESS","description":"OK"}}', noes=('{"error":{"code":"LEDGER_ERROR"}}',),
    ),
    "httpsms": Offered(
        SMS, f"httpsms://apikey4711apikey@12223334444/{NUMBER}", "/api.httpsms.com/v1/messages/send",
        '{"status":"success"}', noes=('{"status":"error"}',),
    ),
    "threema": Offered(
        SMS, f"threema://*DESKDES@secret4711secret/{NUMBER}", "/msgapi.threema.ch/send_simple", "0a1b2c3d4e5f6071"
    ),
    "exotel": Offered(
        SMS, f"exotel://sid4711:token4711token@12223334444/{NUMBER}", "/api.exotel.com/v1/Accounts/sid4711/Sms/send",
        "<TwilioResponse><SMSMessage><Status>queued</Status></SMSMessage></TwilioResponse>",
        noes=("<TwilioResponse><SMSMessage><Status>failed</Status></SMSMessage></TwilioResponse>",),
    ),
    "infobip": Offered(
        SMS, f"infobip://apikey4711apikey@xyz.api.infobip.com/{NUMBER}", "/xyz.api.infobip.com/sms/3/messages",
        '{"messages":[{"status":{"groupName":"PENDING"}}]}',
        noes=('{"messages":[{"status":{"groupName":"REJECTED"}}]}',),
    ),
    "pagerduty": Offered(
        VOICE, f"pagerduty://{KEY}@apikey4711/desk/alarm", "/events.pagerduty.com/v2/enqueue", '{"status":"success"}',
        status=202, noes=('{"status":"failure"}',),
    ),
    "opsgenie": Offered(
        VOICE, f"opsgenie://{KEY}-4711/", "/api.opsgenie.com/v2/alerts",
        '{"result":"Request will be processed","requestId":"1"}',
        status=202,
    ),
    "signl4": Offered(
        VOICE, "signl4://secret4711secret/", "/connect.signl4.com/webhook/", '{"eventId":"1"}', status=201
    ),
    "spike": Offered(VOICE, f"spike://{KEY}/", "/api.spike.sh/v1/alerts/"),
}  # fmt: skip
NOES = [(name, no) for name, offered in SERVICES.items() for no in offered.noes]
REFUSALS = (400, 403, 410, 429)


@pytest.fixture
def service(settings, monkeypatch):
    settings.ALLOW_PRIVATE_TARGETS = True
    with standing_in() as standing_service:
        standing_service.stands_in_for_everybody(monkeypatch)
        yield standing_service


def parcel(name: str, words: MessageTexts = WORDS) -> ChannelMessage:
    return ChannelMessage(SERVICES[name].medium, SERVICES[name].address, "", words, NOW)


def sent(name: str, service: Service, *, status: int | None = None, body: str | None = None):
    offered = SERVICES[name]
    service.status = offered.status if status is None else status
    service.body = offered.yes if body is None else body
    return Courier(parcel(name)).deliver()


def test_every_service_that_the_form_offers_is_tested_here():
    names = f"{apprise_services.CHATS} {apprise_services.SMS} {apprise_services.CALLS}".split()
    tested = {(name.partition(" ")[0], offered.medium) for name, offered in SERVICES.items()}
    media = {CHAT: apprise_services.CHATS, SMS: apprise_services.SMS, VOICE: apprise_services.CALLS}
    assert tested == {(name, medium) for medium, names in media.items() for name in names.split()}
    assert len(names) == len(tested)


@pytest.mark.parametrize("name", SERVICES)
def test_the_form_accepts_the_address_of_a_service_under_its_kind(name):
    offered = SERVICES[name]
    assert apprise_services.serves(offered.address, offered.medium)
    plugin = apprise_services.plugin_for(offered.address)
    assert plugin is not None
    assert apprise_services.recipients(plugin) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_called_at_its_own_host_and_accepts(service, name):
    report = sent(name, service)
    assert report.outcome == ACCEPTED, report
    assert report.text == f"{SERVICES[name].status} {SERVICES[name].shown or SERVICES[name].yes}".strip()
    assert [path.startswith(SERVICES[name].host) for path, _headers, _body in service.heard] == [True]
    assert "SD#12" in service.all_heard.replace("\\u0023", "#")
    if SERVICES[name].medium == SMS:
        assert NUMBER[1:] in service.all_heard  # some take it without the code of the country


@pytest.mark.parametrize("name", SERVICES)
def test_a_server_error_of_a_service_is_a_refusal_with_its_response(service, name):
    report = sent(name, service, status=500, body="something broke")
    assert (report.outcome, report.text) == (REFUSED, "500 something broke")


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("name", SERVICES)
def test_a_refusal_by_a_service_is_recorded_in_its_own_words(service, name, status):
    report = sent(name, service, status=status, body='{"message":"unknown account"}')
    assert (report.outcome, report.text) == (REFUSED, f'{status} {{"message":"unknown account"}}')


@pytest.mark.parametrize(("name", "no"), NOES)
def test_a_rejection_with_a_success_status_is_a_refusal(service, name, no):
    report = sent(name, service, body=no)
    assert report.outcome == REFUSED
    assert report.text.startswith(str(SERVICES[name].status))


def test_a_chat_address_entered_as_a_webhook_is_judged_by_the_rules_of_the_chat(service):
    """The form does not take it any more."""
    service.body = '{"errcode":40008,"errmsg":"invalid message type"}'
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=BOTKEY-4711"
    assert Courier(ChannelMessage(Medium.WEBHOOK, address, "", WORDS, NOW)).deliver().outcome == REFUSED


@pytest.mark.parametrize("name", SERVICES)
def test_a_response_that_repeats_the_message_shows_no_secret(service, name):
    offered = SERVICES[name]
    report = sent(name, service, status=400, body=json.dumps({"you": offered.address, "said": "no"}))
    secrets = [
        secret for secret in apprise_services.secrets_of(parcel(name)) if len(secret) >= outcomes.LEAST_SECRET
    ]
    assert secrets
    assert not [secret for secret in secrets if secret in report.text]


@pytest.mark.parametrize("name", SERVICES)
def test_the_shown_part_of_an_address_contains_no_secret(name):
    plugin = apprise_services.plugin_for(SERVICES[name].address)
    assert plugin is not None
    shown = apprise_services.masked(plugin)
    words = (
        "secret token4711 password4711 apikey4711 hijklmnop e29dfbce TIiajkdn xoxb-1234-1234-4ddb bu1dHSdO 3ccdd113 "
        "AT_appid4711 e5f6a1b2"
    )
    secrets = (KEY, KEY[::-1], KEY[:25], KEY[8:24], *words.split())
    assert not [secret for secret in secrets if secret in shown]


def test_slow_services_are_cut_off(service):
    """All at once: each would cost its time limit."""
    service.is_slow = True
    reports = dict(send_all({name: parcel(name) for name in SERVICES}, time_limit=0.4, at_once=len(SERVICES)))
    assert {name: (report.outcome, report.text) for name, report in reports.items()} == dict.fromkeys(
        SERVICES, (TIMED_OUT, outcomes.LATE)
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_closed_port_is_a_refusal(service, name):
    service.port = closed_port()
    report = Courier(parcel(name)).deliver()
    assert (report.outcome, report.text) == (REFUSED, outcomes.NOT_TAKEN)


@pytest.mark.parametrize("name", SERVICES)
def test_redirects_are_not_followed(service, name):
    with standing_in() as elsewhere:
        service.headers = {"Location": f"{elsewhere.url}/stolen"}
        assert sent(name, service, status=302).outcome == REFUSED
        assert (elsewhere.heard, len(service.heard)) == ([], 1)


@pytest.mark.parametrize(
    ("name", "field"), [("vonage", "type=unicode"), ("messagebird", "datacoding=unicode")]
)
def test_chinese_is_sent_as_unicode_where_that_has_to_be_asked_for(service, name, field):
    sent(name, service)
    assert field not in service.texts[0]
    Courier(parcel(name, MessageTexts("", "", "P0 工单 SD#12"))).deliver()
    assert field in service.texts[1]
    assert "工单" in service.all_heard


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("P0. Ann & Bob <boss>", '<Say loop="2">P0. Ann &amp; Bob &lt;boss&gt;</Say>'),
        ("P0。工单", '<Say loop="2" voice="Polly.Zhiyu" language="zh-CN">P0。工单</Say>'),
    ],
)
def test_a_call_speaks_the_language_of_its_words_and_takes_none_for_a_command(service, said, heard):
    Courier(parcel("twilio call", MessageTexts("", "", said))).deliver()
    assert f"<Response>{heard}</Response>" in service.all_heard


@pytest.mark.parametrize("name", ["twilio", "twilio call", "sinch", "spike"])
def test_what_is_too_long_for_an_sms_or_a_call_is_cut(service, name):
    Courier(parcel(name, MessageTexts("", "", "长" * 5000))).deliver()
    assert service.texts[0].count("%E9%95%BF") + service.all_heard.count("\\u957f") in range(100, 401)


@pytest.mark.parametrize("name", ["pagerduty", "opsgenie", "signl4"])
def test_an_alarm_service_is_only_asked_to_raise_alarms(service, name):
    sent(name, service)
    assert "resolve" not in service.texts[0].lower()
    assert "close" not in service.heard[0][0]
    for wish in (
        "action=close",
        "action=resolve",
        "action=map",
        ":failure=close",
        "failure=close",
        "ACTION=note",
    ):
        assert apprise_services.plugin_for(f"{SERVICES[name].address}?{wish}") is None


def test_a_plugin_that_sends_nothing_counts_as_a_refusal(service, monkeypatch):
    monkeypatch.setattr(apprise_services.GATEWAYS["opsgenie"].plugin, "send", lambda *_args, **_words: True)
    report = sent("opsgenie", service)
    assert (report.outcome, report.text) == (REFUSED, outcomes.NOTHING_SENT)


@pytest.mark.parametrize("name", [name for name, one in SERVICES.items() if one.medium == CHAT])
def test_a_customers_words_call_nobody_hide_no_link_and_break_no_message(service, name):
    subject = (
        'P0 <!channel> <@U024BE7LH> <at user_id="all"></at> @everyone @all (MET)all(met) <users/all> '
        '<http://evil.example|Open> [Open](http://evil.example) <a href="http://evil.example">'
    )
    Courier(parcel(name, MessageTexts(subject, "https://desk.example/1/", ""))).deliver()
    heard = words_in(service.texts[0])
    assert "everyone" in heard
    assert "https://desk.example/1/" in heard
    assert not [
        mark
        for mark in ("<!", "<at", "<@", "@e", "@a", "](", "(met)", "<users", "<http://e", "<a")
        if mark in heard
    ]


def words_in(body: str) -> str:
    """Without the channel, which the address names."""
    try:
        content = json.loads(body)
    except json.JSONDecodeError:
        return unquote_plus(body)
    return json.dumps({key: content[key] for key in content if key != "channel"}, ensure_ascii=False)
