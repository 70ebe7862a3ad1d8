"""What is being worked on, as an id that each line of the log carries and that rows keep for whoever goes on with them.

A mail is ``mail-12`` by its row, a request has the id of its X-Request-ID or a new one; tasks and sweeps have new ones.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST = 64
_GIVEN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{LONGEST - 1}}}", re.ASCII)

_current: ContextVar[str] = ContextVar("work_id", default="")


def current_work_id() -> str:
    """Empty if nothing is being worked on. The default of rows that somebody else goes on with."""
    return _current.get()


def begin_work_on(work_id: str) -> None:
    """From now on in this thread, until something else begins."""
    _current.set(work_id)


@contextmanager
def working_on(work_id: str) -> Iterator[None]:
    """For the block; an empty id leaves the one that is."""
    token = _current.set(work_id or _current.get())
    try:
        yield
    finally:
        _current.reset(token)


def new_work_id(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:16]}"


def mail_work_id(inbound: int) -> str:
    """By the key of the mail's row, which whoever looks for it knows."""
    return f"mail-{inbound}"


def given_or_new(text: str, *, kind: str) -> str:
    """What a stranger says if it is short and plain, so that it can fake no line of the log; else a new id."""
    return text if _GIVEN.fullmatch(text) else new_work_id(kind)
