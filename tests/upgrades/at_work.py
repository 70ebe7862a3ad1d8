"""Works as a host does in the middle of an update: takes in a mail, answers its ticket, sweeps.

A program: it runs with the code of a release on a database of newer code, so it uses only what both have.
"""

import json
import os
import sys
from datetime import UTC, datetime

import django

MAIL = (
    b"From: li@company.example\r\nSubject: Black screen\r\nMessage-ID: <one@company.example>\r\n\r\nHelp.\r\n"
)


def work() -> dict[str, object]:
    from django.contrib.auth import get_user_model

    from escalation.enforcement.sweep import sweep
    from tickets.services.conversation import reply
    from tickets.services.intake import process, receive_raw

    now = datetime.now(UTC)
    users = get_user_model().objects
    actor = users.filter(username="root").first() or users.create_superuser("root", "root@desk.example", "x")
    row = process(receive_raw(raw=MAIL, received_at=now, via="lmtp").pk, now=now)
    assert row is not None
    assert row.ticket is not None, row.error
    reply(ticket=row.ticket, actor=actor, at=now, body="Restart the room.")
    sweep(now=now)
    return {"state": row.state, "answers": row.ticket.messages.filter(kind="outbound").count()}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    django.setup()
    json.dump(work(), sys.stdout)
