"""Each change of a setting-like row is kept: who, what, from what to what, and never a secret."""

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import RequestFactory
from django.urls import reverse

from customers.models import Customer
from escalation.choices import ClockKind
from escalation.models import ContactWay, Policy, PolicyTarget
from escalation.policies.editing import Window, revise_policy
from supportdesk.audit.registration import AUDITED, HIDDEN
from supportdesk.audit.sentences import changes_in_words
from tests.adminpages import page_url
from tests.factories import (
    NOW,
    AdminFactory,
    CalendarFactory,
    ContactWayFactory,
    CustomerFactory,
    MailboxFactory,
    UserFactory,
    staff,
)
from tests.tickets.admin.test_mail import SECRET, mailbox_form
from tickets.choices import Priority
from tickets.models import Mailbox

pytestmark = pytest.mark.django_db
# Rows that people write in the course of their work, or that the desk writes; each has a record of its own.
OTHERWISE_RECORDED = {
    "Contact", "Ticket", "InboundEmail", "OutboundEmail", "MailMark", "MissingMail", "Notification", "Clock",
    "ClockEvent", "Escalation", "Seal", "Drill", "DutyShift", "DutyTurn", "DutyHandover", "AbsenceMove", "Heartbeat",
    "WeeklyExport", "Schedule", "Success", "Failure", "OrmQ", "Task", "LogEntry", "ExportFile", "NotificationAttempt",
}  # fmt: skip


def entries(model, **conditions):
    kind = ContentType.objects.get_for_model(model)
    return list(LogEntry.objects.filter(content_type=kind, **conditions).order_by("pk"))


def test_every_row_that_the_admin_edits_is_audited_or_has_a_record_of_its_own():
    request = RequestFactory().get("/")
    request.user = AdminFactory()
    edited = {model for model, page in admin.site._registry.items() if page.has_change_permission(request)}
    for page in admin.site._registry.values():
        edited |= {inline.model for inline in page.get_inline_instances(request)}
    names = {model.__name__ for model in edited if not auditlog.contains(model)}
    assert names <= OTHERWISE_RECORDED
    assert set(AUDITED) <= {model for model in apps.get_models() if auditlog.contains(model)}


def test_a_form_says_who_changed_what_from_what_to_what_without_secrets(login):
    root = AdminFactory(username="root")
    client = login(root)
    client.post(reverse("admin:tickets_mailbox_add"), mailbox_form(password=SECRET))
    mailbox = Mailbox.objects.get(address="help@desk.example")
    before = {field: getattr(mailbox, field) for field in ("name",)}
    client.post(
        page_url(mailbox), mailbox_form(name="Renamed", password="another-secret"), REMOTE_ADDR="203.0.113.7"
    )
    entry = entries(Mailbox)[-1]
    assert (entry.actor, entry.remote_addr, entry.object_repr) == (root, "203.0.113.7", "help@desk.example")
    assert entry.changes["name"] == [before["name"], "Renamed"]
    assert entry.changes["password"] == [HIDDEN, HIDDEN]
    everything = str(list(LogEntry.objects.values()))
    assert SECRET not in everything
    assert "another-secret" not in everything
    assert "enc1$" not in everything


def test_no_secret_of_any_column_gets_into_the_audit():
    ContactWayFactory(address="wecombot://botkey-4711", secret="shared-4711")
    user = UserFactory()
    user.set_password("secret-4711")
    user.save()
    MailboxFactory(password="p-4711", client_secret="c-4711", refresh_token="r-4711", access_token="a-4711")
    everything = str(list(LogEntry.objects.values()))
    assert "4711" not in everything
    assert user.password not in everything
    assert entries(ContactWay)[-1].changes["address"] == [HIDDEN, HIDDEN]
    assert entries(User, object_pk=str(user.pk))[-1].changes == {"password": [HIDDEN, HIDDEN]}


def test_a_forged_header_gives_nobody_another_address(login):
    came = {"HTTP_X_FORWARDED_FOR": "198.51.100.9", "REMOTE_ADDR": "203.0.113.7"}
    login(AdminFactory()).post(reverse("admin:tickets_mailbox_add"), mailbox_form(), **came)
    assert entries(Mailbox)[-1].remote_addr == "203.0.113.7"


