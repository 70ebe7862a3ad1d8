"""Lists of raw mail, the outbox and mailboxes; passwords that go in and never come out.

Tests inbound, outbound, mailbox, page_actions and display.
"""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.adminpages import add_url, errors, list_url, listed, page_url, run_action, said
from tests.factories import (
    NOW,
    AdminFactory,
    InboundEmailFactory,
    MailboxFactory,
    OutboundEmailFactory,
    TicketFactory,
    set_desk,
    staff,
)
from tickets.admin.mailbox import MailboxForm
from tickets.choices import IntakeState, OutboxState
from tickets.models import InboundEmail, Mailbox, OutboundEmail
from tickets.protocols.problems import MailboxProblem
from tickets.services.connecting import refuse_gaps
from tickets.services.leases import FetchReport

pytestmark = pytest.mark.django_db

SECRET = "s3cret-Passw0rd"
HOUR_AGO, YEAR_AGO = NOW - timedelta(hours=1), NOW - timedelta(days=365)


@pytest.fixture
def ann():
    return staff("ann", groups=["Account manager"])


def mailbox_form(**changes):
    return {
        "name": "Support", "address": "help@desk.example", "default_priority": 2, "language": "en",
        "is_active": "on", "protocol": "imap",
        "host": "imap.example", "port": 993, "security": "tls", "login": "password",
        "username": "help", "folders": "INBOX", "after_fetch": "flag", "move_to": "", "password": "",
    } | changes  # fmt: skip


def test_an_account_manager_lists_mail_of_own_tickets_only(login, ann):
    own_ticket = TicketFactory(owner=ann)
    received, sent = InboundEmailFactory(ticket=own_ticket), OutboundEmailFactory(ticket=own_ticket)
    InboundEmailFactory(ticket=None, state=IntakeState.PARKED)
    InboundEmailFactory(ticket=TicketFactory())
    OutboundEmailFactory()
    client = login(ann)
    assert listed(client, InboundEmail) == [received]
    assert listed(client, OutboundEmail) == [sent]


@pytest.mark.parametrize("group", ["Team lead", "Duty manager", "Support director", "Operator"])
def test_those_who_release_mail_list_what_is_parked_and_failed(login, group):
    parked = InboundEmailFactory(state=IntakeState.PARKED, reason="Automatic reply")
    failed = InboundEmailFactory(state=IntakeState.FAILED, error="bad charset")
    InboundEmailFactory(state=IntakeState.STORED)
    client = login(staff(groups=[group]))
    rows = listed(client, InboundEmail, state__exact=["parked", "failed"])
    assert set(rows) == {parked, failed}
    assert "Automatic reply" in client.get(list_url(InboundEmail)).content.decode()


@pytest.mark.parametrize("make", [InboundEmailFactory, OutboundEmailFactory])
def test_a_foreign_mail_looks_like_one_that_does_not_exist(login, ann, make):
    mail = make(ticket=TicketFactory(), subject="Secret launch")
    client = login(ann)
    there = client.get(page_url(mail), follow=True)
    assert "Secret launch" not in there.content.decode()
    mail.pk += 1000
    assert client.get(page_url(mail), follow=True).redirect_chain == there.redirect_chain


@pytest.mark.parametrize("model", [InboundEmail, OutboundEmail])
@pytest.mark.parametrize("who", [AdminFactory, lambda: staff(groups=["Operator"])], ids=["admin", "operator"])
def test_mail_is_looked_at_and_never_edited(login, model, who):
    mail = {InboundEmail: InboundEmailFactory, OutboundEmail: OutboundEmailFactory}[model]()
    client = login(who())
    assert client.get(page_url(mail)).status_code == 200
    assert client.post(page_url(mail), {"subject": "forged"}).status_code == 403
    assert client.get(add_url(model)).status_code == 403
    assert client.post(page_url(mail).replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_the_outbox_page_shows_text_as_text_and_the_servers_answer(login):
    mail = OutboundEmailFactory(
        text="first line\n<script>alert(1)</script>", answer="550 no such user", state=OutboxState.FAILED
    )
    page = login(AdminFactory()).get(page_url(mail)).content.decode()
    assert "first line\n&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "550 no such user" in page


def test_a_failed_mail_is_sent_again_and_one_under_way_is_not(login, ann, frozen):
    ticket = TicketFactory(owner=ann)
    failed = OutboundEmailFactory(ticket=ticket, state=OutboxState.FAILED, attempts=7)
    waiting = OutboundEmailFactory(ticket=ticket, state=OutboxState.QUEUED)
    client = login(ann)
    assert "Send again" in client.get(page_url(failed)).content.decode()
    response = run_action(client, "send_again", [failed, waiting])
    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.next_try_at) == (OutboxState.QUEUED, 0, NOW)
    assert said(response)[0] == "1 was done."
    assert "has not failed" in said(response)[1]


