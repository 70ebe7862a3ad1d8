"""What the search knows of each message, and how far tickets from before the search are in it."""

from django.db import models

from customers.search.column import TokensField
from tickets.models.message import Message
from tickets.models.ticket import Ticket


class MessageTokens(models.Model):
    """The words of a message, with its ticket's subject, its writer and the names of its files.

    Its key is the message's, so that a higher one was written down later. The desk's own notes have no row, and what
    automatic mail says is left out.
    """

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="tokens")
    # The row goes with its message. An index would tempt the planner to read the words of all tickets of a reader.
    ticket = models.ForeignKey(
        Ticket, models.DO_NOTHING, related_name="message_tokens", db_index=False, db_constraint=False
    )
    tokens = TokensField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class SearchBacklog(models.Model):
    """Rows from before the search that are not in it yet: those with a key ``below`` this. Gone when there are none."""

    source = models.CharField(max_length=20, primary_key=True)
    below = models.BigIntegerField(null=True)  # empty before the first run

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.source
