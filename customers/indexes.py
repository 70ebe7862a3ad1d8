"""A kind of index that many of the desk's tables use."""

from django.db.models import Index, Q


def where_set(field: str, *further: str, name: str) -> Index:
    """An index of a foreign key that most rows leave empty; it holds only rows where the key is set.

    Give that key ``db_index=False``: Django's own index holds the empty keys as well, and every write pays for them.
    """
    return Index(fields=[field, *further], name=name, condition=Q(**{f"{field}__isnull": False}))
