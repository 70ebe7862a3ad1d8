"""When somebody last proved who they are: what is dangerous needs it to be a short while ago."""

from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase

KEY = "desk_proved"
TO_OPEN = timedelta(minutes=15)
# A form that was opened in time is not lost because it took long to fill in.
TO_SAVE = timedelta(hours=1)


def note_proof(session: SessionBase, *, at: datetime) -> None:
    session[KEY] = at.timestamp()


def has_proved_lately(session: SessionBase, *, at: datetime, within: timedelta = TO_OPEN) -> bool:
    return bool(at.timestamp() - session.get(KEY, 0) < within.total_seconds())
