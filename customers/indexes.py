"""Indexes as the desk's tables have them."""

from django.db.models import Index, Q


def where_set(field: str, *further: str, name: str) -> Index:
    """An index of a reference that most rows leave empty, holding only those that do not.

    For a reference with ``db_index=False``: the index that Django gives it holds each empty one as well, and each is
    paid for when the row is written.
    """
    return Index(fields=[field, *further], name=name, condition=Q(**{f"{field}__isnull": False}))
