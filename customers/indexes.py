"""A kind of index that many of the desk's tables use."""

from django.db.models import Index, Q


def where_set(field: str, *further: str, name: str) -> Index:
    """An index of a foreign key that most rows leave empty; it holds only rows where the key is set.

    Create that key with ``db_index=False``: Django's own index also holds empty keys, at a cost for every
    write.
    """
    return Index(fields=[field, *further], name=name, condition=Q(**{f"{field}__isnull": False}))
