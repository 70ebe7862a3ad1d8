"""Every address of the site, asked by every role about somebody else's rows, read from the URL conf.

A page is among them the day it is added, with the headers that it must have. Whatever leads to a customer or a ticket
by a foreign key counts as theirs, so a new kind of row is, too: its texts get a mark, which nobody else may be shown,
and no request may write anything.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, Model, Q, Value
from django.db.models.functions import Concat
from django.http.response import HttpResponseBase
from django.test import Client, override_settings
from django.urls import reverse

from customers import time_of_record
from customers.models import Customer
from supportdesk.accounts.recent_proof import KEY
from supportdesk.pages.ticket.actions import ACTS
from tests.addresses import Address, every_address
from tests.adminpages import add_url, list_url
from tests.factories import (
    NOW,
    ClockFactory,
    ContactFactory,
    ContactWayFactory,
    ContractWindowFactory,
    CustomerFactory,
    DutyShiftFactory,
    EscalationStepFactory,
    InboundEmailFactory,
    MessageFactory,
    TeamFactory,
    TicketFactory,
    staff,
)
from tests.hosts import stopped_clock
from tests.lastingrows import lasting_rows, passing_rows
from tests.pageheaders import inline_in, lacks, policy_of
from tests.words.scene import Scene, furnished
from tickets.models import MailMark, Participant, Presence, RawMail, Rule, Ticket, TicketTag
from tickets.search.mails import index_mails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
MARK = "zqx77"
APPS = ("customers", "tickets", "escalation")
# Not words of a customer, or kept from change by the database.
PLAIN = re.compile(
    "content|fingerprint|message_id|time_zone|language|work_id|via|kind|secret|address|shown|cause|answer"
)
# Whom a rota hands over to is everybody's to see; the row names the mails that said so.
OF_ALL = ("DutyHandover",)
# Where no name of a page says whose key it takes.
MODELS = {
    "board_decide": "tickets.Ticket", "board_acknowledge": "tickets.Ticket", "tickets:original": "tickets.InboundEmail",
    "help_locked_out": "auth.User", "mfa_remove_webauthn": "mfa.Authenticator",
    "mfa_edit_webauthn": "mfa.Authenticator",
    "tickets_attached_mail": "tickets.Attachment", "weeklyexport_download": "escalation.ExportFile",
    "view_on_site": "tickets.Ticket", "personal_data": "customers.Customer",
}  # fmt: skip
# What anybody may ask without having signed in; each takes a signed word, or shows nothing of the desk.
PUBLIC = (
    "healthz", "alive", "admin:jsi18n", "admin:login", "admin:logout", "account_", "mfa_login_webauthn",
    "mfa_authenticate", "mfa_reauthenticate", "mfa_list_webauthn", "openid_connect_", "socialaccount_",
)  # fmt: skip
# Written for the reader alone: the session, sign-ins, what was tried.
OWN_TABLES = re.compile(
    r"django_session|supportdesk_\w+|auditlog_logentry|account_\w+|mfa_\w+|django_admin_log"
)
WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
BAD_KEYS = ("0", "9" * 30, "-1", "abc", "%00")


def models_of_customers() -> set[type[Model]]:
    """The kinds of rows that lead to a customer or a ticket."""
    found: set[type[Model]] = {Customer, Ticket}
    models = (model for app in APPS for model in apps.get_app_config(app).get_models())
    ours = [model for model in models if model.__name__ not in OF_ALL]
    while more := {
        model for model in ours if model not in found and any(_leads_to(found, f) for f in _keys(model))
    }:
        found |= more
    return found


def _keys(model: type[Model]) -> list[Any]:
    return [each for each in model._meta.fields if each.is_relation]


def _leads_to(models: set[type[Model]], key: Any) -> bool:
    return key.related_model in models


THEIRS = models_of_customers()


def of_somebody(model: type[Model]) -> Q:
    """The rows of a kind that belong to a customer; some kinds have rows that belong to none."""
    condition = Q() if model in (Customer, Ticket) else Q(pk=None)
    for key in _keys(model):
        if key.related_model in THEIRS:
            condition |= Q(**{f"{key.name}__isnull": False})
    return condition


def mark_all_words() -> None:
    for model in THEIRS:
        names = [each.name for each in model._meta.fields if _has_words(each)]
        for name in names if model._meta.model_name != "clockevent" else ():
            rows = model._base_manager.filter(of_somebody(model)).exclude(**{name: ""})
            rows.update(**{name: Concat(F(name), Value(f" {MARK}"))})


def _has_words(each: Any) -> bool:
    long_enough = (each.max_length or 1000) >= 30
    is_text = each.get_internal_type() in ("CharField", "TextField", "EmailField") and long_enough
    return is_text and not each.choices and not PLAIN.search(each.name)


@dataclass
class World:
    scene: Scene
    roles: dict[str, User]
    keys: dict[type[Model], Any]  # a foreign row of each kind


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """The rows of others, and people who have rows of their own beside them."""
    with lasting_rows(django_db_blocker):
        with stopped_clock(NOW), override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("desk")):
            scene = furnished("en")
            _further_rows(scene)
            keys = {model: row.pk for model in apps.get_models() if (row := _row_of(model)) is not None}
            mark_all_words()
            roles = {name: _with_own_rows(name) for name in ("Account manager", "Team lead")}
            roles |= {
                name: staff(groups=[name])
                for name in ("Support director", "Duty manager", "Operator", "Auditor")
            }
            # Being on duty opens nothing: the account manager is the duty engineer, too.
            DutyShiftFactory(user=roles["Account manager"], rota=scene.rota, starts_at=NOW)
            roles["administrator"] = scene.root
        yield World(scene, roles, keys)


def _further_rows(scene: Scene) -> None:
    """Kinds of rows of customers that the scene has none of."""
    ticket = scene.tickets[0]
    message, customer = ticket.messages.earliest("pk"), ticket.customer
    mail = InboundEmailFactory(ticket=ticket, message=MessageFactory(ticket=ticket))
    RawMail.objects.create(mail=mail, data=b"x", is_packed=False)
    MailMark.objects.create(
        sender="li@company.example", shape="x", is_automatic=True, message=message, subject="Black",
        made_at=NOW, made_by=scene.lead,
    )  # fmt: skip
    Presence.objects.create(ticket=ticket, user=scene.manager, seen_at=NOW)
    Participant.objects.create(ticket=ticket, name="Wang", address="wang@company.example", added_at=NOW)
    TicketTag.objects.create(ticket=ticket, name="black")
    Rule.objects.create(name="Black", words="black", customer=customer, owner=scene.manager)
    contract = customer.contracts.get()
    ContractWindowFactory(contract=contract)
    EscalationStepFactory(policy=None, contract=contract)
    ContactWayFactory(user=None, customer=customer)
    index_mails(now=NOW + timedelta(days=30), may_go_on=lambda: True)


def _row_of(model: type[Model]) -> Model | None:
    if model in THEIRS:
        return model._base_manager.filter(of_somebody(model)).order_by("pk").first()
    return model._base_manager.order_by("pk").first() if model._meta.managed else None


def _with_own_rows(group: str) -> User:
    user = staff(groups=[group])
    if group == "Team lead":
        TeamFactory(lead=user)
    customer = CustomerFactory(account_manager=user)
    ticket = TicketFactory(owner=user, customer=customer, contact=ContactFactory(customer=customer))
    MessageFactory(ticket=ticket)
    ClockFactory(ticket=ticket)
    return user


def model_of(address: Address) -> type[Model]:
    """Whose key an address takes, by its name. A new page with another name is added to MODELS."""
    name = address.name.removeprefix("admin:")
    for start, label in MODELS.items():
        if start in name:
            return apps.get_model(label)
    labels = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in apps.get_models()}
    named = [label for label in labels if name.startswith(f"{label}_") or name == label]
    assert named, f"Say in MODELS whose key {address.name} takes."
    return labels[max(named, key=len)]


def words_of(response: HttpResponseBase) -> str:
    """All that an answer says, the files of a ZIP included. The client has closed it, and kept the connection."""
    content = b"".join(response) if response.streaming else response.content
    if content.startswith(b"PK"):
        pack = zipfile.ZipFile(io.BytesIO(content))
        content = b"\n".join(pack.read(name) for name in pack.namelist())
    return content.decode(errors="replace")


@dataclass
class Walk:
    """Asks as one person, rolls back what an answer wrote, and collects what is wrong."""

    user: User | None
    faults: list[str] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.client = Client(raise_request_exception=False)
        if self.user is not None:
            self.client.force_login(self.user)
            session = self.client.session
            session[KEY] = time_of_record.now().timestamp()
            session.save()
        self.cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}

    def __call__(self, path: str, data: dict[str, Any] | None = None) -> "Answer":
        """A POST with ``data``."""
        tables: list[str] = []

        def note(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
            if (match := WRITES.match(sql)) and not OWN_TABLES.fullmatch(match[1]):
                tables.append(match[1])
            return execute(sql, *more)

        self.asked += 1
        with passing_rows(), connection.execute_wrapper(note):
            response = self.client.get(path) if data is None else self.client.post(path, data)
            answer = Answer(path if data is None else f"POST {path}", response, words_of(response), tables)
        self.client.cookies.load(self.cookies)
        if answer.status >= 500:
            self.faults.append(f"{answer.status} {answer.what}")
        return answer

    def refuse(self, answer: "Answer", *, may_write: bool = False) -> None:
        """Nothing of somebody else's rows may be shown or written."""
        if MARK in answer.words:
            at = answer.words.index(MARK)
            self.faults.append(f"shown: {answer.what}: {answer.words[max(0, at - 60) : at + 20]!r}")
        if answer.written and not may_write:
            self.faults.append(f"written: {answer.what}: {sorted(set(answer.written))}")


