"""Erased words go from the notes, notifications and mails that the desk wrote about their ticket."""

import pytest

from escalation.choices import NoticeKind
from escalation.enforcement.acknowledge import escalate_now
from escalation.models import Notification
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, staff
from tests.talk import answered, asked, dispatched, minute, opened, words
from tickets.choices import ColleagueMail, MessageKind, OutboxState
from tickets.events import ColleagueWrote, publish
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.erasing import erase_words

pytestmark = pytest.mark.django_db

SECRET = "My password is hunter2,\nplease keep it."


@pytest.fixture
def ann():
    return staff("ann", reports_to=staff("lead", groups=["Team lead"]), groups=["Account manager"])


@pytest.fixture
def ticket(ann) -> Ticket:
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)), words=words(SECRET))


def erased(message: Message, at: float = 60) -> None:
    message.ticket.outbound.update(state=OutboxState.ACCEPTED)
    erase_words(message=message, actor=AdminFactory(), at=minute(at), reason="A password.")


def note_of(ticket: Ticket) -> str:
    return ticket.messages.get(kind=MessageKind.NOTE).body


def hand_over(ticket: Ticket, ann, at: float) -> None:
    escalate_now(ticket=ticket, actor=ann, at=minute(at), reason="I need help.")


def test_the_note_for_a_new_owner_loses_the_question_and_the_subject(ticket, ann):
    hand_over(ticket, ann, 5)
    assert SECRET in note_of(ticket)
    erased(ticket.messages.earliest("at"))
    assert note_of(ticket).endswith("\nThe customer's last message:\n[…]")
    assert "Subject: […]" in note_of(ticket)
    assert "I need help." in note_of(ticket)


def test_it_loses_the_excerpt_of_an_older_message_too(ticket, ann):
    asked(ticket, 2)
    hand_over(ticket, ann, 5)
    assert "hunter2" in note_of(ticket)
    erased(ticket.messages.earliest("at"))
    assert "hunter2" not in note_of(ticket)
    assert "And now the sound is gone." in note_of(ticket)


def test_a_long_message_is_found_although_the_notes_shortened_it(ann):
    lead = ann.staff_profile.reports_to
    lead.staff_profile.reports_to = staff("chief", groups=["Support director"])
    lead.staff_profile.save()
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    ticket = opened(contact=contact, words=words("password hunter2 " * 100))
    hand_over(ticket, ann, 5)
    asked(ticket, 6)
    hand_over(ticket, lead, 7)
    erased(ticket.messages.earliest("at"))
    notes = ticket.messages.filter(kind=MessageKind.NOTE)
    assert notes.count() == 2
    assert not notes.filter(body__contains="hunter2").exists()


def test_a_later_note_says_that_the_words_are_gone(ticket, ann):
    erased(ticket.messages.earliest("at"), at=4)
    hand_over(ticket, ann, 5)
    assert note_of(ticket).endswith("\nThe customer's last message:\nThe words of this message were erased.")


def test_what_a_colleague_was_told_of_their_mail_loses_the_words_and_so_does_its_mail(ticket, ann):
    publish(
        ColleagueWrote(
            ticket=ticket, at=minute(5), actor=ann, colleague=ann, became=ColleagueMail.SENT,
            words="Please update the SDK.", problem="",
        )
    )  # fmt: skip
    answer = answered(ticket, 5)
    dispatched(6)
    told = Notification.objects.get(kind=NoticeKind.SENT_FOR_YOU)
    assert told.mail is not None
    assert "Please update the SDK." in told.mail.text
    erased(answer)
    told.refresh_from_db()
    mail = OutboundEmail.objects.get(pk=told.mail.pk)
    assert told.detail == "[…]"
    assert "Please update the SDK." not in mail.text


def test_notifications_lose_the_subject_that_came_with_the_message(ticket, ann):
    hand_over(ticket, ann, 5)
    dispatched(6)
    mails = OutboundEmail.objects.filter(purpose="notification")
    assert mails.filter(text__contains="Black screen").exists()
    erased(ticket.messages.earliest("at"))
    assert not mails.filter(text__contains="Black screen").exists()
    assert not mails.filter(subject__contains="Black screen").exists()


def test_other_tickets_keep_theirs(ticket, ann):
    other = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=ann)), words=words(SECRET))
    hand_over(other, ann, 5)
    erased(ticket.messages.earliest("at"))
    assert SECRET in note_of(other)
