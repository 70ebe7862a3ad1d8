"""Old tickets are taken into the search while words are written and erased: none is lost, none comes back."""

import pytest

from tests.factories import MessageFactory, set_desk, staff
from tests.races.test_races import at_once
from tests.talk import minute
from tickets.models import MessageTokens, SearchBacklog, Ticket
from tickets.search.backlog import index_backlog, is_complete
from tickets.search.finding import find_tickets
from tickets.services.conversation import add_note
from tickets.services.erasing import erase_words

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_words_that_are_erased_while_the_backlog_is_taken_in_are_never_found_again():
    director = staff("boss", groups=["Support director"])
    set_desk(intake_owner=director)
    messages = [MessageFactory(body=f"secret{number} hunter2") for number in range(30)]
    SearchBacklog.objects.create(source="tickets")

    def erasing(part):
        def work():
            for message in messages[part:20:2]:
                erase_words(message=message, actor=director, at=minute(1), reason="A password")

        return work

    def writing():
        for message in messages[20:]:
            add_note(ticket=message.ticket, actor=director, at=minute(2), body="Looks like the codec")

    index = [lambda: index_backlog(may_go_on=lambda: True)] * 2
    at_once([*index, erasing(0), erasing(1), writing])
    assert is_complete()
    kept = {message.ticket_id for message in messages[20:]}
    assert set(find_tickets(Ticket.objects.all(), "hunter2").keys) == kept
    assert set(find_tickets(Ticket.objects.all(), "codec").keys) == kept
    assert MessageTokens.objects.count() == 30 + 10
