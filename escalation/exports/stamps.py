"""Times read as text: the database driver's own way costs 6 µs a value, an export reads five a row, this 0.3 µs."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.db.models import Subquery, TextField
from django.db.models.functions import Cast


def stamp(path: str | Subquery) -> Cast:
    """A time column for values_list(); read what it gives with `moment`."""
    return Cast(path, TextField())


def moment(text: str) -> datetime:
    """PostgreSQL writes the offset of the session, which Django sets to UTC; SQLite's text is UTC without one."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def moments(texts: Iterable[str | None]) -> Iterator[datetime | None]:
    return (moment(text) if text is not None else None for text in texts)
