"""Auditors read everything and change nothing: walked over every address of the site."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from supportdesk.audit.middleware import OF_ALLAUTH, OWN_PAGES
from tests.adminpages import page_url
from tests.factories import (
    AttachmentFactory,
    CalendarFactory,
    ClockFactory,
    ContactFactory,
    ContactWayFactory,
    ContractFactory,
    CustomerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    InboundEmailFactory,
    MailboxFactory,
    MessageFactory,
    NotificationFactory,
    OutboundEmailFactory,
    PolicyFactory,
    TicketFactory,
    UserFactory,
    set_desk,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor():
    return staff("auditor", groups=["Auditor"])


@pytest.fixture
def desk_of_others():
    """Rows of each kind, none of which belongs to the auditor."""
    set_desk(duty_manager=staff("duty"))
    owner = staff("owner")
    customer = CustomerFactory(account_manager=owner)
    contact = ContactFactory(customer=customer)
    ticket = TicketFactory(customer=customer, contact=contact, owner=owner)
    AttachmentFactory(message=MessageFactory(ticket=ticket))
    ClockFactory(ticket=ticket)
    rota = DutyRotaFactory()
    for make in (
        lambda: ContractFactory(customer=customer), lambda: ContactWayFactory(user=owner), CalendarFactory,
        PolicyFactory,
        lambda: DutyShiftFactory(rota=rota), MailboxFactory, lambda: InboundEmailFactory(ticket=ticket),
        lambda: OutboundEmailFactory(ticket=ticket), lambda: NotificationFactory(ticket=ticket), UserFactory,
    ):  # fmt: skip
        make()
    return ticket


def patterns(resolver, before=""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{before}{entry.namespace}:" if entry.namespace else before)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{before}{entry.name}", entry.pattern


def addresses():
    """Every address that has a name, with the key of a row where it takes one."""
    for name, pattern in patterns(get_resolver()):
        values = {}
        for key, converter in pattern.converters.items():
            values[key] = "1" if type(converter).__name__ in ("IntConverter", "PathConverter") else "reply"
        try:
            yield name, reverse(name, kwargs=values) if values else reverse(name)
        except Exception:
            continue


def test_no_address_lets_an_auditor_post(login, auditor, desk_of_others):
    client = login(auditor)
    answers = {}
    for name, url in addresses():
        last = name.rpartition(":")[2]
        if last in OWN_PAGES or last.startswith(OF_ALLAUTH) or not url.startswith("/"):
            continue
        client.force_login(auditor)
        answers[name] = client.post(url, {"action": "delete_selected", "_selected_action": "1"}).status_code
    assert len(answers) > 150
    assert {name: status for name, status in answers.items() if status != 403} == {}


def test_an_auditor_proves_who_they_are_and_helps_nobody(login, auditor):
    client = login(auditor)
    assert client.post(reverse("end_my_session")).status_code == 302
    assert client.post(reverse("account_reauthenticate"), {"password": "wrong"}).status_code == 200
    locked_out = reverse("help_locked_out", args=[UserFactory().pk])
    assert client.post(locked_out, {"reason": "They lost it."}).status_code == 403


def test_every_list_and_every_row_is_read_by_an_auditor(login, auditor, desk_of_others):
    client = login(auditor)
    answers = {}
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"admin:{label}_changelist")]
        row = model._base_manager.order_by("pk").first()
        if row is not None:
            urls.append(reverse(f"admin:{label}_change", args=[row.pk]))
        for url in urls:
            answers[url] = client.get(url).status_code
    assert len(answers) > 60
    assert {url: status for url, status in answers.items() if status not in (200, 302)} == {}


def test_no_page_shows_an_auditor_a_secret(login, auditor):
    user = UserFactory(password="hash-4711")
    box = MailboxFactory(
        host="imap.example", username="help", password="p-4711", client_secret="c-4711", refresh_token="r-4711",
        access_token="a-4711",
    )  # fmt: skip
    way = ContactWayFactory(address="wecombot://botkey-4711", secret="s-4711")
    client = login(auditor)
    for row in (user, box, way):
        answer = client.get(page_url(row))
        assert answer.status_code == 200
        assert "4711" not in answer.content.decode()
        assert "enc1$" not in answer.content.decode()
    assert "imap.example" in client.get(page_url(box)).content.decode()


def test_no_page_offers_an_auditor_to_add_or_delete(login, auditor, desk_of_others):
    client = login(auditor)
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        row = model._base_manager.order_by("pk").first()
        assert client.get(reverse(f"admin:{label}_add")).status_code == 403, label
        if row is not None:
            answer = client.get(reverse(f"admin:{label}_delete", args=[row.pk]))
            assert answer.status_code in (302, 403, 404), label


def test_an_auditor_sees_the_tickets_of_all_and_may_export_them(login, auditor, desk_of_others):
    client = login(auditor)
    html = client.get(reverse("admin:tickets_ticket_change", args=[desk_of_others.pk])).content.decode()
    assert desk_of_others.subject in html
    assert 'id="composer"' not in html
    assert client.get(reverse("admin:board_export")).status_code == 200
    assert client.get(reverse("admin:operations")).status_code == 200
    assert client.get(reverse("admin:auditlog_logentry_changelist")).status_code == 200


def test_an_auditor_who_is_also_a_lead_still_only_reads(login, desk_of_others):
    both = staff("both", groups=["Auditor", "Team lead", "Support director"])
    url = reverse("admin:tickets_ticket_act", args=[desk_of_others.pk, "note"])
    assert login(both).post(url, {"body": "x"}).status_code == 403
    lead = staff("lead", groups=["Support director"])
    assert login(lead).post(url, {"body": "x"}).status_code != 403


def test_an_auditor_keeps_their_own_account(login, auditor):
    assert login(auditor).post(reverse("admin:password_change"), {}).status_code == 200
    assert login(auditor).post(reverse("admin:logout")).status_code == 200


def test_the_group_may_view_whatever_the_desk_has():
    allowed = set(
        Group.objects.get(name="Auditor").permissions.values_list("content_type__app_label", "codename")
    )
    wanted = {
        (model._meta.app_label, f"view_{model._meta.model_name}")
        for model in apps.get_models()
        if model in admin.site._registry and "view" in model._meta.default_permissions
    }
    assert wanted - allowed == set()
    others = {codename for _app, codename in allowed if not codename.startswith("view_")}
    assert others == {"read_only"}


def test_nobody_without_the_permission_reads_the_audit(login):
    for group in ("Account manager", "Team lead", "Operator"):
        client = login(staff(group, groups=[group]))
        assert client.get(reverse("admin:auditlog_logentry_changelist")).status_code == 403
    assert (
        Permission.objects.filter(codename="view_logentry", content_type__app_label="auditlog").count() == 1
    )