def test_guessing_the_number_of_a_foreign_mail_does_not_resend_it(login, ann):
    mail = OutboundEmailFactory(state=OutboxState.FAILED)
    OutboundEmailFactory(ticket=TicketFactory(owner=ann))
    run_action(login(ann), "send_again", [mail])
    mail.refresh_from_db()
    assert mail.state == OutboxState.FAILED


def test_the_buttons_of_a_page_fit_the_mails_state(login):
    client = login(AdminFactory())
    offered = {}
    for state in IntakeState:
        page = client.get(page_url(InboundEmailFactory(state=state)))
        offered[state] = [name for name, _title in page.context["page_actions"]]
    assert offered == {
        IntakeState.STORED: [], IntakeState.PROCESSED: [],
        IntakeState.PARKED: ["release", "dismiss"], IntakeState.FAILED: ["process_again", "dismiss"],
        IntakeState.DISMISSED: ["release"],
    }  # fmt: skip
    sent = OutboundEmailFactory(state=OutboxState.ACCEPTED)
    assert client.get(page_url(sent)).context["page_actions"] == []


def test_a_parked_mail_is_released_as_a_ticket_with_its_receipt_time(login, frozen):
    boss = staff("boss", groups=["Team lead"])
    set_desk(intake_owner=boss)
    parked = InboundEmailFactory(state=IntakeState.PARKED, received_at=NOW - timedelta(days=2))
    response = run_action(login(boss), "release", [parked])
    assert said(response) == ["1 was done."]
    parked.refresh_from_db()
    assert parked.state == IntakeState.PROCESSED
    assert parked.ticket.opened_at == NOW - timedelta(days=2)


def test_mail_to_which_nothing_is_to_be_done_leaves_the_list_all_at_once(login):
    held = [InboundEmailFactory(state=IntakeState.PARKED), InboundEmailFactory(state=IntakeState.FAILED)]
    client = login(staff("boss", groups=["Team lead"]))
    assert said(run_action(client, "dismiss", held)) == ["2 were done."]
    assert not InboundEmail.objects.exclude(state=IntakeState.DISMISSED).exists()


def test_a_failed_mail_is_processed_again_and_one_that_has_not_failed_is_refused(login, frozen):
    failed = InboundEmailFactory(state=IntakeState.FAILED, error="bug of yesterday")
    done = InboundEmailFactory(state=IntakeState.PROCESSED)
    response = run_action(login(AdminFactory()), "process_again", [failed, done])
    failed.refresh_from_db()
    assert (failed.state, failed.ticket is not None) == (IntakeState.PROCESSED, True)
    assert said(response)[0] == "1 was done."
    assert "has not failed" in said(response)[1]


def test_a_mail_that_fails_again_says_its_error_and_is_not_counted_as_done(login, monkeypatch):
    failed = InboundEmailFactory(state=IntakeState.FAILED)

    def broken(raw, **rest):
        raise ValueError("still broken")

    monkeypatch.setattr("tickets.services.intake.incoming_mail.parse", broken)
    response = run_action(login(AdminFactory()), "process_again", [failed])
    assert len(said(response)) == 1
    assert "still broken" in said(response)[0]


@pytest.mark.parametrize("action", ["release", "process_again", "dismiss"])
@pytest.mark.parametrize("group", ["Account manager"])
def test_users_who_may_not_release_mail_cannot_do_so_by_posting(login, action, group):
    user = staff(groups=[group])
    mails = [
        InboundEmailFactory(state=IntakeState.PARKED, ticket=TicketFactory(owner=user)),
        InboundEmailFactory(state=IntakeState.FAILED),
    ]
    client = login(user)
    assert client.get(page_url(mails[0])).context["page_actions"] == []
    run_action(client, action, mails)
    assert [mail.state for mail in InboundEmail.objects.order_by("pk")] == [
        IntakeState.PARKED,
        IntakeState.FAILED,
    ]


