"""Fast reading of a hundred thousand rows for exports: times as text, and everybody's names only once.

The database driver takes 6 µs to make a datetime of a value, and a row has five; parsing its text takes 0.3 µs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from customers.models import Team
from customers.names import full_name

ROWS_AT_A_TIME = 2000
RowT = TypeVar("RowT")


def time_as_text(path: str | Subquery) -> Cast:
    """A time column for values_list(); parse its values with `parse_time`."""
    return Cast(path, TextField())


def parse_time(text: str) -> datetime:
    """Parse a time's text. PostgreSQL writes its session's offset, which Django sets to UTC; SQLite writes none."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_rows(
    rows: QuerySet[Any],
    make: Callable[[list[Any]], RowT],
    *,
    paths: Sequence[str],
    times: Sequence[str | Subquery],
) -> Iterator[RowT]:
    """Stream the rows, each made by `make` (such as a named tuple's `_make`) from its values: `paths`, then `times`."""
    for values in texts_of(rows, paths=paths, times=times).iterator(ROWS_AT_A_TIME):
        texts = values[len(paths) :]
        at = [parse_time(text) if text is not None else None for text in texts]
        yield make([*values[: len(paths)], *at])


def texts_of(
    rows: QuerySet[Any], *, paths: Sequence[str], times: Sequence[str | Subquery]
) -> QuerySet[Any, tuple[Any, ...]]:
    """The values of the rows, `paths`, then `times` as text, for sheets that write them as they are."""
    return rows.values_list(*paths, *map(time_as_text, times))


@dataclass(frozen=True)
class NamedPerson:
    username: str
    name: str
    team: str


NOBODY = NamedPerson(username="", name="", team="")
People = dict[int | None, NamedPerson]


def load_people() -> People:
    """Everybody who works or worked here, by user id; None stands for nobody. One query, a few hundred rows.

    The team of a lead who is no member of any is the one they lead.
    """
    led = Team.objects.filter(lead=OuterRef("pk")).order_by("name").values("name")[:1]
    fields = ("pk", "username", "first_name", "last_name", "staff_profile__team__name", Subquery(led))
    people: People = {None: NOBODY}
    for pk, username, first, last, team, led_team in User.objects.values_list(*fields).iterator():
        people[pk] = NamedPerson(username, full_name(first, last) or username, team or led_team or "")
    return people
