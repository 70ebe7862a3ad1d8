"""Names in the order their owners write them."""

import re
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse

from customers.names import name_of
from tests.factories import AdminFactory, UserFactory

ROOT = Path(__file__).resolve().parents[2]
# The user model's own names, and parts put together by hand.
OWN_WAY = re.compile(r"get_full_name|get_short_name|first_name\b.{0,12}\blast_name\}|\{first\} \{last\}")


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("伟", "李", "李伟"),
        ("Ann", "Smith", "Ann Smith"),
        ("Ann", "", "Ann"),
        ("", "陈", "陈"),
        ("", "", "login"),
        ("Kevin", "周", "Kevin 周"),
        ("悦", "Lin", "悦 Lin"),
        (" 悦 ", " 林 ", "林悦"),
    ],
)
def test_a_name_stands_in_the_order_of_its_language(first, last, shown):
    assert name_of(UserFactory.build(first_name=first, last_name=last, username="login")) == shown


def test_no_other_module_or_template_puts_a_name_together():
    sources = [
        path
        for app in ("customers", "tickets", "escalation", "supportdesk")
        for kind in ("*.py", "*.html", "*.txt")
        for path in (ROOT / app).rglob(kind)
        if path != ROOT / "customers" / "names.py"
    ]
    assert len(sources) > 400
    assert [str(path.relative_to(ROOT)) for path in sources if OWN_WAY.search(path.read_text())] == []


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["changelist", "change", "history", "delete"])
def test_the_pages_of_users_show_a_chinese_name_as_it_is_written(client, page):
    admin = AdminFactory(first_name="悦", last_name="林")
    client.force_login(admin)
    LogEntry.objects.log_actions(admin.pk, [admin], CHANGE, "renamed", single_object=True)
    args = [] if page == "changelist" else [admin.pk]
    html = client.get(reverse(f"admin:auth_user_{page}", args=args)).content.decode()
    assert "林悦" in html
    assert "悦 林" not in html
