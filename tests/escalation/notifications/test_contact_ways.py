"""Contact methods: which addresses are taken, who may write whose, what is shown, and the test button."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.urls import reverse

from customers.errors import DeskError
from escalation.access import visible_ways
from escalation.choices import Medium
from escalation.models import ContactWay
from escalation.notifications.channels import outcomes
from escalation.notifications.channels.outcomes import UNREADABLE
from escalation.notifications.contact_ways import MOST_WAYS, check_address, ensure_room, send_test
from tests.factories import (
    NOW,
    AdminFactory,
    ContactWayFactory,
    CustomerFactory,
    DutyRotaFactory,
    UserFactory,
    staff,
)
from tests.imfake import standing_in

pytestmark = pytest.mark.django_db

LIST = reverse("admin:escalation_contactway_changelist")
ADD = reverse("admin:escalation_contactway_add")
MANAGER, LEAD = ["Account manager"], ["Team lead"]


def page(way: ContactWay) -> str:
    return reverse("admin:escalation_contactway_change", args=[way.pk])


def form(**more):
    return {"medium": "chat", "name": "Shift", "address": "wecombot://botkey-4711", "secret": "", "is_active": "on",
            "position": "1", **more}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------
# Addresses


def test_an_address_is_stored_whole_and_shown_masked():
    checked = check_address(Medium.CHAT, " wecombot://botkey-4711 ")
    assert (checked.address, checked.shown) == ("wecombot://botkey-4711", "WeCom Bot: wecombot://b...1/")
    assert "4711" not in repr(checked)


def test_only_the_host_of_a_webhook_is_shown(monkeypatch):
    monkeypatch.setattr(
        "escalation.notifications.contact_ways.public_addresses", lambda host, port: ["93.184.216.34"]
    )
    assert (
        check_address(Medium.WEBHOOK, "https://hooks.example/desk?token=4711").shown
        == "https://hooks.example/…"
    )


@pytest.mark.parametrize(
    ("medium", "address", "words"),
    [
        (Medium.CHAT, "mailto://a:b@example.com", "Apprise does not understand"),
        (Medium.CHAT, "file:///etc/passwd", "Apprise does not understand"),
        (Medium.SMS, "wecombot://botkey-4711", "another kind of service"),
        (
            Medium.VOICE,
            "twilio://AC735c307c62944b5a:e29dfbcebf390dee9@12223334444/15556667777",
            "method=call",
        ),
        (Medium.CHAT, "mmost://127.0.0.1/3ccdd113474722377935511fc85d3dd4", "private network"),
        (Medium.CHAT, "mmost://93.184.216.34/3ccdd113474722377935511fc85d3dd4", "Without TLS"),
        (
            Medium.SMS,
            "twilio://AC735c307c62944b5a:e29dfbcebf390dee9@12223334444/15556667777/15556667778",
            "for one recipient",
        ),
        (
            Medium.SMS,
            "bulksms://tokenid:secret@15556667777/15556667778?batch=yes",
            "Apprise does not understand",
        ),
        (
            Medium.VOICE,
            "opsgenie://a1b2c3d4e5f6a1b2c3d4e5f6-4711/?action=close",
            "Apprise does not understand",
        ),
        (Medium.WEBHOOK, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=BOTKEY-4711", "chat service"),
        (
            Medium.WEBHOOK,
            "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOX",
            "chat service",
        ),
        (Medium.WEBHOOK, "http://hooks.example/", "starting with https://"),
        (Medium.WEBHOOK, "https://user:pass@hooks.example/", "starting with https://"),
        (Medium.WEBHOOK, "https://[::1/", "starting with https://"),
        (Medium.WEBHOOK, "ftp://hooks.example/", "starting with https://"),
        (Medium.WEBHOOK, "https://", "starting with https://"),
        (Medium.WEBHOOK, "https://127.0.0.1/hook", "private network"),
        (Medium.WEBHOOK, "https://localhost/hook", "private network"),
        (Medium.WEBHOOK, "https://nowhere.invalid/hook", "cannot be found"),
    ],
)
def test_a_refused_address_is_explained_without_repeating_it(medium, address, words):
    with pytest.raises(DeskError, match=words) as refused:
        check_address(medium, address)
    assert address.removesuffix("://") not in str(refused.value).replace("https://.", "")


ODD = (
    "", " ", "http", "://", "https:", "https:///x", "https:host", "https://a..b/", "https://xn--/", "https://host:99999/",
    "https://host:-1/", "https://host:443:443/", "https://[::1%25eth0]/", "https://[1.2.3.4]/", "https://[", "HTTPS://[::]/",
    "https://user@host/", "https://host\\@127.0.0.1/", "https://%31%32%37.0.0.1/", "https://\ufffd/", "https://例子.测试/",
    "https://" + "a" * 3000, "tgram://", "twilio://", "slack://%00", "mmosts://[::1]/3ccdd113474722377935511fc85d3dd4",
    "workflow://127.0.0.1/a/b", "rockets://u:p@169.254.169.254/x", "infobip://k@127.0.0.1:80/15556667777",
    "dingtalk://a?:x=%zz&to=,,,", "wecombot://" + "k" * 5000, "sns://a/b/c/d", "46elks://:@/",
)  # fmt: skip


@pytest.mark.parametrize("medium", [medium for medium in Medium if medium != Medium.MAIL])
@pytest.mark.parametrize("address", ODD)
def test_any_entered_address_is_accepted_or_refused_with_a_sentence(medium, address):
    try:
        outcome = check_address(medium, address).shown
    except DeskError as refusal:
        outcome = str(refusal)
    assert outcome


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "2130706433", "0", "127.0.0.1.", "[::]", "[::ffff:7f00:1]", "１２７.0.0.1", "①②⑦.0.0.1", "localhost.",
        "LOCALHOST", "169.254.169.254", "[fd00::1]",
    ],
)  # fmt: skip
def test_this_machine_is_refused_under_every_name(host):
    with pytest.raises(DeskError, match=r"private network|cannot be found"):
        check_address(Medium.WEBHOOK, f"https://{host}/hook")


def test_an_operator_may_allow_private_targets(settings):
    settings.ALLOW_PRIVATE_TARGETS = True
    assert check_address(Medium.WEBHOOK, "http://127.0.0.1:9000/hook").shown == "http://127.0.0.1:9000/…"


# ------------------------------------------------------------------------------------------------------------
# The form


def test_everybody_may_edit_their_own_contact_ways(login):
    ann = staff("ann", groups=MANAGER)
    login(ann).post(ADD, form())
    contact_way = ContactWay.objects.get()
    assert (contact_way.user, contact_way.rota, contact_way.customer) == (ann, None, None)
    assert (contact_way.address, contact_way.shown) == (
        "wecombot://botkey-4711",
        "WeCom Bot: wecombot://b...1/",
    )


def test_the_address_is_encrypted_in_the_database(login):
    login(staff("ann", groups=MANAGER)).post(ADD, form(secret="shared-4711"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT address, secret, shown, name FROM escalation_contactway")
        stored = " ".join(map(str, cursor.fetchone()))
    assert "4711" not in stored


def test_neither_page_nor_list_shows_address_or_secret(login):
    ann = staff("ann", groups=MANAGER)
    contact_way = ContactWayFactory(user=ann, address="wecombot://botkey-4711", secret="shared-4711")
    client = login(ann)
    for url in (LIST, page(contact_way)):
        html = client.get(url).content.decode()
        assert contact_way.name in html
        assert "4711" not in html


def test_a_signing_secret_can_be_cleared(login):
    ann = staff("ann", groups=MANAGER)
    contact_way = ContactWayFactory(user=ann, secret="shared-4711")
    assert 'name="secret-clear"' in login(ann).get(page(contact_way)).content.decode()
    assert login(ann).post(page(contact_way), form(address="") | {"secret-clear": "on"}).status_code == 302
    contact_way.refresh_from_db()
    assert (contact_way.secret, bool(contact_way.address)) == (None, True)


def test_address_and_secret_left_blank_are_kept(login):
    ann = staff("ann", groups=MANAGER)
    contact_way = ContactWayFactory(user=ann, secret="shared-4711")
    login(ann).post(page(contact_way), form(name="Renamed", address=""))
    stored = ContactWay.objects.get()
    assert (stored.name, stored.address, stored.secret) == ("Renamed", contact_way.address, "shared-4711")


def test_an_address_of_another_kind_is_refused_beside_its_field(login):
    html = login(staff("ann", groups=MANAGER)).post(ADD, form(medium="sms")).content.decode()
    assert "another kind of service" in html
    assert not ContactWay.objects.exists()


def test_a_new_contact_way_needs_an_address(login):
    html = login(staff("ann", groups=MANAGER)).post(ADD, form(address="")).content.decode()
    assert "Enter an address." in html


def test_a_lead_edits_the_contact_ways_of_rotas_and_customers(login):
    lead, rota = staff("lead", groups=LEAD), DutyRotaFactory()
    customer = CustomerFactory(account_manager=lead)
    client = login(lead)
    client.post(ADD, form(rota=rota.pk))
    client.post(ADD, form(customer=customer.pk))
    assert list(ContactWay.objects.values_list("user", "rota", "customer")) == [
        (None, rota.pk, None),
        (None, None, customer.pk),
    ]
    assert "not both" in client.post(ADD, form(rota=rota.pk, customer=customer.pk)).content.decode()


def test_contact_ways_of_foreign_groups_cannot_be_edited(login):
    ann, lead = staff("ann", groups=MANAGER), staff("lead", groups=LEAD)
    login(ann).post(ADD, form(rota=DutyRotaFactory().pk))
    assert ContactWay.objects.get().user == ann
    login(lead).post(ADD, form(customer=CustomerFactory().pk))
    assert ContactWay.objects.count() == 1


# ------------------------------------------------------------------------------------------------------------
# How many


@pytest.mark.parametrize("owner", ["user", "rota", "customer"])
def test_a_contact_way_beyond_the_limit_is_refused(login, owner):
    boss = AdminFactory()
    group = {"user": boss, "rota": DutyRotaFactory(), "customer": CustomerFactory()}[owner]
    ContactWayFactory.create_batch(MOST_WAYS - 1, **{"user": None, owner: group})
    ContactWayFactory()  # somebody else's
    given = form() if owner == "user" else form(**{owner: group.pk})
    login(boss).post(ADD, given)
    assert ContactWay.objects.filter(**{owner: group}).count() == MOST_WAYS
    html = login(boss).post(ADD, given).content.decode()
    assert "There are already 8 contact methods" in html
    assert ContactWay.objects.filter(**{owner: group}).count() == MOST_WAYS


def test_an_owner_with_the_most_contact_ways_may_still_edit_one(login):
    ann = staff("ann", groups=MANAGER)
    contact_way, *_others = ContactWayFactory.create_batch(MOST_WAYS, user=ann)
    login(ann).post(page(contact_way), form(name="Renamed", address=""))
    assert ContactWay.objects.get(pk=contact_way.pk).name == "Renamed"


def test_inactive_contact_ways_count_towards_the_limit():
    ann = staff("ann")
    ContactWayFactory.create_batch(MOST_WAYS, user=ann, is_active=False)
    with pytest.raises(DeskError):
        ensure_room(ann)


# ------------------------------------------------------------------------------------------------------------
# Rows


def test_each_role_sees_its_own_contact_ways():
    lead = staff("lead", groups=LEAD)
    ann = staff("ann", groups=MANAGER, reports_to=lead)
    own_way = ContactWayFactory(user=ann)
    of_rota = ContactWayFactory(user=None, rota=DutyRotaFactory())
    of_customer = ContactWayFactory(user=None, customer=CustomerFactory(account_manager=ann))
    foreign = ContactWayFactory(user=None, customer=CustomerFactory())
    everything = {own_way, of_rota, of_customer, foreign}
    assert set(visible_ways(ann)) == {own_way}
    assert set(visible_ways(lead)) == {of_rota, of_customer}
    assert set(visible_ways(AdminFactory())) == everything
    assert set(visible_ways(UserFactory(is_active=False))) == set()


def test_another_persons_contact_way_cannot_be_viewed_changed_tested_or_deleted(login):
    contact_way = ContactWayFactory(user=staff("bob"))
    client = login(staff("ann", groups=MANAGER))
    assert client.get(page(contact_way)).status_code == 302
    client.post(page(contact_way), form(name="Mine"))
    client.post(LIST, {"action": "send_test", "_selected_action": [contact_way.pk]})
    client.post(reverse("admin:escalation_contactway_delete", args=[contact_way.pk]), {"post": "yes"})
    assert ContactWay.objects.get().name == contact_way.name


def test_the_list_of_contact_ways_costs_the_same_for_few_and_for_many(login, count_queries):
    ann = staff("ann", groups=MANAGER)
    client = login(ann)

    def cost(rows):
        ContactWayFactory.create_batch(rows, user=ann)
        return count_queries(lambda: client.get(LIST))

    cost(1)
    assert cost(2) == cost(27)


# ------------------------------------------------------------------------------------------------------------
# The test button


@pytest.mark.parametrize(("status", "said"), [(200, "Accepted"), (503, "Refused")])
def test_the_test_button_sends_a_real_test_and_shows_the_real_answer(login, settings, status, said):
    settings.ALLOW_PRIVATE_TARGETS = True
    ann = staff("ann", groups=MANAGER)
    with standing_in() as service:
        service.status, service.body = status, "hello from the hook"
        contact_way = ContactWayFactory(
            user=ann, name="Hook", medium=Medium.WEBHOOK, address=f"{service.url}/hook"
        )
        client = login(ann)
        assert "send_test" in client.get(page(contact_way)).content.decode()
        answer = client.post(LIST, {"action": "send_test", "_selected_action": [contact_way.pk]})
    assert '"event":"test"' in service.texts[0]
    (message,) = get_messages(answer.wsgi_request)
    assert str(message) == f"Hook: {said}. Response: {status} hello from the hook"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://nowhere.invalid/hook-4711", outcomes.NO_NAME),
        ("https://127.0.0.1/hook-4711", outcomes.PRIVATE),
        ("gAAAAABl-4711", outcomes.UNREADABLE),
    ],
)
def test_a_test_that_never_arrives_is_reported_in_the_readers_language(login, monkeypatch, address, said):
    monkeypatch.setattr("escalation.notifications.channels.outcomes.gettext", lambda text: f"译 {text}")
    ann = staff("ann", groups=MANAGER)
    contact_way = ContactWayFactory(user=ann, name="Hook", medium=Medium.WEBHOOK, address=address)
    answer = login(ann).post(LIST, {"action": "send_test", "_selected_action": [contact_way.pk]})
    (message,) = get_messages(answer.wsgi_request)
    assert str(message) == f"Hook: Refused. Response: 译 {said}"


def test_only_one_contact_way_is_tested_at_a_time(login):
    ann = staff("ann", groups=MANAGER)
    contact_ways = ContactWayFactory.create_batch(2, user=ann)
    answer = login(ann).post(
        LIST, {"action": "send_test", "_selected_action": [contact_way.pk for contact_way in contact_ways]}
    )
    (message,) = get_messages(answer.wsgi_request)
    assert str(message) == "Choose one contact method at a time."


def unreadable_way(settings, user):
    contact_way = ContactWayFactory(user=user, secret="shared-4711")
    settings.ENCRYPTION_KEYS = ["another-key-for-encrypted-columns-0000001"]
    return contact_way


def stored_text(column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM escalation_contactway")
        return cursor.fetchone()[0]


def test_saving_a_form_leaves_what_cannot_be_read_as_it_is(login, settings):
    ann = staff("ann", groups=MANAGER)
    contact_way = unreadable_way(settings, ann)
    before = (stored_text("address"), stored_text("secret"))
    html = login(ann).get(page(contact_way)).content.decode()
    assert html.count("The stored one cannot be read") == 2
    assert not any(text in html for text in before)
    assert login(ann).post(page(contact_way), form(name="Renamed", address="")).status_code == 302
    assert ContactWay.objects.get().name == "Renamed"
    assert (stored_text("address"), stored_text("secret")) == before
    assert login(ann).post(page(contact_way), form(secret="typed-4711")).status_code == 302
    stored = ContactWay.objects.get()
    assert (stored.address, stored.secret) == ("wecombot://botkey-4711", "typed-4711")


def test_an_unreadable_address_keeps_its_kind(login, settings):
    ann = staff("ann", groups=MANAGER)
    contact_way = unreadable_way(settings, ann)
    before = stored_text("address")
    html = login(ann).post(page(contact_way), form(medium="webhook", address="")).content.decode()
    assert "Enter an address." in html
    assert stored_text("address") == before


def test_nothing_is_sent_unsigned_because_a_secret_cannot_be_read(settings):
    contact_way = unreadable_way(settings, staff("ann"))
    ContactWay.objects.update(address="https://hook.example/x")
    contact_way.refresh_from_db()
    assert (contact_way.address, contact_way.usable_address) == ("https://hook.example/x", "")
    answer = send_test(contact_way, at=NOW)
    assert (answer.is_accepted, answer.text) == (False, UNREADABLE)