def test_fetching_a_mailbox_by_hand_shows_the_result(login, monkeypatch, frozen):
    fetched = []

    def fetch(pk, *, read_clock, stop_at):
        fetched.append((pk, read_clock(), stop_at))
        return FetchReport("help@desk.example", problem="Wrong password.")

    monkeypatch.setattr("tickets.admin.mailbox.fetch_mailbox", fetch)
    mailbox = MailboxFactory(host="imap.example", username="help", password=SECRET)
    client = login(staff(groups=["Operator"]))
    assert "Fetch now" in client.get(page_url(mailbox)).content.decode()
    response = run_action(client, "fetch_now", [mailbox])
    assert fetched == [(mailbox.pk, NOW, NOW + timedelta(seconds=10))]
    assert "Wrong password." in said(response)[0]


def test_only_one_mailbox_with_a_host_is_fetched_at_a_time(login):
    client = login(staff(groups=["Operator"]))
    bare = MailboxFactory()
    assert "no mail server" in said(run_action(client, "fetch_now", [bare]))[0]
    assert "one mailbox at a time" in said(run_action(client, "fetch_now", [bare, MailboxFactory()]))[0]


def test_a_mailbox_password_goes_in_and_never_comes_out(login):
    client = login(staff(groups=["Operator"]))
    assert client.post(add_url(Mailbox), mailbox_form(password=SECRET)).status_code == 302
    mailbox = Mailbox.objects.get(address="help@desk.example")
    assert mailbox.password == SECRET
    for page in (page_url(mailbox), list_url(Mailbox), page_url(mailbox).replace("change", "history")):
        assert SECRET not in client.get(page).content.decode()
    refused = client.post(page_url(mailbox), mailbox_form(password=SECRET, address="nonsense"))
    assert "valid email" in errors(refused)
    assert SECRET not in refused.content.decode()


@pytest.mark.parametrize(("typed", "kept"), [("", SECRET), (" new one ", " new one ")])
def test_a_blank_password_keeps_the_stored_one(login, typed, kept):
    mailbox = MailboxFactory(host="imap.example", username="help", password=SECRET)
    client = login(staff(groups=["Operator"]))
    assert client.post(page_url(mailbox), mailbox_form(password=typed)).status_code == 302
    mailbox.refresh_from_db()
    assert mailbox.password == kept


def stamp_on(client, mailbox) -> str:
    html = client.get(page_url(mailbox)).content.decode()
    found = re.search(r'<input type="hidden" name="stamp" value="([0-9a-f]{64})"', html)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "first",
    [{"host": "imap.other.example", "password": "p"}, {"password": "p"}, {"folders": "A"}, {"name": "N"}],
)
def test_whoever_saves_a_mailbox_second_is_told_and_undoes_nothing(login, first):
    mailbox = MailboxFactory(
        host="imap.example", username="help", name="Support", address="help@desk.example", password=SECRET
    )
    client = login(staff(groups=["Operator"]))
    stamp = stamp_on(client, mailbox)
    assert client.post(page_url(mailbox), mailbox_form(stamp=stamp, **first)).status_code == 302
    response = client.post(page_url(mailbox), mailbox_form(stamp=stamp, password="for the old host"))
    assert "Somebody else saved this meanwhile" in errors(response)
    mailbox.refresh_from_db()
    assert mailbox.password in ("p", SECRET)
    again = mailbox_form(stamp=stamp_on(client, mailbox), password="third")
    assert client.post(page_url(mailbox), again).status_code == 302


def test_a_fetch_meanwhile_makes_no_form_stale(login):
    mailbox = MailboxFactory(host="imap.example", username="help", refresh_token=SECRET)
    client = login(staff(groups=["Operator"]))
    stamp = stamp_on(client, mailbox)
    Mailbox.objects.update(refresh_token="new", access_token="a", fetched_at=NOW, error="x", failures=3)
    assert client.post(page_url(mailbox), mailbox_form(stamp=stamp, name="Other")).status_code == 302


SECRETS = ["password", "client_secret", "refresh_token"]


@pytest.mark.parametrize("name", SECRETS)
def test_each_stored_secret_can_be_cleared_alone(login, name):
    stored = dict.fromkeys(SECRETS, SECRET)
    mailbox = MailboxFactory(host="imap.example", username="help", access_token=SECRET, **stored)
    client = login(staff(groups=["Operator"]))
    assert f'name="{name}-clear"' in client.get(page_url(mailbox)).content.decode()
    assert client.post(page_url(mailbox), mailbox_form() | {f"{name}-clear": "on"}).status_code == 302
    mailbox.refresh_from_db()
    assert {secret: getattr(mailbox, secret) for secret in SECRETS} == stored | {name: None}
    assert mailbox.access_token == (SECRET if name == "password" else None)
    assert f'name="{name}-clear"' not in client.get(page_url(mailbox)).content.decode()