@dataclass(frozen=True)
class Answer:
    what: str
    response: Any
    words: str
    written: list[str]

    @property
    def status(self) -> int:
        return int(self.response.status_code)


def form_about(world: World, user: User | None) -> dict[str, Any]:
    """Fields that the desk's forms know, about somebody else's rows."""
    keys = world.keys
    labels = {model._meta.model_name: key for model, key in keys.items() if model in THEIRS}
    return {
        **labels, "post": "yes", "body": "x", "reason": "x", "words": "x", "status": "closed", "priority": "0",
        "then": "",
        "owner": user.pk if user else 1, "to": user.pk if user else 1, "into": f"SD#{keys[Ticket]}", "tags": "x",
        "channel": "phone", "reached": "Li", "happened_at_0": "2026-11-18", "happened_at_1": "11:00", "number": "1",
        "token": "t" * 32, "seen": "999999", "_save": "Save",
    }  # fmt: skip


def acts_of(address: Address, key: Any) -> list[str]:
    """The paths of an address: one for each act of a ticket's page, else one."""
    acts = ACTS if "name" in address.words and address.rows else ()
    return [address.path(key, name=act) for act in acts] or [address.path(key)]


def is_public(address: Address) -> bool:
    return address.name.startswith(PUBLIC)


def test_a_stranger_sees_and_changes_nothing(world):
    walk, form = Walk(None), form_about(world, None)
    for address in every_address():
        key = world.keys.get(model_of(address), 1) if address.rows else 1
        for answer in (walk(address.path(key)), walk(address.path(key), form)):
            walk.refuse(answer)
            walk.faults += [f"{name} of {answer.what}" for name in lacks(answer.response)]
            if not is_public(address):
                to_sign_in = answer.status == 302 and answer.response["Location"].startswith("/login/")
                if not (to_sign_in or answer.status in (403, 404, 405)):
                    walk.faults.append(f"open: {answer.status} {answer.what}")
    assert walk.asked > 400
    assert not walk.faults, "\n".join(walk.faults)


