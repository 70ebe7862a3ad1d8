"""What a page says beside the results of a search when they are not all there is."""

from django.utils.translation import gettext as _

from tickets.search.backlog import is_complete
from tickets.search.finding import FoundTickets


def search_notes(found: FoundTickets) -> list[str]:
    """Sentences for the reader; none for nearly every search. One query."""
    notes = []
    if found.is_capped:
        notes.append(_("Only the newest matches are shown. Add a word to find older ones."))
    if not is_complete():
        notes.append(_("Older tickets are still being added to the search."))
    return notes