def test_a_typed_secret_goes_before_the_box_that_clears_it_and_a_needed_one_is_not_cleared(login):
    mailbox = MailboxFactory(host="imap.example", username="help", password=SECRET, refresh_token=SECRET)
    client = login(staff(groups=["Operator"]))
    client.post(page_url(mailbox), mailbox_form(password="new") | {"password-clear": "on"})
    mailbox.refresh_from_db()
    assert mailbox.password == "new"
    response = client.post(
        page_url(mailbox), token_form() | {"refresh_token": "", "refresh_token-clear": "on"}
    )
    assert "OAuth 2 needs this" in errors(response)
    assert 'id="id_refresh_token-clear" checked' in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"username": ""}, "Enter the account"),
        ({"security": "none"}, "read in transit"),
        ({"after_fetch": "move"}, "Enter the folder"),
        ({"after_fetch": "move", "folders": "INBOX\nDone", "move_to": "Done"}, "fetched from there again"),
        ({"folders": "x" * 201}, "too long"),
        ({"address": "HELP@desk.example"}, "unique"),
    ],
)
def test_a_mailbox_that_could_not_work_is_refused_with_a_sentence(login, changes, complaint):
    if "address" in changes:
        MailboxFactory(address="help@desk.example")
    response = login(AdminFactory()).post(add_url(Mailbox), mailbox_form(**changes))
    assert complaint in errors(response)


@pytest.mark.parametrize(
    ("before", "changes", "begins_at"),
    [
        ({"host": ""}, {}, NOW),
        ({"host": ""}, {"host": ""}, None),
        ({}, {}, YEAR_AGO),
        ({}, {"password": "new"}, YEAR_AGO),
        ({}, {"host": "imap2.example"}, NOW),
        ({"fetched_at": HOUR_AGO}, {"host": "imap2.example"}, HOUR_AGO),
        ({"fetched_at": HOUR_AGO}, {"username": "other"}, HOUR_AGO),
        ({"fetched_at": HOUR_AGO, "host": ""}, {}, NOW),
    ],
)
def test_a_mailbox_pointed_at_another_account_fetches_from_where_the_last_fetch_ended(
    login, frozen, before, changes, begins_at
):
    form = mailbox_form(**changes)
    mailbox = MailboxFactory(**{"host": "imap.example", "username": "help", **before})
    assert login(AdminFactory()).post(page_url(mailbox), form).status_code == 302
    mailbox.refresh_from_db()
    assert [folder.begins_at for folder in mailbox.folders.all()] == ([begins_at] if begins_at else [])


def test_the_page_shows_the_beginning_in_the_readers_zone_without_its_microseconds(login, frozen):
    begins_at = NOW.replace(hour=23, minute=5, second=6, microsecond=789_000)
    mailbox = MailboxFactory(host="imap.example", username="help", folder__begins_at=begins_at)
    page = login(AdminFactory()).get(page_url(mailbox)).content.decode()
    assert "789000" not in page
    assert f">{timezone.localtime(begins_at):%Y-%m-%d %H:%M}<" in re.sub(r"\s*(<|>)\s*", r"\1", page)


def test_folders_are_entered_one_per_line_and_keep_their_place(login):
    client = login(AdminFactory())
    mailbox = MailboxFactory(host="imap.example", username="help", folder__last_uid=7)
    assert client.get(page_url(mailbox)).context["adminform"].form["folders"].value() == "INBOX"
    client.post(page_url(mailbox), mailbox_form(folders="INBOX\r\n Support/VIP \r\n\r\nINBOX"))
    assert list(mailbox.folders.values_list("name", "last_uid")) == [("INBOX", 7), ("Support/VIP", 0)]
    client.post(page_url(mailbox), mailbox_form(folders=""))
    assert list(mailbox.folders.values_list("name", "last_uid")) == [("INBOX", 7)]


@pytest.mark.parametrize("changes", [{"host": "", "username": ""}, {"host": "127.0.0.1", "security": "none"}])
def test_a_mailbox_without_a_host_or_on_loopback_is_fine(login, changes):
    response = login(AdminFactory()).post(add_url(Mailbox), mailbox_form(**changes))
    assert response.status_code == 302


