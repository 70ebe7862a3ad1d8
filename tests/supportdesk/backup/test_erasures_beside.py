"""An older backup that is restored brings nobody back who was erased since."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from customers.models import Contact
from supportdesk.backup.erasures_beside import LIST, keep_list, read_list
from supportdesk.models import Erasure, ErasureRequest
from supportdesk.personal_data.erasing import begin_erasure, carry_on
from supportdesk.personal_data.subjects import Subject
from tests.factories import AdminFactory, ContactFactory
from tests.supportdesk.backup.test_making import backed_up
from tests.talk import minute
from tests.wholedesks import desk_in, put_files_into
from tickets.models import Attachment, Message, OutboundEmail, Ticket

pytestmark = pytest.mark.django_db
LATER = minute(60 * 24 * 30)


def erase_contact_of_a_ticket(database) -> int:
    """In the desk that goes on after its backup."""
    with desk_in(database):
        OutboundEmail.objects.update(state="accepted")
        ticket = Ticket.objects.filter(messages__attachments__isnull=False).first()
        contact = ticket.contact
        Contact.objects.filter(pk=contact.pk).update(name="Zebulon Quartermain")
        erasure = begin_erasure(
            subject=Subject.of(contact), actor=AdminFactory(username="root"), at=LATER,
            requested_by=ErasureRequest.PERSON, reason="A request.", though_open=True,
        )  # fmt: skip
        carry_on(erasure.pk, read_clock=lambda: LATER, may_go_on=lambda: True)
        return contact.pk


def restored(database, folder, **options):
    with desk_in(database):
        call_command("restore", str(folder), stdout=(out := StringIO()), **options)
    return out.getvalue()


def assert_erased(database, contact):
    with desk_in(database):
        assert Contact.objects.get(pk=contact).name == f"[#{contact}]"
        erasure = Erasure.objects.get()
        assert (erasure.at, erasure.reason, erasure.number) == (LATER, "A request.", contact)
        assert erasure.done_at is not None
        assert not Message.objects.filter(ticket__contact=contact).exclude(body="").exists()
        assert not Attachment.objects.exists()


@pytest.fixture
def story(lived_in, tmp_path):
    """A backup, then an erasure, which the desk keeps beside its backups. Gives the backup and the contact."""
    with desk_in(lived_in):
        AdminFactory(username="root2", is_superuser=True)
    folder = backed_up(lived_in, tmp_path / "kept").folder
    contact = erase_contact_of_a_ticket(lived_in)
    with desk_in(lived_in):
        assert keep_list(str(tmp_path / "kept")) == 1
    put_files_into(tmp_path / "new files")
    return folder, contact


def test_restoring_repeats_what_was_erased_after_the_backup(story, empty):
    folder, contact = story
    out = restored(empty, folder)
    assert "Erased again after the backup: 1\n" in out
    assert "SLAs match the ledger." in out
    assert_erased(empty, contact)


def test_the_list_may_be_named(story, empty, tmp_path):
    folder, contact = story
    elsewhere = (tmp_path / "kept" / LIST).rename(tmp_path / "elsewhere.jsonl")
    restored(empty, folder, erasures=str(elsewhere))
    assert_erased(empty, contact)


def test_a_list_that_is_not_there_is_refused_before_anything_is_written(story, empty, tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        restored(empty, story[0], erasures=str(tmp_path / "none"))
    with desk_in(empty):
        assert not Contact.objects.exists()


def test_the_list_names_nobody_and_loses_no_line(tmp_path):
    """A desk that was restored knows fewer erasures than its list does."""
    contact = ContactFactory(name="Zebulon Quartermain", email="zebulon@quartermain.example")
    for at in (minute(0), minute(5)):
        erasure = begin_erasure(
            subject=Subject.of(contact),
            actor=AdminFactory(),
            at=at,
            requested_by=ErasureRequest.DESK,
            reason="Gone.",
        )
        carry_on(erasure.pk, read_clock=lambda: LATER, may_go_on=lambda: True)
    place = str(tmp_path / "kept")
    assert keep_list(place) == 2
    Erasure.objects.filter(at=minute(5)).delete()
    assert keep_list(place) == 2
    text = (tmp_path / "kept" / LIST).read_text()
    assert "quartermain" not in text.lower()
    assert [line["at"] for line in read_list(place)] == [minute(0).isoformat(), minute(5).isoformat()]
