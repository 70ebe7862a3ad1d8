"""Which folders of a mailbox are fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from tickets.models import Mailbox, MailboxFolder


@transaction.atomic
def set_folders(*, mailbox: Mailbox, names: Sequence[str], begins_at: datetime, is_new_account: bool) -> None:
    """Fetch these folders. Those that are new, or all of a new account, begin at ``begins_at`` (UTC)."""
    kept = () if is_new_account else names
    mailbox.folders.exclude(name__in=kept).delete()
    known = set(mailbox.folders.values_list("name", flat=True))
    MailboxFolder.objects.bulk_create(
        MailboxFolder(mailbox=mailbox, name=name, begins_at=begins_at) for name in names if name not in known
    )
