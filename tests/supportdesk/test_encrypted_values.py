"""Rotating the keys of encrypted values: all of them, in batches, begun again, with what cannot be read left alone."""

from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db.models import TextField
from django.db.models.functions import Cast

from customers.encrypted_field import Ciphertext
from customers.encryption_keys import id_of_key
from supportdesk import encrypted_values
from supportdesk.encrypted_values import encrypted_columns, key_ids_in_use, unreadable_values
from supportdesk.secrets import kept_encryption_keys
from tests.factories import ContactWayFactory, MailboxFactory, staff
from tickets.models import Mailbox

OLD, NEW, LOST = (f"{word}-key-for-encrypted-columns-00000000001" for word in ("old", "new", "lost"))
pytestmark = pytest.mark.django_db


def rotated(*arguments):
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def old_values(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    for number in range(5):
        MailboxFactory(address=f"box{number}@desk.example", password=f"geheim {number}")
    ContactWayFactory(address="wecombot://botkey-1234567890", secret="shared-4711")


def test_every_encrypted_column_of_the_desk_is_known():
    assert {str(column) for column in encrypted_columns()} == {
        "tickets.Mailbox.password", "tickets.Mailbox.client_secret", "tickets.Mailbox.refresh_token",
        "tickets.Mailbox.access_token", "escalation.ContactWay.address", "escalation.ContactWay.secret",
    }  # fmt: skip


def test_everything_is_encrypted_with_the_first_key(old_values, settings, monkeypatch):
    monkeypatch.setattr(encrypted_values, "BATCH", 2)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    out = rotated()
    assert "Mailbox: password: 5 encrypted anew" in out
    assert "Contact method: signing secret: 1 encrypted anew" in out
    assert (
        f"Keys that encrypt nothing here any more, but that earlier backups may need: {id_of_key(OLD)}" in out
    )
    assert key_ids_in_use() == {id_of_key(NEW)}
    settings.ENCRYPTION_KEYS = [NEW]
    assert sorted(Mailbox.objects.values_list("password", flat=True)) == [f"geheim {n}" for n in range(5)]


def test_second_factors_are_encrypted_anew_and_named_if_no_key_opens_them(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    adapter, ann, bob = get_adapter(), staff("ann"), staff("bob")
    for user, text in ((ann, "app key"), (bob, "other key")):
        Authenticator.objects.create(user=user, type="totp", data={"secret": adapter.encrypt(text)})
    Authenticator.objects.create(
        user=ann, type="recovery_codes", data={"seed": adapter.encrypt("seed"), "used_mask": 0}
    )
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert unreadable_values() == []
    assert "Second factors: 3 encrypted anew" in rotated()
    assert key_ids_in_use() == {id_of_key(NEW)}
    settings.ENCRYPTION_KEYS = [NEW]
    kept = Authenticator.objects.get(user=ann, type="totp").data["secret"]
    assert adapter.decrypt(kept) == "app key"
    settings.ENCRYPTION_KEYS = [LOST]
    assert [value.row for value in unreadable_values()] == ["ann", "bob", "ann"]
    with pytest.raises(CommandError, match="3 values cannot be read"):
        rotated()
    assert Authenticator.objects.get(user=ann, type="totp").data["secret"] == kept


def test_begun_again_it_finds_nothing_left_to_do(old_values, settings):
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotated()
    before = list(Mailbox.objects.annotate(raw=Cast("password", TextField())).values_list("raw", flat=True))
    assert "Mailbox: password: 0 encrypted anew" in rotated()
    after = list(Mailbox.objects.annotate(raw=Cast("password", TextField())).values_list("raw", flat=True))
    assert before == after


def test_what_was_derived_from_the_signing_key_moves_over(settings):
    settings.ENCRYPTION_KEYS = []
    MailboxFactory(password="geheim")
    settings.ENCRYPTION_KEYS = [NEW]
    rotated()
    settings.SECRET_KEY = LOST
    assert Mailbox.objects.get().password == "geheim"
    assert unreadable_values() == []


def test_what_cannot_be_read_is_named_and_stays(old_values, settings):
    settings.ENCRYPTION_KEYS = [LOST]
    lost = MailboxFactory(address="lost@desk.example", password="geheim")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    [value] = unreadable_values()
    assert (value.row, value.field, value.key_id) == (
        "Mailbox lost@desk.example",
        "password",
        id_of_key(LOST),
    )
    with pytest.raises(CommandError, match="1 values cannot be read and were left as they are"):
        rotated()
    assert key_ids_in_use() == {id_of_key(NEW), id_of_key(LOST)}
    settings.ENCRYPTION_KEYS = [LOST, NEW]
    lost.refresh_from_db()
    assert lost.password == "geheim"


def test_a_value_without_an_id_that_no_key_opens_is_named_too():
    MailboxFactory(password=Ciphertext("gAAAAABnobody"))
    assert [value.key_id for value in unreadable_values()] == [""]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_new_key_is_made_where_the_desk_keeps_its_own(settings, tmp_path, keeps):
    settings.ENCRYPTION_KEYS, settings.VAR_DIR, settings.KEEPS_OWN_KEYS = [OLD], tmp_path, keeps
    if not keeps:
        with pytest.raises(CommandError, match="Put a new one first in ENCRYPTION_KEYS"):
            rotated("--new-key")
        return
    out = rotated("--new-key")
    new, old = kept_encryption_keys(tmp_path / "encryption_keys")
    assert (old, f"The key {id_of_key(new)} was made." in out, new in out) == (OLD, True, False)


def test_looking_for_unreadable_values_costs_one_query(old_values, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert unreadable_values() == []
