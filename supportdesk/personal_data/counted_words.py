"""Says what an erasure took, in the reader's language."""

from collections.abc import Iterator, Mapping

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def counts_in_words(counts: Mapping[str, int]) -> Iterator[str]:
    """One phrase for each kind of row that people have a word for, then what was only marked, and what stayed."""
    names = {
        model._meta.model_name: model._meta.verbose_name_plural
        for model in apps.get_models()
        if model._meta.app_label in ("customers", "tickets", "escalation")
    }
    for kind, count in sorted(counts.items()):
        if kind in names:
            yield _("%(name)s: %(count)s") % {"name": names[kind], "count": count}
    if marked := counts.get("marked", 0):
        yield ngettext(
            "%(count)s row of others has a mark in place of their name or address",
            "%(count)s rows of others have a mark in place of their name or address",
            marked,
        ) % {"count": marked}
    if packs := counts.get("pack", 0):
        yield ngettext("%(count)s weekly pack redacted", "%(count)s weekly packs redacted", packs) % {
            "count": packs
        }
    if kept := counts.get("kept_in_ledger", 0):
        yield ngettext(
            "%(count)s sealed line of the ledger whose reason names them stayed",
            "%(count)s sealed lines of the ledger whose reasons name them stayed",
            kept,
        ) % {"count": kept}
