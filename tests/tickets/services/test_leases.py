"""Who may read a mailbox now, and who may ask for its token."""

from datetime import datetime, timedelta

import pytest

from tests.factories import MailboxFactory
from tickets.services.access_tokens import _claim
from tickets.services.leases import due_mailboxes, take_lease

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("minutes", "is_free"), [(-0.1, True), (0, False), (6, False), (6.1, True), (60, True)]
)
def test_a_lease_is_no_longer_than_any_may_be(now: datetime, minutes: float, is_free: bool) -> None:
    """Later ones were taken while a clock was wrong, and would keep everybody from the mailbox."""
    mailbox = MailboxFactory(host="imap.example", locked_until=now + timedelta(minutes=minutes))
    assert due_mailboxes(now).exists() is is_free
    assert take_lease(mailbox, now=now) is is_free


@pytest.mark.parametrize(("minutes", "is_due"), [(0, True), (0.1, False), (16, False), (16.1, True)])
def test_no_error_keeps_a_mailbox_waiting_longer_than_the_longest_wait(
    now: datetime, minutes: float, is_due: bool
) -> None:
    MailboxFactory(host="imap.example", retry_at=now + timedelta(minutes=minutes))
    assert due_mailboxes(now).exists() is is_due


@pytest.mark.parametrize(("minutes", "is_free"), [(-0.1, True), (0, False), (2, False), (2.1, True)])
def test_a_claim_on_a_token_is_no_longer_than_any_may_be(
    now: datetime, minutes: float, is_free: bool
) -> None:
    mailbox = MailboxFactory(token_claimed_until=now + timedelta(minutes=minutes))
    assert _claim(mailbox, now=now) is is_free