SEARCHES = re.compile("changelist|index|search|export")
RESTRICTED = ["Account manager", "Team lead"]


def test_there_is_a_row_of_each_kind_to_ask_for(world):
    assert {model.__name__ for model in THEIRS if model not in world.keys} == set()


@pytest.mark.parametrize("role", RESTRICTED)
def test_nobody_sees_or_changes_rows_of_other_teams_by_their_key(world, role):
    walk = Walk(world.roles[role])
    form = form_about(world, walk.user)
    for address in (each for each in every_address() if each.rows):
        model = model_of(address)
        key = world.keys.get(model, 1)
        for path in acts_of(address, key) if role == "Team lead" else [address.path(key)]:
            answers = [walk(path)] if address.name.endswith("_history") else [walk(path), walk(path, form)]
            for answer in answers:
                walk.refuse(answer, may_write=model not in THEIRS)
                if model in THEIRS and answer.status not in (302, 403, 404, 405):
                    walk.faults.append(f"answered: {answer.status} {answer.what}")
    assert walk.asked > 250
    assert not walk.faults, "\n".join(walk.faults)


@pytest.mark.parametrize("role", RESTRICTED)
def test_no_list_form_search_or_export_shows_or_takes_rows_of_other_teams(world, role):
    walk = Walk(world.roles[role])
    form = form_about(world, walk.user)
    for address in (each for each in every_address() if not each.rows):
        path = address.path()
        searched = [walk(f"{path}?q=black&s=black")] if SEARCHES.search(address.name) else []
        for answer in (walk(path), walk(path, form), *searched):
            walk.refuse(answer, may_write=True)
    for model in admin.site._registry:
        if model in THEIRS:
            walk.refuse(walk(add_url(model), form))
            for action in actions_of(model):
                chosen = {**form, "action": action, "_selected_action": [world.keys[model]]}
                walk.refuse(walk(list_url(model), chosen))
        for key in _keys(model):
            if key.related_model in THEIRS:
                walk.refuse(walk(autocomplete_of(model, key.name)))
    assert walk.asked > 250
    assert not walk.faults, "\n".join(walk.faults)