def token_form(**changes):
    return mailbox_form(
        login="refresh", token_url="https://login.example/token", client_id="desk", scope="",
        client_secret=SECRET, refresh_token=f"refresh {SECRET}", **changes,
    )  # fmt: skip


def test_the_secrets_of_oauth_go_in_and_never_come_out(login):
    client = login(staff(groups=["Operator"]))
    assert client.post(add_url(Mailbox), token_form()).status_code == 302
    mailbox = Mailbox.objects.get(address="help@desk.example")
    Mailbox.objects.update(access_token=f"access {SECRET}")
    assert (mailbox.client_secret, mailbox.refresh_token) == (SECRET, f"refresh {SECRET}")
    for page in (page_url(mailbox), list_url(Mailbox), page_url(mailbox).replace("change", "history")):
        assert SECRET not in client.get(page).content.decode()
    refused = client.post(page_url(mailbox), token_form(address="nonsense"))
    assert "valid email" in errors(refused)
    assert SECRET not in refused.content.decode()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"refresh_token": ""}, "OAuth 2 needs this"),
        ({"client_id": ""}, "OAuth 2 needs this"),
        ({"token_url": ""}, "OAuth 2 needs this"),
        ({"token_url": "ftp://x"}, "valid URL"),
        ({"token_url": "http://login.example/token"}, "read in transit"),
        ({"login": "client", "client_secret": "", "scope": "x"}, "OAuth 2 needs this"),
        ({"login": "client"}, "need a scope"),
    ],
)
def test_oauth_with_a_gap_is_refused(login, changes, complaint):
    response = login(AdminFactory()).post(add_url(Mailbox), token_form() | changes)
    assert complaint in errors(response)


ELSEWHERE = ({"host": "imap.other.example"}, {"port": 1993}, {"security": "starttls"})


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("changes", ELSEWHERE)
def test_a_stored_password_goes_to_no_other_server(login, changes, language):
    mailbox = MailboxFactory(host="imap.example", username="help", password=SECRET)
    client = login(staff(groups=["Operator"], language=language))
    for page in (page_url(mailbox), reverse("admin:tickets_mailbox_test", args=[mailbox.pk])):
        response = client.post(page, mailbox_form(**changes))
        words = {"en": "Enter it again", "zh-hans": "请重新输入"}[language]
        assert words in response.content.decode()
    mailbox.refresh_from_db()
    assert (mailbox.host, mailbox.port, mailbox.password) == ("imap.example", 993, SECRET)
    assert client.post(page_url(mailbox), mailbox_form(password="typed", **changes)).status_code == 302
    mailbox.refresh_from_db()
    assert mailbox.password == "typed"


@pytest.mark.parametrize("changes", [*ELSEWHERE, {"token_url": "https://other.example/token"}])
@pytest.mark.parametrize("way", ["refresh", "client"])
def test_stored_secrets_of_oauth_go_to_no_other_server(login, changes, way):
    client = login(AdminFactory())
    first = token_form() | {"login": way, "scope": "mail"}
    client.post(add_url(Mailbox), first)
    mailbox = Mailbox.objects.get(address="help@desk.example")
    blank = first | {"client_secret": "", "refresh_token": ""} | changes
    response = client.post(page_url(mailbox), blank)
    needed = {"refresh": {"client_secret", "refresh_token"}, "client": {"client_secret"}}[way]
    assert set(response.context["adminform"].form.errors) == needed
    typed = blank | {"client_secret": "typed", "refresh_token": "typed" if way == "refresh" else ""}
    assert client.post(page_url(mailbox), typed).status_code == 302
    mailbox.refresh_from_db()
    assert (mailbox.client_secret, mailbox.refresh_token or "typed") == ("typed", "typed")


@pytest.mark.parametrize("steps", [({"host": ""}, {}), ({"login": "refresh"}, {"login": "password"})])
def test_a_password_that_is_not_needed_follows_to_no_other_server(login, steps):
    """In two steps: first the server changes while nothing needs the password, then something needs it again."""
    client = login(AdminFactory())
    client.post(add_url(Mailbox), token_form() | {"login": "password", "password": SECRET})
    mailbox = Mailbox.objects.get(address="help@desk.example")
    for step in steps:
        client.post(page_url(mailbox), token_form(host="other.example") | step)
    mailbox.refresh_from_db()
    assert (mailbox.host in ("", "other.example"), mailbox.password) == (True, None)