def test_behind_a_proxy_the_address_is_the_visitors(login, settings):
    settings.TRUSTED_PROXIES = 1
    came = {"HTTP_X_FORWARDED_FOR": "198.51.100.9, 203.0.113.7", "REMOTE_ADDR": "127.0.0.1"}
    login(AdminFactory()).post(reverse("admin:tickets_mailbox_add"), mailbox_form(), **came)
    assert entries(Mailbox)[-1].remote_addr == "203.0.113.7"


def test_groups_and_permissions_of_people_are_audited():
    ann, group = staff("ann"), Group.objects.get(name="Team lead")
    ann.groups.add(group)
    ann.is_superuser = True
    ann.save()
    group.permissions.add(Permission.objects.get(codename="view_mailbox"))
    group.permissions.remove(Permission.objects.get(codename="view_mailbox"))
    groups, power = entries(User, object_pk=str(ann.pk))[-2:]
    assert groups.changes["groups"]["objects"] == ["Team lead"]
    assert power.changes == {"is_superuser": ["False", "True"]}
    given = [entry.changes["permissions"] for entry in entries(Group) if "permissions" in entry.changes]
    assert [change["operation"] for change in given][-2:] == ["add", "delete"]


def test_a_customers_manager_is_audited():
    ann, bob = staff("ann"), staff("bob")
    customer = CustomerFactory(account_manager=ann)
    customer.account_manager = bob
    customer.save()
    change = entries(Customer)[-1]
    assert change.changes == {"account_manager": [str(ann.pk), str(bob.pk)]}


def test_a_new_version_of_a_policy_is_audited_with_its_windows():
    policy, calendar = Policy.objects.get(is_default=True), CalendarFactory()
    before = len(entries(PolicyTarget))
    windows = [Window(ClockKind.FIRST_RESPONSE, priority, 15, calendar) for priority in Priority]
    revise_policy(policy=policy, windows=windows, actor=AdminFactory(), at=NOW)
    added = entries(PolicyTarget)[before:]
    assert [entry.changes["minutes"] for entry in added] == [["None", "15"]] * len(windows)


def test_what_the_desk_writes_itself_is_no_change():
    mailbox, user = MailboxFactory(host="imap.example"), UserFactory()
    before = LogEntry.objects.count()
    mailbox.fetched_at, mailbox.failures, mailbox.error = NOW + timedelta(hours=1), 3, "No route to host"
    mailbox.save()
    user.last_login = NOW
    user.save(update_fields=["last_login"])
    assert LogEntry.objects.count() == before


def test_changes_are_sentences():
    changes = {
        "account_manager": ["3", "None"],
        "skills": {"type": "m2m", "operation": "add", "objects": ["RTC", "Chat"]},
        "gone": ["x" * 400, "y"],
    }
    assert changes_in_words(Customer, changes) == [
        "account manager: 3 → -",
        "skills: added RTC, Chat",
        f"gone: {'x' * 300}… → y",
    ]


def test_people_and_rows_are_named_in_the_list_and_on_the_page(login):
    before = UserFactory(first_name="Ann", last_name="Ericson")
    after = UserFactory(first_name="悦", last_name="林")
    customer = CustomerFactory(account_manager=before)
    customer.account_manager = after
    customer.save()
    client = login(AdminFactory())
    [entry] = entries(Customer, action=LogEntry.Action.UPDATE)
    for url in (reverse("admin:auditlog_logentry_changelist"), page_url(entry)):
        assert "account manager: Ann Ericson → 林悦" in client.get(url).content.decode()


def test_many_entries_cost_the_queries_of_one(login, count_queries):
    client, url = login(AdminFactory()), reverse("admin:auditlog_logentry_changelist")
    counts = []
    for number in (1, 8):
        for _each in range(number):
            CustomerFactory(account_manager=staff())
        client.get(url)
        counts.append(count_queries(lambda: client.get(url)))
    assert counts[0] == counts[1]
