"""A filled desk: as many rows of each kind as asked, and everything that the product keeps beside them."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Q

from customers.models import Customer, StaffProfile
from customers.search.tokens import tokens_of
from escalation.choices import ClockState
from escalation.models import Clock, Escalation, Notification, NotificationAttempt
from escalation.proof.whole_proof import prove_all
from supportdesk.demo.filling import fill_desk
from tests import factories as make
from tests.factories import NOW
from tickets.choices import MessageKind, Status
from tickets.models import InboundEmail, Message, MessageTokens, OutboundEmail, RawMail, Ticket
from tickets.search.finding import find_tickets
from tickets.search.indexing import SPANS, span_token
from tickets.search.mails import SOURCES, SearchedMails
from tickets.services.intake.storing import fingerprint_of, message_id_of

TICKETS = 2_000
READ = {"postgresql": "array_to_string(tsvector_to_array(tokens), ' ')", "sqlite": "tokens"}


@pytest.fixture(scope="module")
def said(rows_of_the_module: None) -> list[str]:
    lines: list[str] = []
    fill_desk(tickets=TICKETS, now=NOW, say=lines.append, stopwatch=lambda: 0.0)
    return lines


@pytest.mark.django_db
def test_tickets_messages_and_promises_come_in_the_shares_of_a_real_desk(said: list[str]) -> None:
    assert Ticket.objects.count() == TICKETS
    assert 3 * TICKETS * 0.95 < Message.objects.count() < 3 * TICKETS * 1.4  # two of them have 550 together
    assert Clock.objects.open().count() == TICKETS // 10
    assert TICKETS * 1.1 < Clock.objects.exclude(stopped_at=None).count() < TICKETS * 1.4
    assert Customer.objects.count() == 200
    assert StaffProfile.objects.count() == 60


@pytest.mark.django_db
def test_the_ledger_is_proven_with_hashes_digests_and_seals(said: list[str]) -> None:
    proof = prove_all()
    assert (proof.clocks, proof.mismatches, proof.unsealed) == (Clock.objects.count(), (), 0)


@pytest.mark.django_db
def test_the_search_has_the_words_that_the_product_would_have_written(said: list[str]) -> None:
    for message in Message.objects.select_related("ticket").order_by("pk")[::13]:
        wanted: set[str] = set()
        if not message.is_automatic:
            writer = (message.sender_name, message.sender_address, message.reached)
            spans = {span_token(bits, message.pk >> bits) for bits in SPANS}
            wanted = {*tokens_of(message.ticket.subject, *writer, message.body), *spans}
        assert stored_tokens(MessageTokens._meta.db_table, "message_id", message.pk) == wanted


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.mails.__name__)
@pytest.mark.django_db
def test_mails_are_found_by_the_words_that_the_queue_would_have_written(
    said: list[str], source: SearchedMails
) -> None:
    for mail in source.mails._base_manager.order_by("pk")[::17]:
        assert stored_tokens(source.tokens._meta.db_table, "mail_id", mail.pk) == set(
            tokens_of(*source.texts(mail))
        )


@pytest.mark.django_db
def test_a_rare_word_finds_its_ticket(said: list[str]) -> None:
    question = Message.objects.filter(kind=MessageKind.INBOUND).order_by("-pk")[0]
    number = question.body.rpartition(" ")[2]
    assert question.ticket_id in find_tickets(Ticket.objects.all(), number).keys


@pytest.mark.django_db
def test_every_question_by_mail_has_its_original(said: list[str]) -> None:
    asked = Message.objects.filter(kind=MessageKind.INBOUND, author=None)
    assert InboundEmail.objects.count() == RawMail.objects.count() == asked.count() > TICKETS
    for mail in InboundEmail.objects.select_related("moved_bytes").order_by("pk")[::29]:
        raw = mail.original
        assert (len(raw), fingerprint_of(raw), message_id_of(raw)) == (
            mail.size,
            mail.fingerprint,
            mail.rfc_message_id,
        )


@pytest.mark.django_db
def test_steps_fired_and_somebody_was_told_by_mail(said: list[str]) -> None:
    assert Escalation.objects.filter(to_owner__isnull=False).exists()
    assert Notification.objects.count() == NotificationAttempt.objects.count() > 0
    assert not Notification.objects.filter(mail=None).exists()
    assert not OutboundEmail.objects.exclude(ticket__isnull=False).exists()


@pytest.mark.django_db
def test_a_ticket_waits_for_an_answer_exactly_if_one_is_promised(said: list[str]) -> None:
    owed = Count("clocks", filter=Q(clocks__stopped_at=None))
    tickets = Ticket.objects.annotate(owed=owed)
    assert not tickets.filter(owed=0, unanswered_since__isnull=False).exists()
    assert not tickets.filter(owed=1, unanswered_since=None).exists()
    assert not tickets.filter(owed__gt=0, status__in=(Status.RESOLVED, Status.CLOSED)).exists()
    assert Clock.objects.open().filter(state=ClockState.BREACHED).exists()


@pytest.mark.django_db
def test_new_rows_get_keys_after_those_that_were_filled_in(said: list[str]) -> None:
    newest = Ticket.objects.order_by("-pk")[0].pk
    assert make.TicketFactory().pk == newest + 1


@pytest.mark.django_db
def test_the_progress_is_told(said: list[str]) -> None:
    assert said[0] == "100 / 2,000"
    assert said[-1] == "Filled with 2,000 tickets in 0 seconds."


@pytest.mark.django_db
def test_a_desk_that_has_tickets_is_refused(said: list[str]) -> None:
    with pytest.raises(CommandError, match="already has customers or tickets"):
        call_command("fill_desk", tickets=1, stdout=StringIO())
    assert Ticket.objects.count() == TICKETS


@pytest.mark.django_db
def test_no_tickets_are_refused() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("fill_desk", tickets=0, stdout=StringIO())


def stored_tokens(table: str, column: str, key: int) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {READ[connection.vendor]} FROM {table} WHERE {column} = %s", [key])
        row = cursor.fetchone()
    return set(row[0].split()) if row else set()
