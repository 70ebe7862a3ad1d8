"""Keys are rotated while people save secrets, on PostgreSQL: nothing saved meanwhile is lost."""

import pytest

from customers.encryption_keys import id_of_key
from supportdesk.encrypted_values import encrypt_with_current_key, encrypted_columns, key_ids_in_use
from tests.factories import MailboxFactory
from tests.races.test_races import at_once
from tickets.models import Mailbox

OLD, NEW = (f"{word}-key-for-encrypted-columns-00000000001" for word in ("old", "new"))
pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_a_secret_saved_while_keys_are_rotated_is_kept(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    boxes = [MailboxFactory(address=f"box{n}@desk.example", password="old").pk for n in range(60)]
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    def rotate():
        return sum(encrypt_with_current_key(column).encrypted for column in encrypted_columns())

    def save():
        for pk in boxes:
            Mailbox.objects.filter(pk=pk).update(password=f"new {pk}")

    at_once([rotate, save, rotate, rotate])
    assert set(Mailbox.objects.values_list("pk", "password")) == {(pk, f"new {pk}") for pk in boxes}
    assert key_ids_in_use() == {id_of_key(NEW)}