def actions_of(model: type[Model]) -> list[str]:
    return [name for _action, name, _label in admin.site._registry[model]._get_base_actions()]


def autocomplete_of(model: type[Model], field_name: str) -> str:
    query = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={field_name}"
    return f"{reverse('admin:autocomplete')}?{query}&term="


def test_whoever_sees_everything_gets_the_rows_safe_headers_and_no_fault(world):
    """That the administrator is shown the mark proves that the others could be."""
    walk, shown = Walk(world.roles["administrator"]), []
    form = form_about(world, walk.user)
    for address in every_address():
        path = address.path(world.keys.get(model_of(address), 1) if address.rows else 1)
        answer = walk(path)
        shown += [path] if MARK in answer.words else []
        walk.faults += [f"{name} of {path}" for name in lacks(answer.response)]
        if answer.response.headers.get("Content-Type", "").startswith("text/html"):
            walk.faults += [f"{path}: {part}" for part in inline_in(answer.words, policy_of(answer.response))]
        if not address.name.endswith(("_history", "_changelist")):
            walk(path, form)
    assert walk.asked > 400
    assert len(shown) > 40
    assert not walk.faults, "\n".join(walk.faults)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_none_is_no_fault_of_the_desk(world, key):
    """Django's admin leads from such a row to its board, and a form of a new row names it 0."""
    walk = Walk(world.roles["administrator"])
    for address in (each for each in every_address() if each.rows):
        path = address.path(7_654_321).replace("7654321", key)
        answers = [walk(path)] if key in ("0", "-1", "abc") else [walk(path), walk(path, {"post": "yes"})]
        for answer in answers:
            if not 300 < answer.status < 500 and key != "0":
                walk.faults.append(f"answered: {answer.status} {answer.what}")
    assert walk.asked > 100
    assert not walk.faults, "\n".join(walk.faults)