@pytest.mark.parametrize("changes", ELSEWHERE)
def test_a_kept_access_token_goes_to_no_other_server(login, changes):
    client = login(AdminFactory())
    client.post(add_url(Mailbox), token_form())
    mailbox = Mailbox.objects.get(address="help@desk.example")
    Mailbox.objects.update(access_token="for imap.example")
    assert client.post(page_url(mailbox), token_form(**changes)).status_code == 302
    mailbox.refresh_from_db()
    assert mailbox.access_token is None


def test_saving_the_page_keeps_a_refresh_token_that_was_replaced_meanwhile(login, monkeypatch):
    client = login(AdminFactory())
    client.post(add_url(Mailbox), token_form())
    mailbox = Mailbox.objects.get(address="help@desk.example")
    clean = MailboxForm.clean

    def clean_while_a_fetch_runs(form):
        Mailbox.objects.update(refresh_token="newer")
        return clean(form)

    monkeypatch.setattr(MailboxForm, "clean", clean_while_a_fetch_runs)
    client.post(page_url(mailbox), token_form(name="Renamed") | {"client_secret": "", "refresh_token": ""})
    mailbox.refresh_from_db()
    assert (mailbox.name, mailbox.refresh_token) == ("Renamed", "newer")


@pytest.mark.parametrize(("changes", "kept"), [({"name": "Renamed"}, "kept"), ({"client_id": "other"}, None)])
def test_a_kept_access_token_is_dropped_with_the_account_it_is_for(login, changes, kept):
    client = login(AdminFactory())
    client.post(add_url(Mailbox), token_form())
    Mailbox.objects.update(access_token="kept")
    mailbox = Mailbox.objects.get(address="help@desk.example")
    client.post(page_url(mailbox), token_form() | {"client_secret": "", "refresh_token": "", **changes})
    mailbox.refresh_from_db()
    assert mailbox.access_token == kept


@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Duty manager", "Support director"])
def test_mailboxes_are_for_operators(login, group):
    mailbox = MailboxFactory()
    client = login(staff(groups=[group]))
    assert client.get(list_url(Mailbox)).status_code == 403
    assert client.get(page_url(mailbox)).status_code == 403


@pytest.mark.parametrize("make", [InboundEmailFactory, OutboundEmailFactory, MailboxFactory])
def test_thirty_rows_cost_the_queries_of_three(login, count_queries, make):
    client = login(AdminFactory())
    model = type(make())
    make.create_batch(2)
    listed(client, model)
    few = count_queries(lambda: listed(client, model))
    make.create_batch(27)
    assert count_queries(lambda: listed(client, model)) == few
    assert len(listed(client, model)) == 30


@pytest.mark.parametrize(("typed", "kept"), [("", None), ("typed", "typed")])
def test_an_unreadable_password_stays_until_another_is_typed(login, settings, typed, kept):
    settings.ENCRYPTION_KEYS = ["an-old-key-for-encrypted-columns-000000001"]
    mailbox = MailboxFactory(host="imap.example", username="help", password=SECRET)
    old, settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS, ["a-newer-key-for-encrypted-columns-00000002"]
    client = login(AdminFactory())
    html = client.get(page_url(mailbox)).content.decode()
    assert "The stored one cannot be read" in html
    assert "enc1$" not in html
    assert client.post(page_url(mailbox), mailbox_form(password=typed, name="Renamed")).status_code == 302
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, *old]
    mailbox.refresh_from_db()
    assert (mailbox.name, mailbox.password) == ("Renamed", kept or SECRET)


def test_an_unreadable_password_is_not_taken_to_another_server(login, settings):
    settings.ENCRYPTION_KEYS = ["an-old-key-for-encrypted-columns-000000001"]
    mailbox = MailboxFactory(host="imap.example", username="help", password=SECRET)
    settings.ENCRYPTION_KEYS = ["a-newer-key-for-encrypted-columns-00000002"]
    response = login(AdminFactory()).post(page_url(mailbox), mailbox_form(host="imap.other.example"))
    assert "entered for another server" in response.content.decode()


def test_a_mailbox_whose_password_cannot_be_read_says_so_before_it_asks_the_server(settings):
    settings.ENCRYPTION_KEYS = ["an-old-key-for-encrypted-columns-000000001"]
    MailboxFactory(host="imap.example", username="help", password=SECRET)
    settings.ENCRYPTION_KEYS = ["a-newer-key-for-encrypted-columns-00000002"]
    with pytest.raises(MailboxProblem, match="the desk lacks its key"):
        refuse_gaps(Mailbox.objects.get())
