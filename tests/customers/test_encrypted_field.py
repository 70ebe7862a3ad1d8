"""Encrypted columns: each ciphertext names its key, older ones are read, and what is unreadable stays as it is."""

import base64
import copy
import pickle

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from django.core.exceptions import ValidationError
from django.db import connection

from customers.encrypted_field import Ciphertext, EncryptedTextField, is_unreadable
from customers.encryption_keys import id_of_key, key_id_of, keyring
from tests.factories import MailboxFactory
from tickets.models import Mailbox

OLD, NEW = "an-old-key-for-encrypted-columns-000000001", "a-newer-key-for-encrypted-columns-00000002"
pytestmark = pytest.mark.django_db


def stored(mailbox, column="password"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM tickets_mailbox WHERE id = %s", [mailbox.pk])
        return cursor.fetchone()[0]


def written_as_before(secret_key, salt, text):
    """As django-fernet-encrypted-fields wrote it."""
    derived = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=salt.encode(), iterations=100_000)
    key = base64.urlsafe_b64encode(derived.derive(secret_key.encode()))
    return Fernet(key).encrypt(text.encode()).decode()


def test_a_ciphertext_names_the_first_key_and_every_key_opens_it(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    mailbox = MailboxFactory(password="geheim 密码")
    assert key_id_of(stored(mailbox)) == id_of_key(OLD)
    assert "geheim" not in stored(mailbox)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert Mailbox.objects.get().password == "geheim 密码"
    Mailbox.objects.get().save()
    assert key_id_of(stored(mailbox)) == id_of_key(NEW)


@pytest.mark.parametrize("keys", [[], [NEW]])
@pytest.mark.parametrize("fallback", [False, True])
def test_values_from_before_keys_had_ids_are_read(settings, keys, fallback):
    written = written_as_before(settings.SECRET_KEY, settings.SALT_KEY, "geheim")
    mailbox = MailboxFactory(password=Ciphertext(written))
    if fallback:
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW
    settings.ENCRYPTION_KEYS = keys
    assert stored(mailbox) == written
    assert Mailbox.objects.get().password == "geheim"


def test_without_keys_of_its_own_the_desk_encrypts_by_the_signing_key(settings):
    settings.ENCRYPTION_KEYS = []
    mailbox = MailboxFactory(password="geheim")
    assert key_id_of(stored(mailbox)).startswith("s")
    settings.ENCRYPTION_KEYS = [NEW]
    assert Mailbox.objects.get().password == "geheim"


@pytest.mark.parametrize("keeps_id", [True, False])
def test_what_no_key_opens_reads_as_nothing_and_is_saved_as_it_was(settings, keeps_id):
    settings.ENCRYPTION_KEYS = [OLD]
    written = keyring().encrypt("geheim") if keeps_id else written_as_before(NEW, "salt", "geheim")
    mailbox = MailboxFactory(password=Ciphertext(written))
    settings.ENCRYPTION_KEYS = [NEW]
    found = Mailbox.objects.get()
    assert (str(found.password), is_unreadable(found.password), found.secrets) == ("", True, [])
    assert written not in repr(found.password)
    found.full_clean()
    found.save()
    copy.deepcopy(found).save()
    pickle.loads(pickle.dumps(found)).save()
    Mailbox.objects.bulk_update([found], ["password"])
    assert stored(mailbox) == written


def test_a_damaged_value_is_unreadable_and_names_its_key(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    written = keyring().encrypt("geheim")[:-3] + "AAA"
    MailboxFactory(password=Ciphertext(written))
    assert Mailbox.objects.get().password.key_id == id_of_key(OLD)


def test_nothing_is_stored_as_nothing():
    assert stored(MailboxFactory(password="")) is None
    assert Mailbox.objects.get().password is None


def test_the_longest_length_is_checked():
    field = EncryptedTextField(max_length=3)
    with pytest.raises(ValidationError):
        field.run_validators("four")
    assert field.clean("abc", None) == "abc"


def test_the_id_of_a_key_does_not_tell_it():
    assert id_of_key(OLD) not in OLD
    assert id_of_key(OLD) != id_of_key(OLD, purpose="signing")
