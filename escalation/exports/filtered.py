"""Any filtered list of tickets as a download with the columns of tickets.csv, streamed."""

from datetime import tzinfo

from django.http import StreamingHttpResponse

from escalation.exports.roster import load_roster
from escalation.exports.tickets_csv import COLUMNS, ticket_rows
from escalation.lib.csv_sheets import CsvSheet
from tickets.models.ticket import TicketQuerySet


def tickets_response(
    tickets: TicketQuerySet, *, zone: tzinfo, filename: str = "tickets.csv"
) -> StreamingHttpResponse:
    """`tickets` is filtered, ordered, and holds only what the reader may see; `zone` is the reader's.

    Fire drills are left out, as they are of every figure.
    """
    rows = ticket_rows(tickets.real(), roster=load_roster(), zone=zone)
    response = StreamingHttpResponse(CsvSheet(COLUMNS).chunks(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Cache-Control"] = "no-store"
    return response
